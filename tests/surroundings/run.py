#!/usr/bin/env python3
"""Runs the test binaries of the workspace again, in other surroundings than those of the build.

    run.py [--only NAME] [tmpfs] [spaces] [files] ...

- `tmpfs`: the temporary folder is on a tmpfs.
- `spaces`: the checkout, the binaries and the temporary folder are in a path with spaces.
- `files`: the process may open 256 files.

Without names, all three. Cargo builds the binaries, if necessary, and does not run them. The tests
of compile errors are left out, because they build.
"""

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = ["--skip", "macros::ui::each_mistake"]
TIMEOUT = 600
"""Seconds for one binary."""


class Binary:
    """A test binary, with the folder of its package and the programs of the package."""

    def __init__(self, path, package):
        self.path, self.package = Path(path), Path(package)
        self.programs = {}

    def moved(self, folder):
        """The binary and its programs in a copy of the checkout in `folder`."""
        # Test binaries are in `target/PROFILE/deps`.
        target = self.path.parents[2]

        def place(path):
            copy = folder / "target" / path.relative_to(target)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if not copy.exists():
                link_or_copy(path, copy)
            return copy
        other = Binary(place(self.path), folder / self.package.relative_to(ROOT))
        other.programs = {name: place(path) for name, path in self.programs.items()}
        return other

    def run(self, limit, environment):
        """Runs the binary. Returns its output, and whether all tests passed."""
        programs = {f"CARGO_BIN_EXE_{name}": str(path) for name, path in self.programs.items()}
        environment = {**environment, **programs, "CARGO_MANIFEST_DIR": str(self.package)}
        try:
            ran = subprocess.run(
                [self.path, *LEFT_OUT], cwd=self.package, env=environment, timeout=TIMEOUT,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                preexec_fn=limit)
        except subprocess.TimeoutExpired as error:
            return (error.stdout or b"").decode(errors="replace") + "\ntime-out", False
        return ran.stdout.decode(errors="replace"), ran.returncode == 0


def link_or_copy(path, copy):
    """Puts a file at another place, without copying its data where that is possible."""
    try:
        os.link(path, copy)
    except OSError:
        shutil.copy(path, copy)


def binaries():
    """The test binaries of the workspace."""
    command = ["cargo", "test", "--workspace", "--no-run", "--message-format=json"]
    built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    tests, programs = [], {}
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if not message.get("executable"):
            continue
        package = str(Path(message["manifest_path"]).parent)
        if message["profile"]["test"]:
            tests.append(Binary(message["executable"], package))
        elif "bin" in message["target"]["kind"]:
            name = message["target"]["name"]
            programs.setdefault(package, {})[name] = Path(message["executable"])
    for test in tests:
        test.programs = programs.get(str(test.package), {})
    return tests


def environment(folder):
    """The environment of the tests, with `folder` as the temporary folder."""
    libraries = subprocess.run(["rustc", "--print", "target-libdir"], stdout=subprocess.PIPE,
                               text=True, check=True).stdout.strip()
    # The tests of procedural macros link a library of the compiler.
    return {**os.environ, "TMPDIR": str(folder), "LD_LIBRARY_PATH": libraries}


def copy_checkout(folder):
    """Copies the files under version control."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=ROOT, stdout=subprocess.PIPE, check=True)
    for name in listed.stdout.decode().split("\0"):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def limit_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))


def is_tmpfs(folder):
    ran = subprocess.run(["stat", "-f", "-c", "%T", folder], stdout=subprocess.PIPE, text=True)
    return ran.stdout.strip() == "tmpfs"


def run(surroundings, tests):
    """Runs the tests in one kind of surroundings. Returns the names of the failed binaries."""
    parent, limit = None, None
    if surroundings == "tmpfs":
        parent = "/dev/shm"
        if not is_tmpfs(parent):
            print(f"skipped: {parent} is no tmpfs")
            return []
    elif surroundings == "files":
        limit = limit_files
    with tempfile.TemporaryDirectory(prefix="surroundings-", dir=parent) as folder:
        temporary = Path(folder)
        # Some tests connect as another user.
        temporary.chmod(0o755)
        if surroundings == "spaces":
            checkout = ROOT / "target/a path with spaces"
            shutil.rmtree(checkout, ignore_errors=True)
            copy_checkout(checkout)
            tests = [test.moved(checkout) for test in tests]
            temporary = temporary / "a folder with spaces"
            temporary.mkdir()
        failed, passed, skipped = [], 0, set()
        for test in tests:
            output, is_success = test.run(limit, environment(temporary))
            passed += sum(map(int, re.findall(r"^test result: .* (\d+) passed", output, re.M)))
            skipped.update(re.findall(r"^skipped: .*", output, re.M))
            if not is_success:
                print(f"{test.path.name} in {test.package}:\n{output}")
                failed.append(test.path.name)
    print("\n".join([f"{surroundings}: {passed} tests passed", *sorted(skipped)]), flush=True)
    return [f"{surroundings}: {name}" for name in failed]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="the beginning of the names of the binaries to run")
    parser.add_argument("surroundings", nargs="*", metavar="tmpfs|spaces|files")
    options = parser.parse_args()
    tests = [test for test in binaries() if test.path.name.startswith(options.only or "")]
    failed = []
    for surroundings in options.surroundings or ["tmpfs", "spaces", "files"]:
        failed += run(surroundings, tests)
    print("\n".join(["", "Failed:", *failed] if failed else []))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
