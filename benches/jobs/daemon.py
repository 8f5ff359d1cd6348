"""A storage daemon whose jobs are measured."""

import os
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests/support"))
import qmp

TIMEOUT = 300


class Daemon(qmp.Daemon):
    """A storage daemon that remembers which jobs have completed, are ready or have concluded."""

    def __init__(self, program, folder, arguments):
        self.ended = set()
        self.failed = None
        super().__init__(program, folder, arguments, TIMEOUT, self.add_ended)

    def add_ended(self, event):
        data = event.get("data", {})
        if event["event"] in ("BLOCK_JOB_COMPLETED", "BLOCK_JOB_READY"):
            self.failed = data.get("error", self.failed)
            self.ended.add(data["device"])
        elif event["event"] == "JOB_STATUS_CHANGE" and data["status"] == "concluded":
            self.ended.add(data["id"])

    def command(self, name, **arguments):
        """Executes a command. Names of arguments have `_` for `-`."""
        return self.execute(name, {key.replace("_", "-"): arguments[key] for key in arguments})

    def wait_for(self, job):
        while job not in self.ended:
            self.client.message()
        if self.failed:
            raise RuntimeError(self.failed)

    def cpu(self):
        """CPU time of all threads in seconds, user and system."""
        return time.clock_gettime(~self.process.pid << 3 | 2)

    def memory(self, name):
        """VmRSS or VmHWM, in MiB."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"no {name}")


def build():
    """Builds our daemon in release mode, and returns the path of the program."""
    command = ["cargo", "build", "--release", "--quiet", "-p", "storage-daemon"]
    subprocess.run(command, cwd=REPOSITORY, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    return str(target / "release" / "storage-daemon")
