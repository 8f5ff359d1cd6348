#!/usr/bin/env python3
"""Makes the images that the fuzzer of images damages: fuzz/image/images/make.py [KIND ...]

Needs qemu-img and qemu-io. The files of each kind are in a folder of its name. An image consists
mostly of zeroes, so a file is stored as the zlib stream of its length and of those sectors of 512
bytes that are not zero, each after its number (both are 64-bit, big-endian).
"""

import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
SECTOR = 512
K, M = 1 << 10, 1 << 20

# Kind: options of qemu-img create, size in bytes, cluster size in bytes.
KINDS = {
    "v2": ("compat=0.10,cluster_size=4096", 3 * M, 4 * K),
    "v3": ("", M, 64 * K),
    "cluster-512": ("cluster_size=512", 96 * K, 512),
    "cluster-4k": ("cluster_size=4096", 3 * M, 4 * K),
    "cluster-2m": ("cluster_size=2M", 8 * M, 2 * M),
    "refcount-1": ("refcount_bits=1,cluster_size=4096", 3 * M, 4 * K),
    "refcount-64": ("refcount_bits=64,cluster_size=4096", 3 * M, 4 * K),
    "lazy": ("lazy_refcounts=on,cluster_size=4096", 3 * M, 4 * K),
    "extended-l2": ("extended_l2=on,cluster_size=16k", 2 * M, 16 * K),
    "zlib": ("cluster_size=4096", 3 * M, 4 * K),
    "zstd": ("compression_type=zstd,cluster_size=4096", 3 * M, 4 * K),
    "data-file": ("data_file=data,cluster_size=4096", 3 * M, 4 * K),
    "data-file-raw": ("data_file=data,data_file_raw=on,cluster_size=4096", 3 * M, 4 * K),
    "backing": ("backing_file=base,backing_fmt=qcow2,cluster_size=4096", 3 * M, 4 * K),
    "snapshot": ("cluster_size=4096", 3 * M, 4 * K),
    "bitmap": ("cluster_size=4096", 3 * M, 4 * K),
}


def run(*arguments):
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)


def write(image, *writes):
    """Executes commands of qemu-io."""
    run("qemu-io", "-f", "qcow2", *(word for write in writes for word in ("-c", write)), image)


def pattern(byte, offset, length):
    return f"write -P {byte} {offset} {length}"


def scattered(size, cluster):
    """Data over the image with holes, a part of a cluster, and zeroes."""
    unit = max(cluster, 4 * K)
    places = [0, 1, 2, 5, 7]
    if size > 2 * M:
        places += [510, 511, 512, 600]
    elif size // unit > 16:
        places += [15, 16, 17, size // unit - 1]
    places = [place for place in places if (place + 1) * unit <= size]
    # Large clusters are partly filled, so that the image is written quickly.
    commands = [pattern(place % 200 + 17, place * unit, min(unit, 64 * K)) for place in places]
    if size // unit > 9:
        commands.append(pattern(99, 8 * unit + unit // 2, unit // 4))
        commands.append(f"write -z {9 * unit} {unit}")
    commands.append(f"write -z {2 * unit} {unit}")
    return commands


def make(kind):
    options, size, cluster = KINDS[kind]
    if kind == "backing":
        run("qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=8192", "base",
            str(2 * M + 8 * K))
        write("base", pattern(201, 0, 64 * K), pattern(202, M, 64 * K),
              pattern(203, 2 * M - 4 * K, 12 * K))
    arguments = ["-o", options] if options else []
    run("qemu-img", "create", "-q", "-f", "qcow2", *arguments, "image", str(size))
    if kind == "snapshot":
        write("image", *scattered(size, cluster))
        run("qemu-img", "snapshot", "-c", "first", "image")
        write("image", pattern(211, 4 * K, 8 * K), pattern(212, 2 * M, 8 * K))
        run("qemu-img", "snapshot", "-c", "second", "image")
        write("image", pattern(213, 8 * K, 8 * K))
        return
    if kind in ("zlib", "zstd"):
        for place in (0, 1, 2, 3, 520):
            write("image", f"write -c -P {place % 200 + 31} {place * cluster} {cluster}")
        write("image", pattern(44, 5 * cluster, 2 * cluster), pattern(45, 2 * M, cluster))
        return
    write("image", *scattered(size, cluster))
    if kind == "bitmap":
        run("qemu-img", "bitmap", "--add", "-g", "4096", "image", "enabled")
        run("qemu-img", "bitmap", "--add", "--disable", "image", "disabled")
        write("image", pattern(221, 12 * K, 8 * K), pattern(222, 2 * M, 4 * K))


def pack(data):
    sectors = (data[at:at + SECTOR] for at in range(0, len(data), SECTOR))
    parts = [struct.pack(">Q", len(data))]
    for number, sector in enumerate(sectors):
        if sector.strip(b"\0"):
            parts.append(struct.pack(">Q", number) + sector.ljust(SECTOR, b"\0"))
    return zlib.compress(b"".join(parts), 9)


def main():
    for kind in sys.argv[1:] or KINDS:
        folder = os.path.join(HERE, kind)
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder)
        with tempfile.TemporaryDirectory() as scratch:
            os.chdir(scratch)
            make(kind)
            for name in sorted(os.listdir(".")):
                with open(name, "rb") as file:
                    packed = pack(file.read())
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(packed)
            os.chdir(HERE)


if __name__ == "__main__":
    main()
