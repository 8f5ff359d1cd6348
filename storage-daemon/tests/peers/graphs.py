"""Sends the same commands to qemu-storage-daemon and to another storage daemon, and compares the
replies and the images. The commands are about nodes, their permissions, jobs that change the
graph, objects, and character devices.

Arguments: the path of the other program; then, optionally, parts of names of scenarios. Without
parts of names, all scenarios are compared.
"""

import difflib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests/support"))
import qmp
import graph_scenarios
import object_scenarios
from graph_scenarios import make_images

SCENARIOS = graph_scenarios.SCENARIOS | object_scenarios.SCENARIOS


class Daemon(qmp.Daemon):
    """A storage daemon in a folder with images."""

    def __init__(self, program, images):
        self.folder = Path(tempfile.mkdtemp(prefix="graphs."))
        for image in images.iterdir():
            shutil.copy(image, self.folder)
        super().__init__(program, self.folder, cwd=self.folder)

    def wait_for(self, job, *statuses):
        """Waits until a job has one of the statuses or is gone. Returns the job in a list."""
        deadline = time.monotonic() + self.timeout
        while True:
            jobs = self.execute("query-jobs")
            found = [one for one in jobs if one["id"] == job]
            if not found or found[0]["status"] in statuses:
                return found
            if time.monotonic() > deadline:
                raise RuntimeError(f"{job} stays {found}")
            time.sleep(0.005)

    def step(self, step):
        """Performs one step of a scenario. Returns the value to compare."""
        command, arguments = step
        if command == "wait":
            return self.wait_for(*arguments)
        if command == "run":
            ran = subprocess.run(
                arguments, shell=True, cwd=self.folder, capture_output=True, text=True
            )
            return ran.stdout + ran.stderr
        text = json.dumps(arguments).replace("$DIR", str(self.folder))
        return self.ask(command, json.loads(text))

    def stop(self):
        super().stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def comparable(value):
    """The value without members that differ between runs or programs."""
    if isinstance(value, list):
        # QEMU lists character devices and properties in no order.
        is_unordered = all(isinstance(one, dict) and {"label", "type"} & one.keys()
                           and not {"id", "node-name"} & one.keys() for one in value)
        found = [comparable(one) for one in value]
        if is_unordered:
            found.sort(key=lambda one: json.dumps(one, sort_keys=True))
        return found
    if not isinstance(value, dict):
        return value
    # QEMU shows the bitmaps of its jobs.
    left_out = {"actual-size", "dirty-bitmaps"}
    if value.get("format") == "file":
        left_out.add("virtual-size")  # The size of a file depends on the writer of its image.
    return {name: comparable(one) for name, one in value.items() if name not in left_out}


def answers(program, images, steps):
    """The replies of a program to the steps, as lines."""
    with Daemon(program, images) as daemon:
        found = [(step, comparable(daemon.step(step))) for step in steps]
        daemon.quit()
        text = json.dumps(found, sort_keys=True, indent=1)
    return re.sub(r"#block\d+", "#block", text.replace(str(daemon.folder), "$DIR")).splitlines()


def main():
    program, *only = sys.argv[1:]
    program = str(Path(program).resolve())
    names = [name for name in SCENARIOS if not only or any(part in name for part in only)]
    with tempfile.TemporaryDirectory(prefix="graphs.") as images, ThreadPoolExecutor(4) as pool:
        make_images(images)

        def differences(name):
            expected = answers("qemu-storage-daemon", Path(images), SCENARIOS[name])
            actual = answers(program, Path(images), SCENARIOS[name])
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
