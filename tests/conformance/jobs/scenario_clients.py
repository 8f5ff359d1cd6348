"""What runs beside the daemon of a scenario: clients of its exports, and programs on its images."""

import json
import os
import re
import select
import subprocess
import time

import scenario_images
from canonical import clean, field
from images import QEMU_IMG, QEMU_IO, run
from scenario_daemon import Failure

PROGRAMS = {"qemu-img": QEMU_IMG, "qemu-io": QEMU_IO}
PROMPT = b"qemu-io> "


def lines_of(output, folder):
    """The output of a tool without its prompt and its timings."""
    names = "|".join(re.escape(name) for name in (QEMU_IO, "qemu-io", "qemu-img", "qemu-nbd"))
    text = clean(output.decode(errors="replace"), folder).replace(PROMPT.decode(), "")
    lines = [re.sub(rf"^({names}): ", "", line.strip()) for line in text.splitlines()]
    return [line for line in lines if line and not re.search("ops; .*sec", line)]


def by_name(value):
    """A list of named objects sorted by name, other values as they are."""
    is_named = isinstance(value, list) and all(
        isinstance(one, dict) and "name" in one for one in value)
    return sorted(value, key=lambda one: one["name"]) if is_named else value


def qemu_io(step, folder):
    """The command line of qemu-io as a client of the export that a step names."""
    socket = os.path.join(folder, step.get("sock", "nbd.sock"))
    url = f"nbd+unix:///{step.get('export', '')}?socket={socket}"
    return [QEMU_IO, "-f", "raw", *step.get("opts", []), url]


def io(step, folder, timeout):
    """Does client I/O through an export. Returns what the client printed if the step records it."""
    *command, url = qemu_io(step, folder)
    words = [word for one in step["run"] for word in ("-c", one)]
    if step.get("record"):
        return tool({"run": [*command, *words, url]}, folder, timeout)
    try:
        ran = run(*command, *words, url, check=False, timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise Failure("client I/O hangs") from error
    if ran.returncode:
        raise Failure(f"client I/O failed: {(ran.stdout + ran.stderr).decode()}")
    return None


def tool(step, folder, timeout):
    """Runs a program beside the daemon."""
    command = [PROGRAMS.get(step["run"][0], step["run"][0]), *step["run"][1:]]
    try:
        ran = run(*command, check=False, timeout=timeout, cwd=folder)
    except subprocess.TimeoutExpired:
        return {"rc": "timeout", "out": []}
    result = {"rc": ran.returncode}
    if ran.returncode or not (step.get("map") or step.get("json")):
        shown = step.get("keep", "")
        lines = lines_of(ran.stdout + ran.stderr, folder)
        return {**result, "out": [line for line in lines if re.search(shown, line)]}
    try:
        report = json.loads(ran.stdout)
    except ValueError:
        return {**result, "out": ["no JSON"]}
    if step.get("map"):
        return {**result, "map": scenario_images.joined(report, step["map"])}
    values = {path: clean(field(report, path), folder) for path in step["json"]}
    return {**result, "json": {path: by_name(value) for path, value in values.items()}}


def failing_start(program, step, folder, timeout):
    """Starts the daemon a second time, with options that it refuses."""
    try:
        ran = run(*program, *step["args"], check=False, timeout=timeout, cwd=folder)
    except subprocess.TimeoutExpired:
        return {"rc": "timeout", "out": []}
    lines = clean(ran.stderr.decode(errors="replace"), folder).splitlines()
    return {"rc": ran.returncode, "out": [re.sub(r"^\S+: ", "", one) for one in lines[:1]]}


class Client:
    """A qemu-io that stays connected to an export."""

    def __init__(self, step, folder):
        self.folder, self.output = folder, b""
        self.process = subprocess.Popen(
            qemu_io(step, folder), cwd=folder, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def read_until_prompt(self, timeout):
        """Returns how the wait ended: ok, left or timeout."""
        deadline = time.monotonic() + timeout
        while not self.output.endswith(PROMPT):
            left = max(0, deadline - time.monotonic())
            if not select.select([self.process.stdout], [], [], left)[0]:
                return "timeout"
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            if not data:
                return "left"
            self.output += data
        return "ok"

    def run(self, commands, timeout):
        """Executes commands until one fails to return."""
        lines, how = [], self.read_until_prompt(timeout)
        for command in commands:
            if how != "ok":
                break
            self.output = b""
            try:
                self.process.stdin.write(command.encode() + b"\n")
                self.process.stdin.flush()
            except OSError:
                how = "left"
                break
            how = self.read_until_prompt(timeout)
            lines += lines_of(self.output, self.folder)
        if how != "ok":
            lines += lines_of(self.output, self.folder)
        return {"rc": how, "out": lines}

    def close(self, timeout=5):
        try:
            self.process.stdin.close()
        except OSError:
            pass
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
