#!/usr/bin/env python3
"""Compares every kind of block job of the storage daemon with those of qemu-storage-daemon.

The cases combine kinds of jobs, formats, cluster sizes and layouts of the data. Both programs run
each case in turn. The script prints the medians of the wall time, the CPU time and the memory above
that of the idle daemon, and the ratios to QEMU. It compares the copies with their sources, and
fails if a ratio of times exceeds its limit.

The folder needs 12 GiB on a real disk. Sources stay there for the next run.
"""

import argparse
import os
import random
import statistics
import sys
import time
from pathlib import Path

from daemon import Daemon, build
import images

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
SIZE = GIB
SCATTERED, MANY = 12_000, 64_000
CHAIN = 30
LIMIT = 1.0
SLOW_SECONDS = 2
"""Longer cases have fewer runs."""


class Sources:
    """Images to copy from, made on first use."""

    def __init__(self, folder):
        self.folder = folder
        self.noise = random.Random(1)

    def half(self):
        """Every other MiB contains data that cannot be compressed."""
        offsets = range(0, SIZE, 2 * MIB)
        return self.raw("half.raw", SIZE, offsets, lambda: self.noise.randbytes(MIB))

    def text(self):
        """One MiB of eight contains data, half of which can be compressed."""
        def block():
            return b"".join(self.noise.randbytes(512) + bytes(512) for _ in range(KIB))
        return self.raw("text.raw", SIZE, range(0, SIZE, 8 * MIB), block)

    def scattered(self):
        """Many extents of 4 KiB."""
        return self.extents("scattered.raw", SIZE, SCATTERED)

    def many(self):
        """Still more extents, in a larger image."""
        return self.extents("many.raw", 4 * GIB, MANY)

    def extents(self, name, size, count):
        blocks = sorted(self.noise.sample(range(size // (4 * KIB)), count))
        offsets = (block * 4 * KIB for block in blocks)
        return self.raw(name, size, offsets, lambda: self.noise.randbytes(4 * KIB))

    def raw(self, name, size, offsets, block):
        path = self.folder / name
        if not path.exists():
            with open(path.with_suffix(".new"), "wb") as image:
                image.truncate(size)
                for offset in offsets:
                    image.seek(offset)
                    image.write(block())
            path.with_suffix(".new").rename(path)
        return path

    def qcow2(self, raw, cluster):
        path = raw.with_suffix(f".{cluster // KIB}k.qcow2")
        if not path.exists():
            images.run(images.QEMU_IMG, "convert", "-f", "raw", "-O", "qcow2", "-o",
                       f"cluster_size={cluster}", raw, path)
        return path

    def chain(self):
        """A chain of images that have data in turn. Returns the topmost one."""
        paths = [self.folder / f"chain{number}.qcow2" for number in range(CHAIN)]
        if not paths[-1].exists():
            backing = None
            for number, path in enumerate(paths):
                images.create(path, SIZE, backing=backing)
                writes = [f"write -q -P {number + 1} {offset} {MIB}"
                          for offset in range(number * MIB, SIZE, 2 * CHAIN * MIB)]
                images.io(path, "qcow2", writes)
                backing = path
        return paths[-1]


class Case:
    """A job on nodes. `nodes` makes the images to write to, and returns the nodes' options."""

    def __init__(self, name, nodes, start, copy=None, ready=False):
        self.name, self.nodes, self.start, self.ready = name, nodes, start, ready
        self.copy = copy
        """The source and the target with their formats, which become equal."""

    def verify(self):
        source, source_format, target, target_format = self.copy
        if source:
            images.run(images.QEMU_IMG, "compare", "-q", "-f", source_format, "-F", target_format,
                       source, target)
        if target_format == "qcow2":
            images.run(images.QEMU_IMG, "check", "-q", target)

    def run(self, program, folder, cache):
        """Runs the job. Returns wall time, CPU time, MiB above idle."""
        arguments = []
        for node in self.nodes():
            arguments += ["--blockdev", node + cache]
        daemon = Daemon(program, folder, arguments)
        os.sync()
        idle, cpu, start = daemon.memory("VmRSS"), daemon.cpu(), time.monotonic()
        self.start(daemon)
        daemon.wait_for("j")
        sample = (time.monotonic() - start, daemon.cpu() - cpu, daemon.memory("VmHWM") - idle)
        if self.ready:
            daemon.ended.clear()
            daemon.command("block-job-complete", device="j")
            daemon.wait_for("j")
        daemon.quit()
        return sample


def node(name, format, path, read_only=False):
    """The options of the nodes of an image."""
    end = ",read-only=on" if read_only else ""
    if format == "raw":
        return [f"file,node-name={name},filename={path}{end}"]
    return [f"file,node-name={name}-file,filename={path}{end}",
            f"{format},node-name={name},file={name}-file{end}"]


class Cases:
    """All cases."""

    def __init__(self, folder):
        self.folder = folder
        self.sources = Sources(folder)

    def all(self):
        yield from self.copies()
        yield from self.chains()
        yield from self.commits()
        yield from self.creates()
        yield from self.compressed()

    def copies(self):
        sources, cluster = self.sources, 64 * KIB
        pairs = [("half raw > qcow2", sources.half(), None, cluster),
                 ("half raw > raw", sources.half(), None, None),
                 ("half raw > qcow2 4k", sources.half(), None, 4 * KIB),
                 ("half raw > qcow2 2M", sources.half(), None, 2 * MIB)]
        pairs += [(f"half qcow2 {size // KIB}k > qcow2", sources.half(), size, size)
                  for size in (4 * KIB, cluster, 2 * MIB)]
        pairs += [("scattered raw > qcow2", sources.scattered(), None, cluster),
                  ("scattered raw > raw", sources.scattered(), None, None),
                  ("scattered qcow2 4k > qcow2 4k", sources.scattered(), 4 * KIB, 4 * KIB),
                  ("scattered qcow2 64k > qcow2", sources.scattered(), cluster, cluster),
                  ("many raw > qcow2", sources.many(), None, cluster),
                  ("many raw > raw", sources.many(), None, None),
                  ("many qcow2 64k > qcow2", sources.many(), cluster, cluster)]
        for name, raw, source_cluster, target_cluster in pairs:
            source, format = raw, "raw"
            if source_cluster:
                source, format = sources.qcow2(raw, source_cluster), "qcow2"
            for kind in ("backup", "mirror"):
                yield self.copy(kind, name, source, format, target_cluster)
            if name != "half raw > raw" and target_cluster == (source_cluster or cluster):
                yield self.stream(name.split(" > ")[0], source, format)

    def chains(self):
        top = self.sources.chain()
        for kind in ("backup", "mirror"):
            yield self.copy(kind, f"chain of {CHAIN} > qcow2", top, "qcow2", 64 * KIB)
        yield self.stream(f"chain of {CHAIN}", top, "qcow2")

    def compressed(self):
        for raw in (self.sources.text(), self.sources.half()):
            for kind in ("zlib", "zstd"):
                yield self.copy("backup", f"{raw.stem} > {kind}", raw, "raw", 64 * KIB,
                                compression=kind)

    def copy(self, kind, name, source, format, cluster, compression=None):
        target_format = "qcow2" if cluster else "raw"
        target = self.folder / f"target.{target_format}"
        size = source_size(source, format)

        def nodes():
            target.unlink(missing_ok=True)
            options = [f"cluster_size={cluster}"] if cluster else []
            options += [f"compression_type={compression}"] if compression else []
            images.create(target, size, target_format, ",".join(options))
            return node("source", format, source, True) + node("target", target_format, target)

        def start(daemon):
            more = {"compress": True} if compression else {}
            daemon.command(f"blockdev-{kind}", job_id="j", device="source", target="target",
                           sync="full", **more)
        copy = (source, format, target, target_format)
        return Case(f"{kind} {name}", nodes, start, copy, ready=kind == "mirror")

    def stream(self, name, source, format):
        target = self.folder / "overlay.qcow2"

        def nodes():
            target.unlink(missing_ok=True)
            images.create(target, backing=source, backing_format=format)
            overlay = node("top", "qcow2", target)
            return node("base", format, source, True) + [overlay[0], overlay[1] + ",backing=base"]

        def start(daemon):
            daemon.command("block-stream", job_id="j", device="top")
        return Case(f"stream {name}", nodes, start, (source, format, target, "qcow2"))

    def commits(self):
        for raw in (self.sources.half(), self.sources.scattered()):
            for active in (False, True):
                yield self.commit(raw, active)

    def commit(self, raw, active):
        base, top = self.folder / "base.qcow2", self.folder / "top.qcow2"
        middle = self.folder / f"middle-{raw.stem}.qcow2"

        def nodes():
            for path in (base, top):
                path.unlink(missing_ok=True)
            images.create(base, SIZE)
            if not middle.exists():
                images.run(images.QEMU_IMG, "convert", "-f", "raw", "-O", "qcow2", raw, middle)
            images.run(images.QEMU_IMG, "rebase", "-u", "-f", "qcow2", "-b", base, "-F", "qcow2",
                       middle)
            file, image = node("middle", "qcow2", middle)
            opened = node("base", "qcow2", base) + [file, image + ",backing=base"]
            if not active:
                images.create(top, backing=middle)
                file, image = node("top", "qcow2", top)
                opened += [file, image + ",backing=middle"]
            return opened

        def start(daemon):
            if active:
                daemon.command("block-commit", job_id="j", device="middle")
            else:
                daemon.command("block-commit", job_id="j", device="top", top_node="middle",
                               base_node="base")
        where = "active layer" if active else "below the top"
        name = f"commit {where} {raw.stem}"
        return Case(name, nodes, start, (raw, "raw", base, "qcow2"), ready=active)

    def creates(self):
        for name, size, more in [("1G", GIB, {}), ("1T", 1024 * GIB, {}),
                                 ("64G metadata", 64 * GIB, {"preallocation": "metadata"}),
                                 ("1G falloc", GIB, {"preallocation": "falloc"}),
                                 ("1G full", GIB, {"preallocation": "full"})]:
            yield self.create(name, size, more)

    def create(self, name, size, more):
        target = self.folder / "created.qcow2"

        def nodes():
            target.write_bytes(b"")
            return [f"file,node-name=file,filename={target}"]

        def start(daemon):
            daemon.command("blockdev-create", job_id="j",
                           options={"driver": "qcow2", "file": "file", "size": size, **more})
        return Case(f"create {name}", nodes, start, (None, None, target, "qcow2"))


def source_size(path, format):
    if format == "raw":
        return path.stat().st_size
    return 4 * GIB if path.stem.startswith("many") else SIZE


def compare(case, programs, folder, cache, runs):
    """Runs a case by both programs in turn. Returns the larger ratio of times."""
    samples = [[], []]
    run = 0
    while run <= runs:
        for program, known in zip(programs, samples):
            sample = case.run(program, folder, cache)
            if run == 0:
                # The first run verifies the copy and fills the host's caches.
                case.verify()
                runs = min(runs, 2) if sample[0] > SLOW_SECONDS else runs
            else:
                known.append(sample)
        run += 1
    own, other = ([statistics.median(column) for column in zip(*known)] for known in samples)
    pairs = list(zip(*samples))
    wall, cpu = (statistics.median(own[i] / other[i] for own, other in pairs) for i in (0, 1))
    marks = " ABOVE" if max(wall, cpu) > LIMIT else ""
    marks += " MEMORY" if own[2] > other[2] else ""
    print(f"{case.name:36} {own[0]:7.3f}{other[0]:8.3f}{wall:6.2f} {own[1]:7.3f}{other[1]:8.3f}"
          f"{cpu:6.2f} {own[2]:7.1f}{other[2]:7.1f}{marks}", flush=True)
    return max(wall, cpu)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", help="our daemon; built in release mode unless given")
    parser.add_argument("--reference", default="qemu-storage-daemon")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, required=True, help="for the images")
    parser.add_argument("--modes", default="no-flush,flush,direct", help="how images are cached")
    parser.add_argument("--only", default="", help="parts of names of cases, separated by |")
    options = parser.parse_args()
    programs = (options.program or build(), options.reference)
    folder = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    caches = {"no-flush": ",cache.no-flush=on", "flush": "", "direct": ",cache.direct=on"}
    worst = (0, "")
    for mode in options.modes.split(","):
        print(f"{mode:36} {'wall s':>7}{'QEMU':>8}{'ratio':>6} {'CPU s':>7}{'QEMU':>8}{'ratio':>6}"
              f" {'MiB':>7}{'QEMU':>7}")
        for case in Cases(folder).all():
            if any(part in case.name for part in options.only.split("|")):
                ratio = compare(case, programs, folder, caches[mode], options.runs)
                worst = max(worst, (ratio, f"{case.name}, {mode}"))
    print(f"worst ratio {worst[0]:.2f}: {worst[1]}")
    sys.exit(0 if worst[0] <= LIMIT else 1)


if __name__ == "__main__":
    main()
