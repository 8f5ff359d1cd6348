// Drives a storage daemon through the generated client: nodes, a job to its end, an error.
//
//     node drive.js SOCKET

import { connect } from 'node:net';
import { equal, deepEqual, rejects } from 'node:assert/strict';
import { Client, CommandError } from './generated.js';

async function drive(path: string): Promise<void> {
  const client = await Client.open(connect(path));
  deepEqual(await client.execute('query-jobs'), []);
  for (const name of ['source', 'target']) {
    await client.execute('blockdev-add', { driver: 'null-co', 'node-name': name, size: 1 << 20 });
  }
  const nodes = await client.execute('query-named-block-nodes', { flat: true });
  deepEqual(nodes.map((node) => node['node-name']).sort(), ['source', 'target']);
  await rejects(client.execute('job-dismiss', { id: 'absent' }), CommandError);
  const events = client.events();
  await client.execute('blockdev-backup', {
    'job-id': 'copy',
    device: 'source',
    target: 'target',
    sync: 'full',
    'auto-dismiss': false,
  });
  for await (const event of events) {
    if (event.event === 'JOB_STATUS_CHANGE') {
      console.log(`job ${event.data.id}: ${event.data.status}`);
      if (event.data.status === 'concluded') break;
    }
  }
  const [job] = await client.execute('query-jobs');
  equal(job?.id, 'copy');
  equal(job?.status, 'concluded');
  equal(job?.error, undefined);
  await client.execute('job-dismiss', { id: 'copy' });
  deepEqual(await client.execute('query-jobs'), []);
  client.close();
  await rejects(client.execute('query-jobs'), /closed/);
}

const timer = setTimeout(() => {
  console.error('the daemon does not answer');
  process.exit(1);
}, 60_000);
await drive(process.argv[2] ?? '');
clearTimeout(timer);
