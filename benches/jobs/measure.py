#!/usr/bin/env python3
"""Measures block jobs of the storage daemon against those of qemu-storage-daemon.

Copies a raw image of 1 GiB, half of it data, to a new qcow2 image, by turns with either program
and with either kind of job, with `cache.no-flush` and without. Then has our daemon run 1,000 jobs
at once and asks for them. Ends with failure if a limit is missed.
"""

import argparse
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
MIB = 1 << 20
SIZE = 1024 * MIB
TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 120

# What must hold, and what is aimed at.
CPU_OF_BACKUP = (0.7, 0.5)
WALL_OF_MIRROR = (1.2, 0.8)
MEMORY_MIB = 32
QUERY_SECONDS = 0.005
JOBS = 1000


class Daemon:
    """A storage daemon and a client of it."""

    def __init__(self, program, folder, arguments):
        path = folder / "qmp.sock"
        path.unlink(missing_ok=True)
        monitor = ["--chardev", f"socket,id=m,path={path},server=on,wait=off"]
        self.process = subprocess.Popen([program, *monitor, "--monitor", "chardev=m", *arguments])
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        start = time.monotonic()
        while True:
            try:
                self.socket.connect(str(path))
                break
            except OSError:
                if time.monotonic() - start > PATIENCE or self.process.poll() is not None:
                    raise
                time.sleep(0.01)
        self.lines = self.socket.makefile("r")
        self.lines.readline()
        self.ended = set()
        self.execute("qmp_capabilities")

    def execute(self, command, **arguments):
        arguments = {name.replace("_", "-"): value for name, value in arguments.items()}
        message = {"execute": command, "arguments": arguments}
        self.socket.sendall(json.dumps(message).encode() + b"\n")
        while True:
            message = self.next()
            if "error" in message:
                raise RuntimeError(f"{command}: {message['error']}")
            if "return" in message:
                return message["return"]

    def next(self):
        """The next message. Jobs that are over, or ready to be completed, are remembered."""
        message = json.loads(self.lines.readline())
        if message.get("event") in ("BLOCK_JOB_COMPLETED", "BLOCK_JOB_READY"):
            if "error" in message["data"]:
                raise RuntimeError(message["data"]["error"])
            self.ended.add(message["data"]["device"])
        return message

    def wait_for(self, job):
        while job not in self.ended:
            self.next()

    def cpu(self):
        """Seconds of both kinds, of all threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self, name):
        """VmRSS or VmHWM, in MiB."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"no {name}")

    def quit(self):
        self.socket.sendall(b'{"execute": "quit"}')
        while self.lines.readline():
            pass
        self.process.wait(PATIENCE)


def make_source(path):
    """Every other MiB holds bytes that cannot be compressed."""
    noise = random.Random(1)
    with open(path, "wb") as image:
        image.truncate(SIZE)
        for offset in range(0, SIZE, 2 * MIB):
            image.seek(offset)
            image.write(noise.randbytes(MIB))


def copy(program, folder, kind, no_flush, verify):
    """Has one job copy the image: wall time, CPU time, MiB above idle."""
    source, target = folder / "source.raw", folder / "target.qcow2"
    target.unlink(missing_ok=True)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", target, str(SIZE)], check=True)
    cache = f",cache.no-flush={'on' if no_flush else 'off'}"
    daemon = Daemon(program, folder, [
        "--blockdev", f"file,node-name=source,filename={source},read-only=on{cache}",
        "--blockdev", f"file,node-name=file,filename={target}{cache}",
        "--blockdev", f"qcow2,node-name=target,file=file{cache}",
    ])
    os.sync()
    idle, cpu, start = daemon.memory("VmRSS"), daemon.cpu(), time.monotonic()
    command = f"blockdev-{kind}"
    daemon.execute(command, job_id="j", device="source", target="target", sync="full")
    daemon.wait_for("j")
    wall, cpu = time.monotonic() - start, daemon.cpu() - cpu
    memory = daemon.memory("VmHWM") - idle
    daemon.quit()
    if verify:
        subprocess.run(["qemu-img", "compare", "-q", source, target], check=True)
        subprocess.run(["qemu-img", "check", "-q", target], check=True)
    return wall, cpu, memory


