"""Disk images for the scripts that test and measure daemons, made and inspected by qemu-img and
qemu-io. QEMU_IMG and QEMU_IO in the environment name other programs.

Python 3.11, standard library only.
"""

import hashlib
import itertools
import json
import os
import subprocess
from pathlib import Path

QEMU_IMG = os.environ.get("QEMU_IMG", "qemu-img")
QEMU_IO = os.environ.get("QEMU_IO", "qemu-io")
IO_COMMANDS = 4096
"""Commands in one start of qemu-io: the command line has a limit."""


class ToolError(Exception):
    """A program failed."""


def run(*command, check=True, **options):
    """Runs a program and captures its output."""
    if "input" not in options:
        options.setdefault("stdin", subprocess.DEVNULL)
    command = [str(word) for word in command]
    ran = subprocess.run(command, capture_output=True, **options)
    if check and ran.returncode:
        error = ran.stderr if isinstance(ran.stderr, str) else ran.stderr.decode(errors="replace")
        raise ToolError(f"{' '.join(command)}: {error}")
    return ran


def create(path, size=None, format="qcow2", options=None, backing=None, backing_format="qcow2",
           open_backing=True, **more):
    """Makes an image. `options` are those of `qemu-img create -o`."""
    command = [QEMU_IMG, "create", "-q", "-f", format]
    command += ["-o", options] if options else []
    command += ["-b", backing, "-F", backing_format] if backing else []
    command += [] if open_backing else ["-u"]
    run(*command, path, *([] if size is None else [size]), **more)


def io(path, format, commands, **more):
    """Runs commands of qemu-io on an image. Many commands take more than one start."""
    for first in range(0, len(commands), IO_COMMANDS):
        words = (("-c", one) for one in commands[first:first + IO_COMMANDS])
        run(QEMU_IO, "-f", format, *itertools.chain(*words), path, **more)


def contents(path, format, snapshot=None):
    """The guest's view of an image, as bytes; None if the image cannot be read."""
    flat = Path(f"{path}.flat")
    of = ["-l", snapshot] if snapshot else []
    ran = run(QEMU_IMG, "convert", "-f", format, "-O", "raw", *of, path, flat, check=False)
    if ran.returncode:
        flat.unlink(missing_ok=True)
        return None
    data = flat.read_bytes()
    flat.unlink()
    return data


def check(path, format="qcow2"):
    """The exit status of `qemu-img check`, its report and its error output."""
    ran = run(QEMU_IMG, "check", "-f", format, "--output=json", path, check=False)
    return ran.returncode, json.loads(ran.stdout or b"{}"), ran.stderr.decode(errors="replace")


def pattern(seed, length):
    """Bytes that do not repeat, the same for the same seed."""
    return hashlib.shake_128(seed.encode()).digest(length)
