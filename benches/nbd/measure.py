#!/usr/bin/env python3
"""Measures the NBD server of the storage daemon against that of qemu-storage-daemon.

fio reads and writes an export of a raw image through a unix socket: sequentially and at random,
with one request in flight and with 32. Both servers are measured in turn with the same image in the
host's cache, so that the figures show the servers and not the disk. nbdcopy reads the whole export.
Fails if a limit is missed.
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / name) for name in ("benches/jobs", "tests/support")]
from daemon import Daemon, build
import images

MIB = 1 << 20
SIZE = 512 * MIB

# Limits, as parts of QEMU's figures. A pair contains the limit and the goal.
RATE = (1.0, 1.5)
CPU = 1.0

CASES = [
    # The pattern of fio, the size of a request in bytes, requests in flight.
    *((pattern, MIB, depth) for pattern in ("read", "write") for depth in (1, 32)),
    *((pattern, 4096, depth) for pattern in ("randread", "randwrite") for depth in (1, 32)),
]


def make_image(path):
    """Writes an image without holes."""
    piece = images.pattern("nbd", MIB)
    with open(path, "wb") as image:
        for _ in range(SIZE // MIB):
            image.write(piece)


class Server(Daemon):
    """A daemon that exports the image."""

    def __init__(self, program, folder):
        self.socket = folder / "nbd.sock"
        image = folder / "image.raw"
        self.socket.unlink(missing_ok=True)
        super().__init__(program, folder, [
            "--blockdev", f"file,node-name=file,filename={image}",
            "--blockdev", "raw,node-name=disk,file=file",
            "--nbd-server", f"addr.type=unix,addr.path={self.socket}",
            "--export", "nbd,id=disk,node-name=disk,writable=on",
        ])

    def uri(self):
        return f"nbd+unix:///disk?socket={self.socket}"


def fio(server, case, seconds):
    """Runs fio. Returns MiB a second, and CPU seconds of the server for a GiB."""
    pattern, block, depth = case
    cpu = server.cpu()
    ran = images.run(
        "fio", "--name=nbd", "--ioengine=nbd", f"--uri={server.uri()}", f"--rw={pattern}",
        f"--bs={block}", f"--iodepth={depth}", f"--size={SIZE}", "--time_based",
        f"--runtime={seconds}", "--randrepeat=1", "--output-format=json")
    cpu = server.cpu() - cpu
    # fio may print warnings before its report.
    text = ran.stdout.decode()
    job = json.loads(text[text.index("{"):])["jobs"][0]
    done = job["write" if "write" in pattern else "read"]
    return done["bw_bytes"] / MIB, cpu / (done["io_bytes"] / (1 << 30))


def nbdcopy(server, _case, _seconds):
    """Reads the whole export. Returns as fio()."""
    cpu, start = server.cpu(), time.monotonic()
    images.run("nbdcopy", server.uri(), "null:")
    wall, cpu = time.monotonic() - start, server.cpu() - cpu
    return SIZE / MIB / wall, cpu / (SIZE / (1 << 30))


def measure(run, case, programs, folder, options):
    """The medians of both programs, from runs in turn."""
    samples = {program: [] for program in programs}
    for number in range(options.runs + 1):
        for program in programs:
            with Server(program, folder) as server:
                sample = run(server, case, options.seconds)
                server.quit()
            # The first run fills the host's caches.
            if number > 0:
                samples[program].append(sample)
    return [[statistics.median(column) for column in zip(*samples[program])]
            for program in programs]


def compare(programs, folder, options):
    """Measures all cases. Returns whether no limit is missed."""
    print("case                      program     MiB/s  CPU s/GiB   rate    CPU")
    is_good = True
    cases = [(fio, case, "{} {} KiB, depth {}".format(case[0], case[1] // 1024, case[2]))
             for case in CASES]
    for run, case, name in [*cases, (nbdcopy, None, "nbdcopy")]:
        ours, theirs = measure(run, case, programs, folder, options)
        rate, cpu = ours[0] / theirs[0], ours[1] / theirs[1]
        is_met = rate >= RATE[0] and cpu <= CPU
        is_good &= is_met
        mark = ("goal" if rate >= RATE[1] else "met") if is_met else "MISSED"
        print(f"{name:26}{'QEMU':8}{theirs[0]:9.1f}{theirs[1]:11.3f}")
        print(f"{'':26}{'this':8}{ours[0]:9.1f}{ours[1]:11.3f}{rate:7.2f}{cpu:7.2f}  {mark}",
              flush=True)
    return is_good


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", help="our daemon; built in release mode unless given")
    parser.add_argument("--reference", default="qemu-storage-daemon")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of each run of fio")
    parser.add_argument("--folder", help="for the image: with 1 GiB to spare")
    options = parser.parse_args()
    program = options.program or build()
    folder = Path(tempfile.mkdtemp(dir=options.folder))
    try:
        make_image(folder / "image.raw")
        is_good = compare((program, options.reference), folder, options)
    finally:
        shutil.rmtree(folder)
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