def compare(ours, theirs, folder, kinds, runs):
    """Lets both programs copy by turns. Says whether all limits were kept."""
    make_source(folder / "source.raw")
    kept = True
    print("job     no-flush  program    wall s   CPU s   MiB above idle")
    for no_flush in (True, False):
        medians = {}
        for kind in kinds:
            samples = {ours: [], theirs: []}
            for run in range(runs + 1):
                for program in (ours, theirs):
                    sample = copy(program, folder, kind, no_flush, verify=run == 0)
                    # The first fills the caches of the host.
                    if run > 0:
                        samples[program].append(sample)
            for program, name in ((ours, "this"), (theirs, "QEMU")):
                median = [statistics.median(column) for column in zip(*samples[program])]
                medians[kind, name] = median
                wall, cpu, memory = median
                switch = "on" if no_flush else "off"
                print(f"{kind:8}{switch:10}{name:9}{wall:8.3f}{cpu:8.3f}{memory:10.1f}", flush=True)
        for kind in kinds:
            own = medians[kind, "this"]
            kept &= limit(f"CPU of {kind}, of QEMU's backup", own[1] / medians["backup", "QEMU"][1],
                          *CPU_OF_BACKUP)
            if "mirror" in kinds:
                kept &= limit(f"wall time of {kind}, of QEMU's mirror",
                              own[0] / medians["mirror", "QEMU"][0], *WALL_OF_MIRROR)
            kept &= limit(f"MiB of {kind} above idle", own[2], MEMORY_MIB)
    return kept


def query_many(program, folder):
    """Asks for 1,000 jobs at work, again and again."""
    arguments = ["--blockdev", "null-co,node-name=source"]
    daemon = Daemon(program, folder, arguments)
    for number in range(JOBS):
        daemon.execute("blockdev-add", driver="null-co", node_name=f"target{number}")
        daemon.execute("blockdev-backup", job_id=f"job{number}", device="source",
                       target=f"target{number}", sync="none")
    times = []
    for _ in range(200):
        start = time.monotonic()
        daemon.socket.sendall(b'{"execute": "query-jobs"}')
        reply = b""
        # To read the text as JSON takes this program far longer than the daemon took to write it.
        while not reply.endswith(b"\n"):
            reply += daemon.socket.recv(MIB)
        times.append(time.monotonic() - start)
    assert len(json.loads(reply)["return"]) == JOBS
    daemon.quit()
    median = statistics.median(times)
    return limit(f"ms for query-jobs with {JOBS} jobs", median * 1000, QUERY_SECONDS * 1000)


def limit(what, value, most, goal=None):
    kept = value <= most
    aim = "" if goal is None else f", goal {goal}"
    print(f"{'kept' if kept else 'MISSED'}: {what}: {value:.2f} (at most {most}{aim})")
    return kept


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", help="our daemon; built in release mode unless given")
    parser.add_argument("--reference", default="qemu-storage-daemon")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--jobs", default="backup,mirror")
    parser.add_argument("--folder", help="where the images are made: a disk with 3 GiB to spare")
    options = parser.parse_args()
    program = options.program
    if program is None:
        build = ["cargo", "build", "--release", "--quiet", "-p", "storage-daemon"]
        subprocess.run(build, cwd=REPOSITORY, check=True)
        target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
        program = str(target / "release" / "storage-daemon")
    folder = Path(tempfile.mkdtemp(dir=options.folder))
    try:
        kept = compare(program, options.reference, folder, options.jobs.split(","), options.runs)
        kept &= query_many(program, folder)
    finally:
        shutil.rmtree(folder)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
