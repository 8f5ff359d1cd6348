#!/usr/bin/env python3
"""Kills the storage daemon during block jobs and inspects the images afterwards.

Each run copies the same images, starts a daemon with one job, or with two jobs on one chain, and
kills it (SIGKILL) at a random point of the progress. Then every image must fulfil:

* `qemu-img check` finds no corruption (leaked clusters are allowed);
* each cluster has its contents from before the job or those from after it.

A run hits if a job had neither finished nor failed when the daemon died. The images consist of
fragments of one cluster, so that a job takes many steps. The script fails if any image is damaged,
or if fewer than half of the runs of a row hit.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests/support"))
import images as tools
import qmp

MIB = 1 << 20
# Rows with fewer runs may miss by chance, or on a fast machine.
RUNS_THAT_COUNT = 10
CHAIN = ["n0", "n1", "n2", "n3", "n4"]
# Two jobs at a time on the chain.
PAIRS = {
    "streams": [("block-stream", {"device": "n2", "base-node": "n0"}),
                ("block-stream", {"device": "n4", "bottom": "n3"})],
    "stream+commit": [("block-stream", {"device": "n2", "base-node": "n0"}),
                      ("block-commit", {"device": "n4", "base-node": "n3"})],
    "commit+stream": [("block-commit", {"device": "n4", "top-node": "n1", "base-node": "n0"}),
                      ("block-stream", {"device": "n3", "bottom": "n2"})],
}
KINDS = ["stream", "commit", "commit-active", "backup", "mirror", *PAIRS]

# The image whose contents an image has after the job, if not its own. The contents of a merged
# image change with the base: None. The image above hides that.
AFTER = {
    "commit": {"base": "mid", "mid": None},
    "commit-active": {"base": "top", "mid": None},
    "backup": {"target": "source"},
    "mirror": {"target": "source"},
    "stream+commit": {"n3": "n4"},
    "commit+stream": {"n0": "n1"},
}


class Daemon(qmp.Daemon):
    """A storage daemon, and the states that its job has reached."""

    def __init__(self, program, folder, nodes):
        self.states, self.jobs = [], 0
        arguments = []
        for node in nodes:
            arguments += ["--blockdev", json.dumps(node)]
        super().__init__(program, folder, arguments, on_event=self.add_state)

    def add_state(self, event):
        if event["event"] == "JOB_STATUS_CHANGE":
            self.states.append(event["data"]["status"])

    def progress(self):
        """The progress of the jobs together, from 0 to 1; None once all have ended."""
        jobs = self.execute("query-jobs")
        jobs = [job for job in jobs if job["status"] in ("created", "running", "ready")]
        if not jobs:
            return None
        done = self.jobs - len(jobs)
        for job in jobs:
            is_ready = job["status"] == "ready"
            done += is_ready or job["current-progress"] / max(job["total-progress"], 1)
        return done / self.jobs

    def start(self, commands):
        """Starts jobs."""
        self.jobs = len(commands)
        for number, (command, arguments) in enumerate(commands):
            self.execute(command, {"job-id": f"j{number}", **arguments})

    def kill(self):
        """Kills the daemon. Returns the states that its last events reached."""
        self.process.kill()
        self.process.wait()
        try:
            while True:
                self.client.message()
        except (qmp.Closed, ValueError):
            pass  # The last line may be cut off.
        self.stop()
        return self.states


class Images:
    """The images before the job, made once for all runs of a row."""

    def __init__(self, folder, kind, cluster_size, options, generator):
        self.folder, self.cluster, self.size = folder, cluster_size, options.size * MIB
        self.more = options.options
        self.data = kind in ("backup", "mirror")
        if self.data:
            self.make_raw("source", generator)
            self.make_qcow2("target")
        elif kind in PAIRS:
            for name, below in zip(CHAIN, [None, *CHAIN]):
                self.make_qcow2(name, below)
                self.fill(name, 0.4, generator)
        else:
            self.make_qcow2("base")
            self.fill("base", 0.5, generator)
            self.make_qcow2("mid", "base")
            self.fill("mid", 0.4, generator)
            self.make_qcow2("top", "mid")
            self.fill("top", 0.2, generator)
        self.names = [path.name for path in folder.iterdir()]
        self.before = {name: self.contents(folder, name) for name in self.names}

    def make_raw(self, name, generator):
        with open(self.folder / name, "wb") as image:
            image.truncate(self.size)
            for number in range(self.size // self.cluster):
                if generator.random() < 0.5:
                    image.seek(number * self.cluster)
                    image.write(generator.randbytes(self.cluster))

    def make_qcow2(self, name, backing=None):
        options = f"cluster_size={self.cluster}{self.more}"
        tools.create(name, self.size, options=options, backing=backing, cwd=self.folder)

    def fill(self, name, part, generator):
        """Writes to some of the clusters. A pattern is never 0, which unwritten clusters show."""
        commands = []
        for number in range(self.size // self.cluster):
            if generator.random() < part:
                pattern = generator.randrange(1, 256)
                commands.append(f"write -P {pattern} {number * self.cluster} {self.cluster}")
        tools.io(name, "qcow2", commands, cwd=self.folder)

    def contents(self, folder, name):
        return tools.contents(folder / name, "raw" if name == "source" else "qcow2")

    def copy_to(self, folder):
        for name in self.names:
            tools.run("cp", "--sparse=always", self.folder / name, folder / name)

    def faults(self, folder, kind):
        """The faults of the images in a folder, and whether clusters have leaked."""
        faults, leaks = [], False
        for name in self.names:
            if name == "source":
                if self.contents(folder, name) != self.before[name]:
                    faults.append("source: it was written to")
                continue
            status, report, errors = tools.check(folder / name)
            # 3 says that clusters have leaked and nothing else is wrong.
            if status not in (0, 3) or report.get("check-errors", 1):
                faults.append(f"{name}: {report}{errors}")
            leaks |= bool(report.get("leaks"))
            if (after := AFTER.get(kind, {}).get(name, name)) is not None:
                faults += self.differences(name, self.contents(folder, name), after)
        return faults, leaks

    def differences(self, name, data, after):
        old, new = self.before[name], self.before[after]
        if data is None or len(data) != self.size:
            return [f"{name}: it has {data and len(data)} bytes"]
        wrong = []
        for start in range(0, self.size, self.cluster):
            piece = slice(start, start + self.cluster)
            if data[piece] != old[piece] and data[piece] != new[piece]:
                wrong.append(start)
        return [f"{name}: {len(wrong)} wrong clusters, the first at {wrong[0]}"] if wrong else []


def qcow2(name, backing, generator):
    """A node for an image with a random cache option."""
    cache = {"direct": False, "no-flush": generator.random() < 0.5}
    file = {"driver": "file", "filename": name}
    node = {"driver": "qcow2", "node-name": name, "file": file, "backing": backing}
    return node | {"cache": cache}


def work(kind, folder, generator):
    """The nodes that the jobs need, and the commands that start the jobs with their arguments."""
    def path(name):
        return str(folder / name)

    if kind in ("backup", "mirror"):
        file = {"driver": "file", "filename": path("source")}
        nodes = [{"driver": "raw", "node-name": "source", "file": file}]
        nodes.append(qcow2(path("target"), None, generator) | {"node-name": "target"})
        arguments = {"device": "source", "target": "target", "sync": "full"}
        return nodes, [(f"blockdev-{kind}", arguments)]
    nodes, below = [], None
    for name in CHAIN if kind in PAIRS else ["base", "mid", "top"]:
        nodes.append(qcow2(path(name), below, generator) | {"node-name": name})
        below = name
    if kind in PAIRS:
        return nodes, PAIRS[kind]
    if kind == "stream":
        return nodes, [("block-stream", {"device": "top"})]
    upper = {"commit": "mid", "commit-active": "top"}[kind]
    arguments = {"device": "top", "top-node": upper, "base-node": "base"}
    return nodes, [("block-commit", arguments)]


def one_run(program, images, kind, generator):
    """Returns the faults, whether clusters have leaked, and whether the run hit."""
    with tempfile.TemporaryDirectory(prefix="kill.") as folder:
        folder = Path(folder)
        images.copy_to(folder)
        nodes, commands = work(kind, folder, generator)
        # A little beyond the end, for the steps after everything is copied.
        goal, pause = generator.uniform(0, 1.02), generator.uniform(0, 0.003)
        daemon = Daemon(program, folder, nodes)
        daemon.start(commands)
        while (progress := daemon.progress()) is not None and progress < min(goal, 1.0):
            pass
        time.sleep(pause)
        states = daemon.kill()
        is_hit = states.count("waiting") + states.count("aborting") < len(commands)
        faults, leaks = images.faults(folder, kind)
        if "aborting" in states:
            faults.append("the job failed")
        return faults, leaks, is_hit


def row(options, kind, cluster_size):
    """All runs of one kind with one cluster size. Returns whether they pass."""
    generator = random.Random(f"{options.seed} {kind} {cluster_size}")
    damaged = leaking = hits = 0
    with tempfile.TemporaryDirectory(prefix="kill.") as folder:
        images = Images(Path(folder), kind, cluster_size, options, generator)
        for number in range(options.runs):
            faults, leaks, is_hit = one_run(options.prog, images, kind, generator)
            hits += is_hit
            leaking += leaks
            damaged += bool(faults)
            for fault in faults:
                print(f"{kind}, {cluster_size}, run {number}: {fault}", file=sys.stderr)
    counts = f"{options.runs:5} {hits:8} {leaking:8} {damaged:8}"
    print(f"{kind:14} {cluster_size:8} {counts}", flush=True)
    enough = 2 * hits >= options.runs or options.runs < RUNS_THAT_COUNT
    return damaged == 0 and enough


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prog", default=REPOSITORY / "target/release/storage-daemon")
    parser.add_argument("--runs", type=int, default=50, help="runs of each row (50)")
    parser.add_argument("--jobs", default=",".join(KINDS), help="kinds of jobs, by commas (all)")
    parser.add_argument("--clusters", default="65536,4096",
                        help="sizes of clusters in bytes, by commas")
    parser.add_argument("--size", type=int, default=64, help="of the images, in MiB (64)")
    parser.add_argument("--seed", default="0", help="another seed gives other kills (0)")
    parser.add_argument("--options", default="", help="more options for qemu-img create -o")
    options = parser.parse_args()
    options.options = options.options and "," + options.options
    options.prog = str(Path(options.prog).resolve())
    if not shutil.which("qemu-img") or not shutil.which("qemu-io"):
        sys.exit("qemu-img and qemu-io are needed")
    print(f"{'job':14} {'cluster':>8} {'kills':>5} {'hits':>8} {'leaking':>8} {'damaged':>8}")
    is_good = True
    for kind in options.jobs.split(","):
        for cluster_size in map(int, options.clusters.split(",")):
            is_good &= row(options, kind, cluster_size)
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
