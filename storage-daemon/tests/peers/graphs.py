"""Gives the same commands to qemu-storage-daemon and to another one, and compares what they answer
and what becomes of the images: nodes, who may do what with them, jobs that change the graph.

Arguments: the other program, and parts of the names of scenarios if not all are to be tried.
"""

import difflib
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from graph_scenarios import SCENARIOS, make_images

PATIENCE = 30


class Daemon:
    """A storage daemon in a folder with images, and a client of it."""

    def __init__(self, program, images):
        self.folder = Path(tempfile.mkdtemp(prefix="graphs."))
        for image in images.iterdir():
            shutil.copy(image, self.folder)
        path = self.folder / "qmp.sock"
        monitor = ["--chardev", f"socket,id=m,path={path},server=on,wait=off"]
        self.process = subprocess.Popen(
            [program, *monitor, "--monitor", "chardev=m"], cwd=self.folder
        )
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.socket.connect(str(path))
                break
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.005)
        self.lines = self.socket.makefile("r")
        self.lines.readline()
        self.ask("qmp_capabilities", {})

    def ask(self, command, arguments):
        text = json.dumps({"execute": command, "arguments": arguments})
        self.socket.sendall(text.replace("$DIR", str(self.folder)).encode())
        while True:
            line = self.lines.readline()
            if not line:
                raise RuntimeError(f"{command}: the daemon has gone")
            message = json.loads(line)
            # QEMU may greet twice whoever connects while it starts.
            if "event" not in message and "QMP" not in message:
                return message

    def wait(self, job, *states):
        """Waits until a job has one of the states or is gone, and gives what it is then."""
        deadline = time.monotonic() + PATIENCE
        while True:
            jobs = self.ask("query-jobs", {})["return"]
            found = [one for one in jobs if one["id"] == job]
            if not found or found[0]["status"] in states:
                return found
            if time.monotonic() > deadline:
                raise RuntimeError(f"{job} stays {found}")
            time.sleep(0.005)

    def end(self):
        self.ask("quit", {})
        self.process.wait(PATIENCE)
        self.socket.close()

    def carry_out(self, step):
        command, arguments = step
        if command == "wait":
            return self.wait(*arguments)
        if command == "run":
            ran = subprocess.run(
                arguments, shell=True, cwd=self.folder, capture_output=True, text=True
            )
            return ran.stdout + ran.stderr
        return self.ask(command, arguments)

    def remove(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder)


def plain(value):
    """The same without what differs from one run to the next, or from one program to the other."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    # QEMU shows the bitmaps of its jobs.
    left_out = {"actual-size", "dirty-bitmaps"}
    if value.get("format") == "file":
        left_out.add("virtual-size")  # How large a file is, is up to who writes an image into it.
    return {name: plain(one) for name, one in value.items() if name not in left_out}


def told(program, images, steps):
    """What a program answers to the steps, as lines."""
    daemon = Daemon(program, images)
    try:
        answers = [(step, plain(daemon.carry_out(step))) for step in steps]
        daemon.end()
        text = json.dumps(answers, sort_keys=True, indent=1)
    finally:
        daemon.remove()
    return re.sub(r"#block\d+", "#block", text.replace(str(daemon.folder), "$DIR")).splitlines()


def main():
    program, *only = sys.argv[1:]
    program = str(Path(program).resolve())
    names = [name for name in SCENARIOS if not only or any(part in name for part in only)]
    with tempfile.TemporaryDirectory(prefix="graphs.") as images, ThreadPoolExecutor(4) as pool:
        make_images(images)

        def differences(name):
            expected = told("qemu-storage-daemon", Path(images), SCENARIOS[name])
            actual = told(program, Path(images), SCENARIOS[name])
            lines = difflib.unified_diff(expected, actual, "QEMU", "ours", lineterm="", n=12)
            return list(lines)

        different = 0
        for name, lines in zip(names, pool.map(differences, names)):
            if lines:
                different += 1
                print(name, *lines, sep="\n")
    sys.exit(f"{different} scenarios differ" if different else 0)


if __name__ == "__main__":
    main()
