"""The daemon of a scenario, with the log of its replies and events."""

import contextlib
import os
import subprocess
import time
from pathlib import Path

import scenario_images  # Finds tests/support.
import qmp

TIMEOUT = float(os.environ.get("SCENARIO_TIMEOUT", "10"))
START_DELAY = 0.03

ANY_EXPORT = "export:"
"""The stream of the events of all exports together, for waits."""


class Failure(Exception):
    """A scenario cannot be continued."""


def stream_of(event):
    """The job that an event belongs to, or what else its order is compared in."""
    data = event.get("data", {})
    if event["event"] == "JOB_STATUS_CHANGE":
        return data.get("id")
    if event["event"].startswith("BLOCK_JOB_"):
        return data.get("device", data.get("id"))
    if event["event"] == "BLOCK_EXPORT_DELETED":
        return f"export:{data.get('id')}"
    return "other"


def is_in(event, stream):
    found = stream_of(event)
    return found == stream or stream == ANY_EXPORT and str(found).startswith(ANY_EXPORT)


def brief(event):
    """The status that an event announces, or its name."""
    if event["event"] == "JOB_STATUS_CHANGE":
        return event["data"].get("status", "?")
    return event["event"]


class Daemon:
    """`log` has (kind, replies before it, message) for each message; kind is reply or event."""

    def __init__(self, program, arguments, folder):
        self.program, self.folder = program, folder
        self.log = []
        self.replies = 0
        self.is_quitting = False
        self.cursors = {}
        """How many events of each stream the waits have used up."""
        self.exits = []
        """How the starts before this one ended."""
        self.start(arguments)

    def start(self, arguments):
        self.is_quitting = False
        with open(os.path.join(self.folder, ".stderr"), "wb") as errors:
            try:
                self.process = qmp.Daemon(self.program, self.folder, arguments, TIMEOUT,
                                          self._log_event, START_DELAY, cwd=self.folder,
                                          stdout=errors, stderr=errors)
            except (OSError, qmp.Timeout, qmp.Closed, qmp.CommandError, RuntimeError) as error:
                errors.flush()
                raise Failure(f"daemon did not open its monitor: {error}: "
                              f"{self.stderr()}") from error
        self.client = self.process.client

    def stderr(self):
        text = Path(self.folder, ".stderr").read_bytes()
        return text[-400:].decode(errors="replace")

    def exit_status(self):
        """The exit status; None while the daemon runs."""
        return self.process.process.poll()

    def is_closed(self):
        return self.client.eof and not self.client.lines

    def _log_event(self, event):
        if not self.is_quitting:
            self.log.append(("event", self.replies, event))

    def receive(self, timeout):
        """Receives one message. Returns false if there was none."""
        try:
            message = self.client.message(max(0, timeout))
        except (qmp.Timeout, qmp.Closed):
            return False
        if "event" not in message:
            self.log.append(("reply", self.replies, message))
            self.replies += 1
        return True

    def command(self, name, arguments, is_recorded=True):
        """Executes a command. Returns the reply, which the log loses if it is not recorded."""
        with contextlib.suppress(qmp.Timeout):
            self.client.send(qmp.request(name, arguments))
        before, deadline = self.replies, time.monotonic() + TIMEOUT
        while self.replies == before:
            if not self.receive(deadline - time.monotonic()):
                why = "connection closed" if self.is_closed() else "timeout"
                raise Failure(f"no reply to {name} ({why})")
        entry = [entry for entry in self.log if entry[0] == "reply"][-1]
        if not is_recorded:
            self.log.remove(entry)
            self.replies -= 1
            self.log = [(kind, min(at, self.replies), message) for kind, at, message in self.log]
        return entry[2]

    def events(self, stream):
        """The events of one stream."""
        return [message for kind, _, message in self.log
                if kind == "event" and is_in(message, stream)]

    def wait(self, is_wanted, what, timeout, stream):
        """Waits for an event of the stream that no wait has used up."""
        position = self.cursors.get(stream, 0)
        deadline = time.monotonic() + timeout
        while True:
            events = self.events(stream)
            while position < len(events):
                position += 1
                if is_wanted(events[position - 1]):
                    self.cursors[stream] = position
                    return
            if not self.receive(deadline - time.monotonic()):
                closed = " (connection closed)" if self.is_closed() else ""
                seen = " ".join(brief(event) for event in events)
                raise Failure(
                    f"waited in vain for {what}{closed}; stream {stream} had: {seen}")

    def skip_failed_starts(self):
        """A command that fails may have created a job and dropped it. A later wait for a job of
        that name does not mean that one."""
        streams = {}
        for kind, at, message in self.log:
            if kind == "event":
                streams.setdefault(stream_of(message), []).append((brief(message), at))
        for stream, events in streams.items():
            if events[-1][0] == "null" and ("created", self.replies - 1) in events:
                self.cursors[stream] = len(events)

    def skip_before_last_command(self, stream):
        count = sum(1 for kind, at, message in self.log
                    if kind == "event" and stream_of(message) == stream and at < self.replies - 1)
        self.cursors[stream] = max(self.cursors.get(stream, 0), count)

    def jobs(self, command="query-jobs"):
        """The jobs by identifier, unrecorded."""
        found = self.command(command, None, is_recorded=False).get("return", [])
        return {job["id" if command == "query-jobs" else "device"]: job for job in found}

    def wait_for_status(self, ident, status, timeout):
        """Asks for the job until it shows the status."""
        deadline = time.monotonic() + timeout
        while True:
            job = self.jobs().get(ident)
            if job and job["status"] == status:
                return
            if time.monotonic() > deadline or self.client.eof:
                raise Failure(f"waited in vain for {ident} to be {status}; it shows "
                              f"{[job] if job else []}")
            time.sleep(0.01)

    def idle(self, seconds):
        """Receives messages for so many seconds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and (
                self.receive(deadline - time.monotonic()) or not self.client.eof):
            pass

    def quit(self):
        """Ends the daemon by command. Returns its exit status."""
        self.is_quitting = True
        self.command("quit", None)
        deadline = time.monotonic() + TIMEOUT
        while not self.is_closed() and self.receive(deadline - time.monotonic()):
            pass
        try:
            return self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return "still running after quit"

    def restart(self, arguments, is_killed):
        """Quits or kills the daemon and starts it again on the same files."""
        if is_killed:
            self.process.stop()
            self.exits.append("killed")
        else:
            self.exits.append(self.quit())
        self.close()
        Path(self.folder, "nbd.sock").unlink(missing_ok=True)
        self.start(arguments)

    def close(self):
        self.process.stop()
