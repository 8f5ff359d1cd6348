"""One case of the wire harness: a server, a connection, and the steps of the case."""

import base64
import json
import os
import shlex
import shutil
import socket
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
import qmp

SENTINEL = "~end~"
START_TIMEOUT = 10


def part_bytes(part):
    """The bytes of a PART, see wire.py."""
    if isinstance(part, str):
        return part.encode("latin-1")
    if isinstance(part, list):
        return b"".join(part_bytes(one) for one in part)
    if "b64" in part:
        return base64.b64decode(part["b64"])
    if "rep" in part:
        return part["rep"][0].encode("latin-1") * part["rep"][1]
    raise ValueError(f"bad part {part!r}")


def parse(line):
    """The JSON value of a line; None if the line is not JSON."""
    try:
        return json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return None


def canonical(value):
    """One text for equal JSON values."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


class Server:
    """The program under test, restarted when a case asks for it."""

    def __init__(self, prog, delay=0.05):
        self.prog, self.delay = prog, delay
        self.process = None

    def start(self):
        self.stop()
        self.folder = tempfile.mkdtemp(prefix="qmpwire.")
        path = os.path.join(self.folder, "s")
        command = [word.replace("{sock}", path).replace("{dir}", self.folder)
                   for word in shlex.split(self.prog)]
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = qmp.Process(command, path, START_TIMEOUT, stdout=log, stderr=log)
        # qemu-storage-daemon greets a client twice that connects while the program starts.
        time.sleep(self.delay)

    def is_alive(self):
        return self.process is not None and self.process.is_alive()

    def ensure(self, fresh=False):
        if fresh or not self.is_alive():
            self.start()

    def stop(self):
        if self.process is not None:
            self.process.stop()
            self.process = None
            shutil.rmtree(self.folder, ignore_errors=True)


class Session:
    """The conversation of one case. `lines` has raw lines (bytes) and markers (str)."""

    def __init__(self, server, timeout):
        self.server, self.timeout = server, timeout
        self.connection = None
        self.lines = []
        self.scanned = 0
        """How many of `lines` earlier waits have seen."""
        self.is_shut = False

    def open(self):
        process = self.server.process
        self.connection = qmp.Connection(process.path, self.timeout, process.is_alive)
        # Lines of an earlier connection stay in the record.
        self.connection.lines = self.lines
        self.is_shut = False

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def mark(self, marker):
        self.lines.append(marker)

    def write(self, data):
        if not self.is_shut:
            self.connection.send(data)

    def shut_down_writing(self):
        try:
            self.connection.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        self.is_shut = True

    def idle(self, seconds):
        """Reads for so many seconds."""
        self.connection.pump(until=lambda: False, deadline=time.monotonic() + seconds)

    def wait(self, is_wanted, what):
        """Waits for a line among those that no wait has seen yet."""
        def is_received():
            while self.scanned < len(self.lines):
                line = self.lines[self.scanned]
                self.scanned += 1
                if isinstance(line, bytes) and is_wanted(line):
                    return True
            return False

        if not self.connection.pump(until=is_received):
            raise (qmp.Closed if self.connection.eof else qmp.Timeout)(what)

    def wait_id(self, wanted):
        key = canonical(wanted)

        def has_id(line):
            # A long line is parsed only for an identifier that is long itself.
            if len(line) > 1 << 16 and not (isinstance(wanted, str) and len(wanted) > 1000):
                return False
            message = parse(line)
            return isinstance(message, dict) and "id" in message \
                and canonical(message["id"]) == key

        self.wait(has_id, f"id {key[:60]}")

    def query_jobs(self, ident):
        self.write(b'{"execute": "query-jobs", "id": %s}\n' % json.dumps(ident).encode())
        self.wait_id(ident)

    def handshake(self, case):
        """Waits for the greeting and negotiates. Removes both from the lines unless they are
        wanted or unusual."""
        mark = len(self.lines)
        self.wait(lambda line: True, "greeting")
        greeting = parse(self.lines[mark])
        if not (isinstance(greeting, dict) and "QMP" in greeting):
            raise qmp.Timeout(f"first message is not a greeting: {self.lines[mark][:80]!r}")
        if not case.get("greeting"):
            self._forget(mark)
        negotiate = case.get("negotiate", True)
        if not negotiate:
            return
        mark = len(self.lines)
        arguments = b', "arguments": {"enable": ["oob"]}' if negotiate == "oob" else b""
        self.write(b'{"execute": "qmp_capabilities"%s, "id": "~neg~"}\n' % arguments)
        self.wait_id("~neg~")
        is_usual = parse(self.lines[-1]) == {"return": {}, "id": "~neg~"}
        if is_usual and len(self.lines) == mark + 1:
            self._forget(mark)
        else:
            self.mark("neg-failed")

    def _forget(self, mark):
        del self.lines[mark]
        self.scanned = len(self.lines)

    def reconnect(self, case, step):
        self.close()
        self.mark("reconnected")
        self.scanned = len(self.lines)
        self.open()
        self.handshake(dict(case, **step.get("with", {})))

    def step(self, case, step):
        """Does one step of a case, see wire.py."""
        if "send" in step:
            self.write(part_bytes(step["send"]))
        elif "chunks" in step:
            for chunk in step["chunks"]:
                self.write(part_bytes(chunk))
                time.sleep(step.get("ms", 3) / 1000)
        elif "bytewise" in step:
            for byte in part_bytes(step["bytewise"]):
                self.write(bytes([byte]))
                if step.get("ms", 1):
                    time.sleep(step.get("ms", 1) / 1000)
        elif "wait_id" in step:
            self.wait_id(step["wait_id"])
        elif "wait_n" in step:
            for _ in range(step["wait_n"]):
                self.wait(lambda line: True, "message")
        elif "wait_raw" in step:
            text = part_bytes(step["wait_raw"])
            self.wait(lambda line: text in line, f"text {text!r}")
        elif "sync" in step:
            self.query_jobs(step["sync"])
        elif "sleep" in step:
            self.idle(step["sleep"] / 1000)
        elif "shut_wr" in step:
            self.shut_down_writing()
        elif "reconnect" in step:
            self.reconnect(case, step)
        else:
            raise ValueError(f"unknown step {step!r}")

    def end(self, case):
        """Ends the conversation as the case says."""
        end = case.get("end", "sentinel")
        if end == "sentinel":
            self.query_jobs(SENTINEL)
        elif end == "eof":
            if not self.connection.pump(until=lambda: self.connection.eof):
                raise qmp.Timeout("no eof")
            self.mark("eof")
            if case.get("exits"):
                self.mark(self._exit())
        elif end == "silence":
            self.idle(case.get("quiet_ms", 300) / 1000)
            if self.connection.partial:
                self.lines.append(self.connection.partial)
            self.mark("eof" if self.connection.eof else "silence")

    def _exit(self):
        try:
            return f"exit:{self.server.process.wait(self.timeout)}"
        except qmp.subprocess.TimeoutExpired:
            return "no-exit"


def run_case(server, case, timeout):
    """Returns the lines of a case, and the problem that ended it early or None."""
    session = Session(server, timeout * case.get("timescale", 1))
    try:
        server.ensure(case.get("server") == "fresh")
        session.open()
        session.handshake(case)
        for step in case["send"]:
            session.step(case, step)
        session.end(case)
        return session.lines, None
    except qmp.Closed as error:
        time.sleep(0.05)
        session.mark("eof" if server.is_alive() else "server-died")
        return session.lines, f"connection closed while waiting for {error}"
    except qmp.Timeout as error:
        session.mark("timeout")
        return session.lines, f"timeout: {error}"
    except OSError as error:
        session.mark("connect-failed")
        return session.lines, f"connection: {error}"
    finally:
        session.close()
