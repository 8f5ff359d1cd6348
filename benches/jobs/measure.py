#!/usr/bin/env python3
"""Measures block jobs of the storage daemon against those of qemu-storage-daemon.

Copies a raw image of 1 GiB, half of it data, to a new qcow2 image: with either program in turn,
with either kind of job, with `cache.no-flush` and without. Then has our daemon run 1,000 jobs at
once and queries them. Fails if a limit is missed.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from daemon import Daemon, build
import images

MIB = 1 << 20
SIZE = 1024 * MIB

# Limits. A pair contains the limit and the goal.
CPU_OF_BACKUP = (0.7, 0.5)
WALL_OF_MIRROR = (1.2, 0.8)
MEMORY_MIB = 32
QUERY_SECONDS = 0.005
JOBS = 1000


def make_source(path):
    """Writes an image. Every other MiB contains random bytes, which cannot be compressed."""
    noise = random.Random(1)
    with open(path, "wb") as image:
        image.truncate(SIZE)
        for offset in range(0, SIZE, 2 * MIB):
            image.seek(offset)
            image.write(noise.randbytes(MIB))


def copy(program, folder, kind, no_flush, verify):
    """Copies the image by one job. Returns wall time, CPU time, MiB above idle."""
    source, target = folder / "source.raw", folder / "target.qcow2"
    target.unlink(missing_ok=True)
    images.create(target, SIZE)
    cache = f",cache.no-flush={'on' if no_flush else 'off'}"
    daemon = Daemon(program, folder, [
        "--blockdev", f"file,node-name=source,filename={source},read-only=on{cache}",
        "--blockdev", f"file,node-name=file,filename={target}{cache}",
        "--blockdev", f"qcow2,node-name=target,file=file{cache}",
    ])
    os.sync()
    idle, cpu, start = daemon.memory("VmRSS"), daemon.cpu(), time.monotonic()
    command = f"blockdev-{kind}"
    daemon.command(command, job_id="j", device="source", target="target", sync="full")
    daemon.wait_for("j")
    wall, cpu = time.monotonic() - start, daemon.cpu() - cpu
    memory = daemon.memory("VmHWM") - idle
    daemon.quit()
    if verify:
        images.run(images.QEMU_IMG, "compare", "-q", source, target)
        images.run(images.QEMU_IMG, "check", "-q", target)
    return wall, cpu, memory


def compare(ours, theirs, folder, kinds, runs):
    """Copies by both programs in turn. Returns whether no limit is missed."""
    make_source(folder / "source.raw")
    is_good = True
    print("job     no-flush  program    wall s   CPU s   MiB above idle")
    for no_flush in (True, False):
        medians = {}
        for kind in kinds:
            samples = {ours: [], theirs: []}
            for run in range(runs + 1):
                for program in (ours, theirs):
                    sample = copy(program, folder, kind, no_flush, verify=run == 0)
                    # The first run verifies the copy and fills the host's caches.
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
            cpu = own[1] / medians["backup", "QEMU"][1]
            is_good &= limit(f"CPU of {kind}, of QEMU's backup", cpu, *CPU_OF_BACKUP)
            if "mirror" in kinds:
                wall = own[0] / medians["mirror", "QEMU"][0]
                is_good &= limit(f"wall time of {kind}, of QEMU's mirror", wall, *WALL_OF_MIRROR)
            is_good &= limit(f"MiB of {kind} above idle", own[2], MEMORY_MIB)
    return is_good


def query_many(program, folder):
    """Queries 1,000 running jobs repeatedly. Returns whether no limit is missed."""
    daemon = Daemon(program, folder, [])
    for number in range(JOBS):
        # A node of its own for each job: the filters of jobs on one node are a chain.
        for name in ("source", "target"):
            daemon.command("blockdev-add", driver="null-co", node_name=f"{name}{number}")
        daemon.command("blockdev-backup", job_id=f"job{number}", device=f"source{number}",
                       target=f"target{number}", sync="none")
    times = []
    for _ in range(200):
        start = time.monotonic()
        # `execute` would parse the reply, which takes far longer than the daemon's work.
        daemon.client.send(b'{"execute": "query-jobs"}')
        reply = daemon.client.line()
        times.append(time.monotonic() - start)
    assert len(json.loads(reply)["return"]) == JOBS
    daemon.quit()
    median = statistics.median(times)
    return limit(f"ms for query-jobs with {JOBS} jobs", median * 1000, QUERY_SECONDS * 1000)


def limit(what, value, most, goal=None):
    """Prints a figure with its limit. Returns whether the limit is not missed."""
    is_met = value <= most
    aim = "" if goal is None else f", goal {goal}"
    print(f"{'met' if is_met else 'MISSED'}: {what}: {value:.2f} (at most {most}{aim})")
    return is_met


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", help="our daemon; built in release mode unless given")
    parser.add_argument("--reference", default="qemu-storage-daemon")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--jobs", default="backup,mirror")
    parser.add_argument("--folder", help="for the images: on a disk with 3 GiB to spare")
    options = parser.parse_args()
    program = options.program or build()
    folder = Path(tempfile.mkdtemp(dir=options.folder))
    try:
        is_good = compare(program, options.reference, folder, options.jobs.split(","), options.runs)
        is_good &= query_many(program, folder)
    finally:
        shutil.rmtree(folder)
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
