"""QMP for the scripts that test and measure daemons: a client over a unix socket or TCP, and a
process that serves QMP.

    with Daemon("target/release/storage-daemon", folder) as daemon:
        daemon.execute("query-jobs")

Python 3.11, standard library only.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import time
from pathlib import Path

TIMEOUT = 30
"""Seconds that a wait may take unless the caller names another limit."""


class Timeout(Exception):
    """A wait took too long."""


class Closed(Exception):
    """The server closed the connection."""


class CommandError(Exception):
    """The error reply to a command."""

    def __init__(self, command, error):
        super().__init__(f"{command}: {error}")
        self.error = error


def connect(address, timeout=TIMEOUT, is_alive=lambda: True):
    """A socket that is connected to `address`, the path of a unix socket or (host, port).

    Tries again while the server does not listen yet, until `timeout` or until `is_alive` denies
    that it ever will.
    """
    is_unix = isinstance(address, (str, os.PathLike))
    deadline = time.monotonic() + timeout
    while True:
        connected = socket.socket(socket.AF_UNIX if is_unix else socket.AF_INET)
        try:
            connected.connect(str(address) if is_unix else address)
            return connected
        except (FileNotFoundError, ConnectionError, BlockingIOError) as error:
            connected.close()
            if time.monotonic() > deadline or not is_alive():
                state = "running" if is_alive() else "exited"
                raise ConnectionError(f"cannot connect to {address} (server {state})") from error
            time.sleep(0.005)


class Connection:
    """Bytes out, lines in. A write and a read never wait for each other."""

    def __init__(self, address, timeout=TIMEOUT, is_alive=lambda: True):
        self.socket = connect(address, timeout, is_alive)
        self.socket.setblocking(False)
        self.timeout = timeout
        self.lines = []
        """The received lines. The last one may lack its newline if the server has closed."""
        self.partial = b""
        """The beginning of the next line."""
        self.eof = False

    def close(self):
        self.socket.close()

    def deadline(self, timeout=None):
        return time.monotonic() + (self.timeout if timeout is None else timeout)

    def pump(self, data=b"", until=None, deadline=None):
        """Writes `data` and reads meanwhile; then reads until `until()` holds.

        Returns whether it does; if no `until` is given, whether all was written.
        """
        deadline = self.deadline() if deadline is None else deadline
        rest = memoryview(data)
        while True:
            if not rest and (until is None or until()):
                return True
            if self.eof:
                return bool(until and until())
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            writers = [self.socket] if rest else []
            readable, writable, _ = select.select([self.socket], writers, [], left)
            if writable:
                rest = self._send(rest)
            if readable:
                self._receive()

    def _send(self, rest):
        try:
            return rest[self.socket.send(rest[:1 << 18]):]
        except BlockingIOError:
            return rest
        except ConnectionError:
            return rest[len(rest):]  # The read that follows finds the end.

    def _receive(self):
        try:
            data = self.socket.recv(1 << 20)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if not data:
            self.eof = True
            if self.partial:
                self.lines.append(self.partial)
                self.partial = b""
            return
        first, *others = data.split(b"\n")
        self.partial += first
        for line in others:
            self.lines.append(self.partial + b"\n")
            self.partial = line

    def send(self, data):
        if not self.pump(data) and not self.eof:
            raise Timeout("a write did not finish")

    def line(self, timeout=None):
        """Takes the next line."""
        if not self.pump(until=lambda: self.lines, deadline=self.deadline(timeout)):
            raise Closed("the server closed") if self.eof else Timeout("no message")
        return self.lines.pop(0)


class Client(Connection):
    """Commands out, replies and events in. `on_event` receives every event."""

    def __init__(self, address, timeout=TIMEOUT, is_alive=lambda: True, on_event=None):
        super().__init__(address, timeout, is_alive)
        self.on_event = on_event or (lambda event: None)

    def message(self, timeout=None):
        """The next message. An event has been given to `on_event`."""
        message = json.loads(self.line(timeout))
        if "event" in message:
            self.on_event(message)
        return message

    def negotiate(self):
        """Reads the greeting, and ends the negotiation of capabilities."""
        greeting = self.message()
        if "QMP" not in greeting:
            raise RuntimeError(f"no greeting: {greeting}")
        self.execute("qmp_capabilities")
        return self

    def reply(self):
        """The next message that is a reply."""
        while True:
            message = self.message()
            # qemu-storage-daemon greets a client twice that connects while the program starts.
            if "event" not in message and "QMP" not in message:
                return message

    def ask(self, command, arguments=None):
        """Executes a command. Returns the whole reply."""
        self.send(request(command, arguments))
        return self.reply()

    def execute(self, command, arguments=None):
        """Executes a command. Returns its value; an error reply is raised as CommandError."""
        reply = self.ask(command, arguments)
        if "error" in reply:
            raise CommandError(command, reply["error"])
        return reply["return"]


def request(command, arguments=None):
    """The bytes of a request."""
    message = {"execute": command}
    if arguments is not None:
        message["arguments"] = arguments
    return json.dumps(message).encode() + b"\n"


class Process:
    """A program that listens on the unix socket `path`. `options` are those of Popen."""

    def __init__(self, command, path, timeout=TIMEOUT, **options):
        self.path = str(path)
        self.timeout = timeout
        Path(path).unlink(missing_ok=True)
        options.setdefault("stdin", subprocess.DEVNULL)
        self.process = subprocess.Popen(command, start_new_session=True, **options)
        deadline = time.monotonic() + timeout
        while not os.path.exists(path) and self.is_alive() and time.monotonic() < deadline:
            time.sleep(0.005)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def is_alive(self):
        return self.process.poll() is None

    def connect(self, kind=Client, **options):
        """A connection of the given kind."""
        return kind(self.path, self.timeout, self.is_alive, **options)

    def wait(self, timeout=None):
        """Waits for the end of the program. Returns its exit status."""
        return self.process.wait(self.timeout if timeout is None else timeout)

    def stop(self):
        """Kills the program and all processes that it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Daemon(Process):
    """A storage daemon with a monitor, and a client of it that has negotiated.

    `program` is a path or a list with first arguments. The socket is `qmp.sock` in `folder`.
    """

    def __init__(self, program, folder, arguments=(), timeout=TIMEOUT, on_event=None, delay=0,
                 **options):
        path = Path(folder) / "qmp.sock"
        program = program if isinstance(program, list) else [str(program)]
        super().__init__([*program, *monitor(path), *arguments], path, timeout, **options)
        # Time for the program to finish its start before a client connects.
        time.sleep(delay)
        try:
            self.client = self.connect(on_event=on_event)
            self.client.negotiate()
        except BaseException:
            self.stop()
            raise

    def ask(self, command, arguments=None):
        return self.client.ask(command, arguments)

    def execute(self, command, arguments=None):
        return self.client.execute(command, arguments)

    def quit(self):
        """Ends the program by command. Returns its exit status."""
        self.execute("quit")
        self.client.pump(until=lambda: self.client.eof)
        return self.wait()

    def stop(self):
        super().stop()
        if hasattr(self, "client"):
            self.client.close()


def monitor(path):
    """Options of a storage daemon for a monitor on the unix socket `path`."""
    chardev = f"socket,id=m,path={path},server=on,wait=off"
    return ["--chardev", chardev, "--monitor", "chardev=m"]
