"""Scripts of the NBD protocol itself. A script is a list of actions; the result tells each action
with the server's answer, and ends where the server stops answering."""

import hashlib
import os
import socket
import struct

from canonical import clean
from scenario_daemon import Failure

OPTION_MAGIC = b"IHAVEOPT"
OPTION_REPLY_MAGIC = 0x3e889045565a9
REQUEST_MAGIC = 0x25609513
SIMPLE_REPLY_MAGIC = 0x67446698
CHUNK_MAGIC = 0x668e33ef

READ, DISCONNECT = 0, 2
ERROR = 1 << 31
"""The bit of the type of an option reply that makes it an error."""


class Unexpected(Exception):
    """The answer breaks the protocol."""


def named(name):
    """A string after its length."""
    return struct.pack(">I", len(name.encode())) + name.encode()


def text(data):
    return data.decode(errors="replace")


def body(data):
    """A short form of data that differs for different data."""
    if not data:
        return "empty"
    if data == data[:1] * len(data):
        return f"{len(data)} x 0x{data[0]:02x}"
    return f"{len(data)}: {hashlib.sha256(data).hexdigest()[:16]}"


def information(data):
    """The content of one item of information about an export."""
    kind, = struct.unpack(">H", data[:2])
    rest = data[2:]
    if kind == 0:
        return ["info", kind, *struct.unpack(">QH", rest)]
    if kind in (1, 2):
        return ["info", kind, text(rest)]
    return ["info", kind, *(struct.unpack(">III", rest) if kind == 3 else [rest.hex()])]


def option_reply(kind, data):
    if kind & ERROR:
        return ["error", kind & ~ERROR, text(data)]
    if kind == 2:
        length, = struct.unpack(">I", data[:4])
        return ["server", text(data[4:4 + length]), text(data[4 + length:])]
    if kind == 3:
        return information(data)
    if kind == 4:
        return ["context", struct.unpack(">I", data[:4])[0], text(data[4:])]
    return ["ack" if kind == 1 else kind, len(data)]


def error_chunk(kind, data):
    error, length = struct.unpack(">IH", data[:6])
    offset = data[6 + length:]
    found = ["error", kind & 0x7fff, error, text(data[6:6 + length])]
    return found + ([struct.unpack(">Q", offset)[0]] if offset else [])


def chunk(kind, data):
    """The content of a chunk of a structured reply."""
    if kind == 0:
        return ["none"]
    if kind == 1:
        return ["data", struct.unpack(">Q", data[:8])[0], body(data[8:])]
    if kind == 2:
        return ["hole", *struct.unpack(">QI", data)]
    if kind == 5:
        context, *words = struct.unpack(f">{len(data) // 4}I", data)
        return ["status", context, [list(pair) for pair in zip(words[::2], words[1::2])]]
    return error_chunk(kind, data) if kind >> 15 else [kind, data.hex()]


class Connection:
    """A client that sends what a script says. Each action is a method that returns the answer."""

    def __init__(self, path, timeout):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.cookie = 0
        self.actions = {
            "hello": self.hello, "option": self.option_of_bytes, "info": self.info, "go": self.go,
            "contexts": self.contexts, "set-contexts": self.set_contexts,
            "export-name": self.export_name, "command": self.command, "bytes": self.send_bytes,
            "read": lambda length: self.receive(length).hex(), "end": self.end,
        }

    def receive(self, length):
        data = b""
        while len(data) < length:
            part = self.socket.recv(length - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def numbers(self, form):
        form = ">" + form
        return struct.unpack(form, self.receive(struct.calcsize(form)))

    def hello(self, flags=3):
        magic, options, (server_flags,) = self.receive(8), self.receive(8), self.numbers("H")
        self.socket.sendall(struct.pack(">I", flags))
        return [text(magic), text(options), server_flags]

    def option(self, code, data):
        """All replies to an option."""
        self.socket.sendall(OPTION_MAGIC + struct.pack(">II", code, len(data)) + data)
        found = []
        while True:
            magic, option, kind, length = self.numbers("QIII")
            content = self.receive(length)
            if magic != OPTION_REPLY_MAGIC or option != code:
                raise Unexpected("bad option reply")
            found.append(option_reply(kind, content))
            if kind == 1 or kind & ERROR:
                return found

    def option_of_bytes(self, code, data):
        return self.option(code, bytes.fromhex(data))

    def info(self, name, kinds, code=6):
        wanted = struct.pack(f">H{len(kinds)}H", len(kinds), *kinds)
        return self.option(code, named(name) + wanted)

    def go(self, name, kinds):
        return self.info(name, kinds, code=7)

    def contexts(self, name, contexts, code=9):
        wanted = struct.pack(">I", len(contexts)) + b"".join(named(one) for one in contexts)
        return self.option(code, named(name) + wanted)

    def set_contexts(self, name, contexts):
        return self.contexts(name, contexts, code=10)

    def export_name(self, name, padding):
        self.socket.sendall(OPTION_MAGIC + struct.pack(">I", 1) + named(name))
        return [*self.numbers("QH"), body(self.receive(padding))]

    def command(self, kind, flags, offset, length, fill=None):
        """A request with `length` bytes of `fill`, or without data."""
        self.cookie += 1
        data = b"" if fill is None else bytes([fill]) * length
        self.socket.sendall(struct.pack(
            ">IHHQQI", REQUEST_MAGIC, flags, kind, self.cookie, offset, length) + data)
        if kind == DISCONNECT:
            return ["sent"]
        magic, = self.numbers("I")
        if magic == SIMPLE_REPLY_MAGIC:
            error, cookie = self.numbers("IQ")
            self.check_cookie(cookie)
            has_data = kind == READ and not error
            return ["simple", error] + ([body(self.receive(length))] if has_data else [])
        return self.chunks(magic)

    def check_cookie(self, cookie):
        if cookie != self.cookie:
            raise Unexpected("wrong cookie")

    def chunks(self, magic):
        """A structured reply, of which `magic` has been received."""
        found = []
        while True:
            if magic != CHUNK_MAGIC:
                raise Unexpected("bad reply magic")
            flags, kind, cookie, length = self.numbers("HHQI")
            self.check_cookie(cookie)
            found.append(chunk(kind, self.receive(length)))
            if flags & 1:
                return found
            magic, = self.numbers("I")

    def send_bytes(self, data):
        self.socket.sendall(bytes.fromhex(data))
        return ["sent"]

    def end(self):
        """Awaits the end of the connection."""
        try:
            data = self.socket.recv(1)
        except ConnectionError:
            return "closed"
        except TimeoutError:
            return "open"
        return f"more: {data.hex()}" if data else "closed"


def run_script(step, folder, timeout):
    """Runs the script of a step."""
    said = []
    try:
        connection = Connection(os.path.join(folder, step.get("sock", "nbd.sock")), timeout)
    except OSError:
        return {"said": ["no connection"]}
    try:
        for name, *arguments in step["script"]:
            if name not in connection.actions:
                raise Failure(f"unknown NBD action {name!r}")
            said.append([name, connection.actions[name](*arguments)])
    except (EOFError, ConnectionError):
        said.append("closed")
    except TimeoutError:
        said.append("silent")
    except Unexpected as error:
        said.append(str(error))
    except (struct.error, IndexError, ValueError) as error:
        said.append(f"malformed: {error}")
    finally:
        connection.socket.close()
    return {"said": clean(said, folder)}
