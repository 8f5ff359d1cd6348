"""The images of a scenario: `images` are made before the daemon starts, `verify` inspects them
after it has exited. README.md describes both."""

import hashlib
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
import images
from images import QEMU_IMG, pattern, run

INFO = ["format", "virtual-size", "cluster-size", "backing-filename", "backing-filename-format"]


def number(value):
    """A number of bytes, as 65536, "64k" or "1M"."""
    if isinstance(value, int):
        return value
    factor = {"k": 1 << 10, "M": 1 << 20}.get(value[-1])
    return int(value[:-1]) * factor if factor else int(value)


def make(folder, wanted):
    for image in wanted:
        path = os.path.join(folder, image["path"])
        if image.get("dir"):
            os.mkdir(path)
            continue
        format = image.get("fmt", "raw")
        if format == "bytes":
            Path(path).write_bytes(pattern(image["path"], number(image["size"])))
        elif format == "raw":
            make_raw(path, image)
        else:
            make_formatted(folder, path, format, image)
        for name in image.get("snapshots", []):
            run(QEMU_IMG, "snapshot", "-q", "-c", name, path, cwd=folder)
        for name, *options in image.get("bitmaps", []):
            run(QEMU_IMG, "bitmap", "--add", "-f", format, *options, path, name, cwd=folder)
        for commands in image.get("io", []):
            images.io(path, format, commands, cwd=folder)
        if image.get("pad"):
            os.truncate(path, number(image["pad"]))
        if image.get("mode") is not None:
            os.chmod(path, int(image["mode"], 8))


def make_raw(path, image):
    with open(path, "wb") as file:
        file.truncate(number(image["size"]))
        for offset, length, seed in image.get("fill", []):
            file.seek(number(offset))
            file.write(pattern(seed, number(length)))


def make_formatted(folder, path, format, image):
    backing = image.get("backing")
    images.create(path, number(image["size"]) if "size" in image else None, format,
                  image.get("opts"), backing and backing.replace("$DIR", folder),
                  image.get("backing_fmt", "qcow2"), cwd=folder)
    commands, written = [], []
    for index, (offset, length, seed) in enumerate(image.get("fill", [])):
        # Commands of qemu-io accept no spaces in names, so the name has no folder.
        name = f".pattern{index}"
        written.append(os.path.join(folder, name))
        Path(written[-1]).write_bytes(pattern(seed, number(length)))
        commands.append(f"write -s {name} {number(offset)} {number(length)}")
    if commands:
        images.io(path, format, commands, cwd=folder)
    for file in written:
        os.unlink(file)


def verify(folder, checks):
    """What `verify` of a scenario asks of its images."""
    found = {}
    for check in checks:
        path, name = os.path.join(folder, check["path"]), check["path"]
        if not os.path.exists(path):
            found[name] = "absent"
        elif check.get("snapshot"):
            digest = sha256(path, check.get("fmt", "raw"), check["snapshot"])
            found[f"{name}@{check['snapshot']}"] = digest and {"sha256": digest} or "unreadable"
        else:
            found[name] = inspect(path, check, folder)
    return found


def sha256(path, format, snapshot=None):
    data = images.contents(path, format, snapshot)
    return None if data is None else hashlib.sha256(data).hexdigest()


def inspect(path, check, folder):
    format, found = check.get("fmt", "raw"), {}
    if check.get("hash", True):
        found["sha256"] = sha256(path, format) or "unreadable"
    if check.get("info", True):
        ran = run(QEMU_IMG, "info", "-f", format, "--output=json", path, check=False, cwd=folder)
        found["info"] = "unreadable" if ran.returncode else info(json.loads(ran.stdout), check)
    if format == "qcow2" and check.get("check", True):
        status, report, _ = images.check(path)
        found["check"] = {"rc": status, "corruptions": report.get("corruptions", 0)}
        if check.get("leaks", True):
            found["check"]["leaks"] = report.get("leaks", 0)
        else:
            # 3 says that clusters have leaked and nothing else is wrong.
            found["check"]["rc"] = 0 if status in (0, 3) else status
    if check.get("hash", True) and check.get("map"):
        ran = run(QEMU_IMG, "map", "-f", format, "--output=json", path, check=False, cwd=folder)
        found["map"] = joined(json.loads(ran.stdout), ["depth", "zero", "data"])
    return found


def info(report, check):
    found = {name: report[name] for name in INFO if name in report}
    specific = report.get("format-specific", {}).get("data", {})
    for name in check.get("specific", []):
        found[name] = specific.get(name)
    bitmaps = specific.get("bitmaps", [])
    if check.get("bitmaps") == "full":
        sort = ({**one, "flags": sorted(one.get("flags", []))} for one in bitmaps)
        found["bitmaps"] = sorted(sort, key=lambda one: one["name"])
    elif check.get("bitmaps"):
        found["bitmaps"] = sorted(one["name"] for one in bitmaps)
    if check.get("snapshots"):
        found["snapshots"] = [[one["id"], one["name"]] for one in report.get("snapshots", [])]
    return found


def joined(extents, fields):
    """The extents of `qemu-img map` as [start, length, *fields], equal neighbours as one."""
    found = []
    for extent in extents:
        kind = [extent.get(name) for name in fields]
        if found and found[-1][2:] == kind:
            found[-1][1] += extent["length"]
        else:
            found.append([extent["start"], extent["length"], *kind])
    return found
