"""Connects with the client of qemu.qmp to a daemon at its limit of clients. Prints the error."""

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
