#!/usr/bin/env python3
"""Kills the storage daemon in the midst of block jobs and looks at the images afterwards.

Each run copies the same images, starts a daemon with one job, kills it (SIGKILL) when the job has
made some part of its way, chosen at random, and then demands of every image:

* `qemu-img check` finds no corruption (leaked clusters are allowed);
* what it shows is, cluster by cluster, what it showed before the job or what it shows after it.

A run counts as one at work if the job had neither finished nor failed when the daemon died. The
images are in fragments of one cluster, so that a job takes many steps. Ends with failure if any
image is damaged, or if fewer than half of the runs of a row came at work.
"""

import argparse
import json
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
MIB = 1 << 20
PATIENCE = 60
# From how many runs on half of them have to hit a job at work.
RUNS_THAT_COUNT = 10
KINDS = ["stream", "commit", "commit-active", "backup", "mirror"]


class Daemon:
    """A storage daemon and a client of it."""

    def __init__(self, program, folder, nodes):
        path = folder / "qmp.sock"
        arguments = ["--chardev", f"socket,id=m,path={path},server=on,wait=off"]
        arguments += ["--monitor", "chardev=m"]
        for node in nodes:
            arguments += ["--blockdev", json.dumps(node)]
        self.process = subprocess.Popen([program, *arguments])
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
        self.states = []
        self.execute("qmp_capabilities")

    def message(self):
        line = self.lines.readline()
        if not line:
            return None
        message = json.loads(line)
        if message.get("event") == "JOB_STATUS_CHANGE":
            self.states.append(message["data"]["status"])
        return message

    def execute(self, command, arguments=None):
        request = {"execute": command, "arguments": arguments or {}}
        self.socket.sendall(json.dumps(request).encode())
        while (message := self.message()) is not None:
            if "error" in message:
                raise RuntimeError(f"{command}: {message['error']}")
            if "return" in message:
                return message["return"]
        raise RuntimeError(f"{command}: the daemon has gone")

    def progress(self):
        """How much of its way the job has made, from 0 to 1; None once it is over."""
        jobs = self.execute("query-jobs")
        if not jobs or jobs[0]["status"] not in ("created", "running", "ready"):
            return None
        if jobs[0]["status"] == "ready":
            return 1.0
        return jobs[0]["current-progress"] / max(jobs[0]["total-progress"], 1)

    def kill(self):
        """Kills the daemon. Gives the states that the job had been seen in by then."""
        self.process.kill()
        self.process.wait()
        try:
            while self.message() is not None:
                pass
        except (OSError, ValueError):
            pass  # The last line may be cut off.
        self.socket.close()
        return self.states


def run(*arguments, **more):
    return subprocess.run([str(one) for one in arguments], check=True, **more)


