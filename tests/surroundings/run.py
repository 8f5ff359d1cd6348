#!/usr/bin/env python3
"""Runs the test binaries of the workspace again, in other surroundings than those of the build.

    run.py [--package NAME]... [--only NAME] [SURROUNDINGS[+SURROUNDINGS]...] ...

- `tmpfs`: the temporary folder is on a tmpfs.
- `spaces`: the checkout, the binaries and the temporary folder are in a path with spaces.
- `files`: the process may open 256 files.
- `user`: the process runs as an ordinary user. Only root can do this.
- `umask-000`, `umask-077`: new files have all permissions, or none for others.
- `locale-turkish`, `locale-c`, `locale-none`: the locale. The first is possible where it is
  installed.
- `no-qemu`: no folder of `PATH` has a program of QEMU.
- `other-qemu`: the programs of QEMU say that they have version 7.2.18.

A sign `+` combines surroundings in one run. Without names, all surroundings are tried in few runs.
Cargo builds the binaries, if necessary, and does not run them. As many binaries run at once as the
machine has processors. The tests in `LEFT_OUT` and the packages in `WITHOUT_FILES` do not run.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = ["--skip=macros::ui::each_mistake", "--skip=model::", "--skip=tidy::"]
"""Tests that build, or that take long and depend on no surroundings."""
WITHOUT_FILES = ("qapi-macros", "tests/interleavings", "tests/downstream", "tests/editions",
                 "tests/no_tokio", "tests/thousand", "benches")
"""Folders of packages whose tests use no files, no paths and few descriptors."""
TIMEOUT = 1200
"""Seconds for one binary."""
FILES = 256
"""The limit on open files."""
ORDINARY_USER = 65534
"""The user and group without permissions, on Linux."""
OTHER_VERSION = "7.2.18"
"""A version of QEMU that no recording is from."""
KINDS = ["tmpfs", "spaces", "files", "user", "umask-000", "umask-077", "locale-turkish", "locale-c",
         "locale-none", "no-qemu", "other-qemu"]
RUNS = ["tmpfs+spaces+files", "user+umask-077+locale-c", "umask-000+no-qemu+locale-none",
        "other-qemu"]


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

    def run(self, prefix, process, environment):
        """Runs the binary. Returns its output, whether all tests passed, and the seconds that it
        took. `prefix` is a command that executes its arguments; `process` has further arguments of
        `subprocess.run`."""
        start = time.monotonic()
        programs = {f"CARGO_BIN_EXE_{name}": str(path) for name, path in self.programs.items()}
        environment = {**environment, **programs, "CARGO_MANIFEST_DIR": str(self.package)}
        try:
            ran = subprocess.run(
                [*prefix, self.path, *LEFT_OUT], cwd=self.package, env=environment, timeout=TIMEOUT,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                **process)
        except subprocess.TimeoutExpired as error:
            output = (error.stdout or b"").decode(errors="replace")
            return output + "\ntime-out", False, TIMEOUT
        output = ran.stdout.decode(errors="replace")
        return output, ran.returncode == 0, time.monotonic() - start


def link_or_copy(path, copy):
    """Puts a file at another place, without copying its data where that is possible."""
    try:
        os.link(path, copy)
    except OSError:
        shutil.copy(path, copy)


def binaries(packages):
    """The test binaries of these packages; without names, of the workspace."""
    chosen = [f"--package={name}" for name in packages or []] or ["--workspace"]
    command = ["cargo", "test", *chosen, "--no-run", "--message-format=json"]
    built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    tests, programs = [], {}
    left_out = () if packages else tuple(str(ROOT / folder) for folder in WITHOUT_FILES)
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if not message.get("executable"):
            continue
        package = str(Path(message["manifest_path"]).parent)
        if message["profile"]["test"] and not package.startswith(left_out):
            tests.append(Binary(message["executable"], package))
        elif "bin" in message["target"]["kind"]:
            name = message["target"]["name"]
            programs.setdefault(package, {})[name] = Path(message["executable"])
    for test in tests:
        test.programs = programs.get(str(test.package), {})
    return tests


def copy_checkout(folder):
    """Copies the files under version control."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=ROOT, stdout=subprocess.PIPE, check=True)
    for name in listed.stdout.decode().split("\0"):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def copy_libraries(folder):
    """Copies the libraries of the compiler, which may be in a folder that only root may enter. The
    tests of procedural macros link them."""
    libraries = subprocess.run(["rustc", "--print", "target-libdir"], stdout=subprocess.PIPE,
                               text=True, check=True).stdout.strip()
    folder.mkdir()
    for library in Path(libraries).glob("*.so"):
        shutil.copy(library, folder)


def without_qemu(folder):
    """A folder with all programs of `PATH` but those of QEMU."""
    folder.mkdir()
    for parent in os.environ["PATH"].split(os.pathsep):
        for program in Path(parent).iterdir() if Path(parent).is_dir() else []:
            link = folder / program.name
            if not program.name.startswith("qemu-") and not link.is_symlink():
                link.symlink_to(program)
    return folder


def other_qemu(folder):
    """A folder with programs that execute those of QEMU, and say that they have another version."""
    folder.mkdir()
    for name in ("qemu-img", "qemu-io", "qemu-nbd", "qemu-storage-daemon"):
        if program := shutil.which(name):
            script = folder / name
            script.write_text('#!/bin/sh\n'
                              f'[ "$1" = --version ] && exec echo {name} version {OTHER_VERSION}\n'
                              f'exec {program} "$@"\n')
            script.chmod(0o755)
    return folder


