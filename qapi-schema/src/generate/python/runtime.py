class Absent(enum.Enum):
    """The default of an optional argument for which `None` is a value."""

    ABSENT = 0


ABSENT = Absent.ABSENT


class Timestamp(TypedDict):
    """When an event occurred, on the clock of the server's host; -1 if the clock failed."""

    seconds: int
    microseconds: int


def _present(arguments: dict[str, object]) -> dict[str, object]:
    """The arguments that are not `None`."""
    return {name: value for name, value in arguments.items() if value is not None}


async def _events(messages: AsyncIterator[Message]) -> AsyncIterator[Event]:
    async for message in messages:
        yield cast('Event', dict(message))