class Images:
    """The images before a job, made once for all runs of a row."""

    def __init__(self, folder, kind, cluster_size, options, generator):
        self.folder, self.cluster, self.size = folder, cluster_size, options.size * MIB
        self.more = options.options
        self.data = kind in ("backup", "mirror")
        if self.data:
            self.make_raw("source", generator)
            self.make_qcow2("target")
        else:
            self.make_qcow2("base")
            self.fill("base", 0.5, generator)
            self.make_qcow2("mid", "base")
            self.fill("mid", 0.4, generator)
            self.make_qcow2("top", "mid")
            self.fill("top", 0.2, generator)
        self.names = [path.name for path in folder.iterdir()]
        self.shown = {name: self.contents(folder, name) for name in self.names}

    def make_raw(self, name, generator):
        with open(self.folder / name, "wb") as image:
            image.truncate(self.size)
            for number in range(self.size // self.cluster):
                if generator.random() < 0.5:
                    image.seek(number * self.cluster)
                    image.write(generator.randbytes(self.cluster))

    def make_qcow2(self, name, backing=None):
        backed = ["-b", backing, "-F", "qcow2"] if backing else []
        options = ["-f", "qcow2", "-o", f"cluster_size={self.cluster}{self.more}"]
        run("qemu-img", "create", "-q", *options, *backed, name, self.size, cwd=self.folder)

    def fill(self, name, part, generator):
        """Writes to some of the clusters. None of the patterns is 0, which is what is unwritten."""
        commands = []
        for number in range(self.size // self.cluster):
            if generator.random() < part:
                pattern = generator.randrange(1, 256)
                commands.append(f"write -P {pattern} {number * self.cluster} {self.cluster}")
        text = "\n".join(commands) + "\n"
        quiet = {"stdout": subprocess.DEVNULL, "cwd": self.folder}
        run("qemu-io", "-f", "qcow2", name, input=text.encode(), **quiet)

    def contents(self, folder, name):
        """What an image shows, as a raw file shows it."""
        plain = folder / (name + ".plain")
        form = "raw" if name == "source" else "qcow2"
        run("qemu-img", "convert", "-f", form, "-O", "raw", folder / name, plain)
        data = plain.read_bytes()
        plain.unlink()
        return data

    def copy_to(self, folder):
        for name in self.names:
            run("cp", "--sparse=always", self.folder / name, folder / name)

    def faults(self, folder, kind):
        """What is wrong with the images in a folder, and whether clusters have leaked."""
        faults, leaks = [], False
        for name in self.names:
            if name == "source":
                if self.contents(folder, name) != self.shown[name]:
                    faults.append("source: it was written to")
                continue
            check = ["qemu-img", "check", "-f", "qcow2", "--output=json", folder / name]
            checked = subprocess.run([str(one) for one in check], capture_output=True, text=True)
            found = json.loads(checked.stdout) if checked.stdout else {}
            if checked.returncode not in (0, 3) or found.get("check-errors", 1):
                faults.append(f"{name}: {checked.stdout}{checked.stderr}")
            leaks |= bool(found.get("leaks"))
            after = {"base": "mid", "target": "source"}.get(name, name)
            if kind == "commit-active" and name == "base":
                after = "top"
            if kind.startswith("commit") and name == "mid":
                continue  # What it shows changes with the base, and is made good by what is above.
            faults += self.differences(name, self.contents(folder, name), after)
        return faults, leaks

    def differences(self, name, data, after):
        old, new = self.shown[name], self.shown[after]
        if len(data) != self.size:
            return [f"{name}: it has {len(data)} bytes"]
        wrong = []
        for start in range(0, self.size, self.cluster):
            piece = slice(start, start + self.cluster)
            if data[piece] != old[piece] and data[piece] != new[piece]:
                wrong.append(start)
        return [f"{name}: {len(wrong)} wrong clusters, the first at {wrong[0]}"] if wrong else []


def qcow2(name, backing, generator):
    """A node for an image, its cache chosen at random."""
    cache = {"direct": False, "no-flush": generator.random() < 0.5}
    file = {"driver": "file", "filename": name}
    node = {"driver": "qcow2", "node-name": name, "file": file, "backing": backing}
    return node | {"cache": cache}


def work(kind, folder, generator):
    """The nodes that a job needs, the command that starts it and its arguments."""
    path = lambda name: str(folder / name)
    if kind in ("backup", "mirror"):
        file = {"driver": "file", "filename": path("source")}
        nodes = [{"driver": "raw", "node-name": "source", "file": file}]
        nodes.append(qcow2(path("target"), None, generator) | {"node-name": "target"})
        return nodes, f"blockdev-{kind}", {"device": "source", "target": "target", "sync": "full"}
    nodes, below = [], None
    for name in ["base", "mid", "top"]:
        nodes.append(qcow2(path(name), below, generator) | {"node-name": name})
        below = name
    if kind == "stream":
        return nodes, "block-stream", {"device": "top"}
    upper = {"commit": "mid", "commit-active": "top"}[kind]
    return nodes, "block-commit", {"device": "top", "top-node": upper, "base-node": "base"}


def one_run(program, images, kind, generator):
    """Gives what is wrong, whether clusters have leaked, and whether the job was at work."""
    with tempfile.TemporaryDirectory(prefix="kill.") as folder:
        folder = Path(folder)
        images.copy_to(folder)
        nodes, command, arguments = work(kind, folder, generator)
        # A little beyond the end, for what is done when everything is copied.
        goal, pause = generator.uniform(0, 1.02), generator.uniform(0, 0.003)
        daemon = Daemon(program, folder, nodes)
        daemon.execute(command, {"job-id": "j", **arguments})
        while (progress := daemon.progress()) is not None and progress < min(goal, 1.0):
            pass
        time.sleep(pause)
        states = daemon.kill()
        at_work = not {"waiting", "aborting", "concluded"} & set(states)
        faults, leaks = images.faults(folder, kind)
        if "aborting" in states:
            faults.append("the job failed")
        return faults, leaks, at_work


def row(options, kind, cluster_size):
    """All runs of one kind with one cluster size. Gives whether all is well."""
    generator = random.Random(f"{options.seed} {kind} {cluster_size}")
    damaged = leaking = at_work = 0
    with tempfile.TemporaryDirectory(prefix="kill.") as folder:
        images = Images(Path(folder), kind, cluster_size, options, generator)
        for number in range(options.runs):
            faults, leaks, working = one_run(options.prog, images, kind, generator)
            at_work += working
            leaking += leaks
            damaged += bool(faults)
            for fault in faults:
                print(f"{kind}, {cluster_size}, run {number}: {fault}", file=sys.stderr)
    counts = f"{options.runs:5} {at_work:8} {leaking:8} {damaged:8}"
    print(f"{kind:14} {cluster_size:8} {counts}", flush=True)
    # Of a few runs chance, or a fast machine, may have all come after the end of the job.
    enough = 2 * at_work >= options.runs or options.runs < RUNS_THAT_COUNT
    return damaged == 0 and enough


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prog", default=REPOSITORY / "target/release/storage-daemon")
    parser.add_argument("--runs", type=int, default=50, help="how many a row (50)")
    parser.add_argument("--jobs", default=",".join(KINDS), help="which, by commas (all)")
    parser.add_argument("--clusters", default="65536,4096", help="their sizes in bytes, by commas")
    parser.add_argument("--size", type=int, default=64, help="of the images, in MiB (64)")
    parser.add_argument("--seed", default="0", help="another one, other kills (0)")
    parser.add_argument("--options", default="", help="more of the images, as for qemu-img")
    options = parser.parse_args()
    options.options = options.options and "," + options.options
    options.prog = str(Path(options.prog).resolve())
    if not shutil.which("qemu-img") or not shutil.which("qemu-io"):
        sys.exit("qemu-img and qemu-io are needed")
    print(f"{'job':14} {'cluster':>8} {'kills':>5} {'at work':>8} {'leaking':>8} {'damaged':>8}")
    good = True
    for kind in options.jobs.split(","):
        for cluster_size in map(int, options.clusters.split(",")):
            good &= row(options, kind, cluster_size)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
