"""Connects with qemu.qmp's client to a daemon that has no place left, and says what comes of it."""

import asyncio
import sys

from qemu.qmp import ConnectError, QMPClient


async def main(socket: str) -> None:
    client = QMPClient("refused")
    try:
        await client.connect(socket)
    except ConnectError as error:
        print(error)
    else:
        raise AssertionError("connected")


asyncio.run(asyncio.wait_for(main(sys.argv[1]), timeout=30))
