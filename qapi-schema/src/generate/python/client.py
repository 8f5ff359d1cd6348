class Client:
    """The commands and events of the schema, over a connection of qemu.qmp.

    An optional argument that is `None` is not sent.
    """

    def __init__(self, qmp: QMPClient) -> None:
        self.qmp = qmp

    @contextmanager
    def events(self) -> Iterator[AsyncIterator[Event]]:
        """All events that arrive from now on."""
        with self.qmp.listener() as messages:
            yield _events(messages)

    async def execute(self, command: str, arguments: dict[str, object]) -> object:
        """Executes any command. The error of the server is an `ExecuteError` of qemu.qmp."""
        return await self.qmp.execute(command, arguments or None)
