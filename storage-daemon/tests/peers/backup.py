"""Runs a backup with the client of qemu.qmp, and ends the daemon with the command quit."""

import asyncio
import sys

from qemu.qmp import EventListener, ExecuteError, QMPClient


async def main(socket: str) -> None:
    client = QMPClient("backup")
    await client.connect(socket)
    listener = EventListener(names={"JOB_STATUS_CHANGE"})
    with client.listen(listener):
        await client.execute("blockdev-backup", {
            "job-id": "j0", "device": "src", "target": "dst", "sync": "full",
            "auto-finalize": False, "auto-dismiss": False,
        })
        async for event in listener:
            if event["data"]["status"] == "pending":
                break
        try:
            await client.execute("job-dismiss", {"id": "j0"})
        except ExecuteError as error:
            wanted = "Job 'j0' in state 'pending' cannot accept command verb 'dismiss'"
            assert str(error) == wanted, error
        else:
            raise AssertionError("a pending job was dismissed")
        await client.execute("job-finalize", {"id": "j0"})
        async for event in listener:
            if event["data"]["status"] == "concluded":
                break
        jobs = await client.execute("query-jobs")
        assert [job["status"] for job in jobs] == ["concluded"], jobs
        assert jobs[0]["current-progress"] == jobs[0]["total-progress"] > 0, jobs
        await client.execute("job-dismiss", {"id": "j0"})
        async for event in listener:
            if event["data"]["status"] == "null":
                break
    await client.execute("quit")
    try:
        await client.disconnect()
    except EOFError:
        pass  # A daemon that quits closes the connection.


asyncio.run(asyncio.wait_for(main(sys.argv[1]), timeout=30))
