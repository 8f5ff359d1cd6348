"""Drives a storage daemon through the generated client: nodes, a job to its end, an error.

    drive.py SOCKET
"""

import asyncio
import sys

from generated import Client
from qemu.qmp import ExecuteError, QMPClient


async def drive(path: str) -> None:
    qmp = QMPClient('drive')
    await qmp.connect(path)
    client = Client(qmp)
    assert await client.query_jobs() == []
    for name in ['source', 'target']:
        await client.blockdev_add({'driver': 'null-co', 'node-name': name, 'size': 1 << 20})
    nodes = await client.query_named_block_nodes(flat=True)
    assert {node.get('node-name') for node in nodes} == {'source', 'target'}
    try:
        await client.job_dismiss(id='absent')
    except ExecuteError as error:
        print(f'refused: {error}')
    else:
        raise AssertionError('a job that does not exist is dismissed')
    with client.events() as events:
        await client.blockdev_backup({
            'job-id': 'copy',
            'device': 'source',
            'target': 'target',
            'sync': 'full',
            'auto-dismiss': False,
        })
        async for event in events:
            if event['event'] == 'JOB_STATUS_CHANGE':
                change = event['data']
                print(f"job {change['id']}: {change['status']}")
                if change['status'] == 'concluded':
                    break
    [job] = await client.query_jobs()
    assert job['id'] == 'copy' and job['status'] == 'concluded' and 'error' not in job
    await client.job_dismiss(id='copy')
    assert await client.query_jobs() == []
    await qmp.disconnect()


asyncio.run(asyncio.wait_for(drive(sys.argv[1]), 60))
