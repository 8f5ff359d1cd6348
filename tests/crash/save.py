#!/usr/bin/env python3
"""Kills a machine while it saves snapshots, and inspects its disks afterwards.

Each run starts the example `machine` with two disks, whose guest writes to the first. The machine
saves snapshots and deletes some of them, until the script kills it (SIGKILL) at a random time. Then
both disks must fulfil:

* `qemu-img check` finds no corruption (leaked clusters are allowed);
* each snapshot is whole: its contents can be read, and the disk has one for each save that has
  succeeded and none that was deleted;
* a machine that starts anew loads each snapshot that has a state, and its disk has the numbers that
  the guest had written.

A run hits if a save or a deletion was in progress when the machine died. The script fails if any
disk is damaged, or if fewer than half of the runs hit.
"""

import argparse
import random
import shutil
import struct
import sys
import tempfile
import threading
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests/support"))
import images as tools
import qmp

DISKS = ["d0", "d1"]
SIZE = 8 << 20
SECTOR, SECTORS = 512, 1024
COUNTER = 0x8000_1000
# Snapshots that exist at most before the oldest is deleted.
SNAPSHOTS = 3


class Machine(qmp.Daemon):
    """A machine whose guest writes to the first disk."""

    def __init__(self, program, folder, *more):
        arguments = ["--disk", DISKS[0], *more]
        for name in DISKS:
            path = f"file.driver=file,file.filename={folder / name}"
            arguments += ["--blockdev", f"driver=qcow2,node-name={name},{path}"]
        super().__init__(program, folder, arguments)

    def job(self, command, tag):
        """Runs a job for a snapshot. Returns its error."""
        arguments = {"job-id": "j", "tag": tag, "devices": DISKS}
        if command != "snapshot-delete":
            arguments["vmstate"] = DISKS[0]
        self.execute(command, arguments)
        job, = self.execute("query-jobs")
        self.execute("job-dismiss", {"id": "j"})
        return job.get("error")


class Saves:
    """The snapshots of a machine that saves until it dies."""

    def __init__(self, machine):
        self.machine = machine
        # Those that must exist, and the one whose save or deletion is in progress.
        self.saved, self.pending = [], None
        self.faults = []

    def run(self):
        try:
            for number in range(1 << 30):
                self.step("snapshot-save", f"s{number}")
                if len(self.saved) > SNAPSHOTS:
                    self.step("snapshot-delete", self.saved[0])
        except (qmp.Closed, ConnectionError):
            pass  # The machine was killed.

    def step(self, command, tag):
        if tag in self.saved:
            self.saved.remove(tag)
        self.pending = tag
        if error := self.machine.job(command, tag):
            self.faults.append(f"{command} {tag}: {error}")
        self.pending = None
        if command == "snapshot-save":
            self.saved.append(tag)


def numbers(data):
    """The numbers that the guest has written to a disk; None if a sector has several."""
    found = []
    for start in range(0, SECTORS * SECTOR, SECTOR):
        number, = struct.unpack_from("<I", data, start)
        if data[start:start + SECTOR] != struct.pack("<I", number) * (SECTOR // 4):
            return None
        found.append(number)
    return found


def numbers_up_to(last):
    found = [0] * SECTORS
    for number in range(max(1, last - SECTORS + 1), last + 1):
        found[number % SECTORS] = number
    return found


def snapshot_names(path):
    listed = tools.run(tools.QEMU_IMG, "info", "-U", "--output=json", path).stdout
    return {one["name"]: one["vm-state-size"]
            for one in tools.json.loads(listed).get("snapshots", [])}


def disk_faults(folder, saves):
    """The faults of the disks of a dead machine, and whether clusters have leaked."""
    faults, leaks = [], False
    for name in DISKS:
        status, report, errors = tools.check(folder / name)
        # 3 says that clusters have leaked and nothing else is wrong.
        if status not in (0, 3) or report.get("check-errors", 1):
            faults.append(f"{name}: {report}{errors}")
        leaks |= bool(report.get("leaks"))
        names = set(snapshot_names(folder / name))
        if names - {saves.pending} != set(saves.saved):
            faults.append(f"{name}: {names}, saved {saves.saved}, pending {saves.pending}")
        for tag in names:
            if tools.contents(folder / name, "qcow2", tag) is None:
                faults.append(f"{name}: {tag} cannot be read")
    return faults, leaks


def load_faults(program, folder):
    """The faults of the snapshots, as a machine loads them."""
    faults = []
    for tag, size in snapshot_names(folder / DISKS[0]).items():
        if tag not in snapshot_names(folder / DISKS[1]) or not size:
            continue
        with Machine(program, folder) as machine:
            if error := machine.job("snapshot-load", tag):
                faults.append(f"{tag}: {error}")
                continue
            memory = folder / "memory"
            machine.execute("pmemsave", {"val": COUNTER, "size": 4, "filename": str(memory)})
            counter, = struct.unpack("<I", memory.read_bytes())
            machine.quit()
        written = numbers(tools.contents(folder / DISKS[0], "qcow2"))
        if written not in (numbers_up_to(counter), numbers_up_to(counter - 1)):
            faults.append(f"{tag}: the disk does not fit the number {counter} in memory")
    return faults


def one_run(program, generator):
    """Returns the faults, whether clusters have leaked, and whether the run hit."""
    with tempfile.TemporaryDirectory(prefix="save.") as folder:
        folder = Path(folder)
        for name in DISKS:
            tools.create(name, SIZE, cwd=folder)
        machine = Machine(program, folder, "--run")
        saves = Saves(machine)
        saving = threading.Thread(target=saves.run)
        saving.start()
        time.sleep(generator.uniform(0.05, 0.6))
        machine.process.kill()
        saving.join()
        machine.stop()
        faults, leaks = disk_faults(folder, saves)
        return saves.faults + faults + load_faults(program, folder), leaks, bool(saves.pending)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prog", default=REPOSITORY / "target/release/machine")
    parser.add_argument("--runs", type=int, default=50, help="runs (50)")
    parser.add_argument("--seed", default="0", help="another seed gives other kills (0)")
    options = parser.parse_args()
    if not shutil.which("qemu-img"):
        sys.exit("qemu-img is needed")
    generator = random.Random(options.seed)
    damaged = leaking = hits = 0
    for number in range(options.runs):
        faults, leaks, is_hit = one_run(Path(options.prog).resolve(), generator)
        hits += is_hit
        leaking += leaks
        damaged += bool(faults)
        for fault in faults:
            print(f"run {number}: {fault}", file=sys.stderr)
    print(f"{options.runs} kills, {hits} hits, {leaking} leaking, {damaged} damaged")
    sys.exit(0 if damaged == 0 and 2 * hits >= options.runs else 1)


if __name__ == "__main__":
    main()