def turkish():
    """The name of the Turkish locale; None if the machine has none."""
    listed = subprocess.run(["locale", "-a"], stdout=subprocess.PIPE, text=True).stdout.split()
    return next((name for name in listed if name.startswith("tr_TR.")), None)


def is_tmpfs(folder):
    ran = subprocess.run(["stat", "-f", "-c", "%T", folder], stdout=subprocess.PIPE, text=True)
    return ran.stdout.strip() == "tmpfs"


def obstacle(kinds, tests):
    """Why the surroundings are impossible on this machine; None if they are possible."""
    if "tmpfs" in kinds and not is_tmpfs("/dev/shm"):
        return "/dev/shm is no tmpfs"
    if "locale-turkish" in kinds and turkish() is None:
        return "the Turkish locale is not installed"
    if "user" in kinds:
        if os.geteuid() != 0:
            return "only root can run tests as another user"
        enters = ["test", "-x", tests[0].path]
        user = {"user": ORDINARY_USER, "group": ORDINARY_USER, "extra_groups": []}
        if subprocess.run(enters, **user).returncode != 0:
            return "another user may not enter the folder of the checkout"
    return None


def prefix(kinds):
    """The command that limits a process, and executes its arguments."""
    if "files" not in kinds:
        return []
    return ["sh", "-c", f'ulimit -n {FILES} && exec "$@"', "sh"]


def process(kinds):
    """The arguments of `subprocess.run` for the surroundings."""
    arguments = {}
    if "user" in kinds:
        arguments.update(user=ORDINARY_USER, group=ORDINARY_USER, extra_groups=[])
    for kind in kinds:
        if kind.startswith("umask-"):
            arguments["umask"] = int(kind.removeprefix("umask-"), 8)
    return arguments


def environment(kinds, folder, temporary):
    """The environment of the tests. `folder` may have further files for it."""
    copy_libraries(folder / "lib")
    variables = {**os.environ, "TMPDIR": str(temporary), "LD_LIBRARY_PATH": str(folder / "lib")}
    if "user" in kinds:
        variables["HOME"] = str(temporary)
    if any(kind.startswith("locale-") for kind in kinds):
        for name in [name for name in variables if name == "LANG" or name.startswith("LC_")]:
            del variables[name]
    if "locale-turkish" in kinds:
        variables["LC_ALL"] = turkish()
    if "locale-c" in kinds:
        variables["LC_ALL"] = "C"
    if "no-qemu" in kinds:
        variables["PATH"] = str(without_qemu(folder / "bin"))
    if "other-qemu" in kinds:
        variables["PATH"] = f"{other_qemu(folder / 'bin')}:{variables['PATH']}"
    if "no-qemu" in kinds or "other-qemu" in kinds:
        variables.pop("QAPI_REQUIRE_PEERS", None)
    return variables


def run(kinds, tests):
    """Runs the tests in surroundings. Returns the names of the failed binaries."""
    name = "+".join(kinds)
    if reason := obstacle(kinds, tests):
        print(f"skipped: {name}: {reason}", flush=True)
        return []
    parent = "/dev/shm" if "tmpfs" in kinds else None
    with tempfile.TemporaryDirectory(prefix="surroundings-", dir=parent) as folder:
        folder = Path(folder)
        # Some tests connect as another user.
        folder.chmod(0o755)
        temporary = folder / ("a folder with spaces" if "spaces" in kinds else "tmp")
        temporary.mkdir()
        if "spaces" in kinds:
            checkout = ROOT / "target/a path with spaces"
            shutil.rmtree(checkout, ignore_errors=True)
            copy_checkout(checkout)
            tests = [test.moved(checkout) for test in tests]
        if "user" in kinds:
            os.chown(temporary, ORDINARY_USER, ORDINARY_USER)
        variables = environment(kinds, folder, temporary)
        return run_all(name, tests, lambda test: test.run(prefix(kinds), process(kinds), variables))


def run_all(name, tests, execute):
    """Executes all tests, several at once, and prints a summary. Returns the names of the failed
    binaries."""
    failed, passed, skipped, times = [], 0, set(), []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for test, (output, is_success, seconds) in zip(tests, pool.map(execute, tests)):
            passed += sum(map(int, re.findall(r"^test result: .* (\d+) passed", output, re.M)))
            skipped.update(re.findall(r"^skipped: .*", output, re.M))
            times.append((seconds, test.path.name))
            if not is_success:
                print(f"{test.path.name} in {test.package}:\n{without_passed(output)}")
                failed.append(f"{name}: {test.path.name}")
    slowest = ", ".join(f"{binary} {seconds:.0f} s" for seconds, binary in sorted(times)[:-4:-1])
    print("\n".join([f"{name}: {passed} tests passed; slowest: {slowest}", *sorted(skipped)]),
          flush=True)
    return failed


def without_passed(output):
    """The output of a test binary without the tests that passed."""
    return "\n".join(line for line in output.splitlines() if not line.endswith(" ... ok"))


def kinds(text):
    """The surroundings of an argument."""
    names = text.split("+")
    if unknown := [name for name in names if name not in KINDS]:
        raise argparse.ArgumentTypeError(f"{unknown[0]} is none of {', '.join(KINDS)}")
    return names


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="the beginning of the names of the binaries to run")
    parser.add_argument("surroundings", nargs="*", type=kinds, metavar="SURROUNDINGS")
    parser.add_argument("--package", action="append", help="a package with binaries to run")
    options = parser.parse_args()
    start = options.only or ""
    tests = [test for test in binaries(options.package) if test.path.name.startswith(start)]
    failed = []
    for surroundings in options.surroundings or map(kinds, RUNS):
        failed += run(surroundings, tests)
    print("\n".join(["", "Failed:", *failed] if failed else []))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
