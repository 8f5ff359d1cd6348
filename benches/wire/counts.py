#!/usr/bin/env python3
"""Counts the instructions of a dispatch, from bytes to bytes, for requests of each shape.

Fails if a count is more than 3 percent above the committed one, in instructions.json. callgrind
repeats the counts to the digit, but another compiler gives others: `--bless` writes the file anew.
The program is built without optimisation across crates, as `.ci/run` builds it, so the counts are
somewhat above those of a release, which measure.py prints.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = REPOSITORY / "target/release/wire-benchmark"
COMMITTED = Path(__file__).with_name("instructions.json")
SHAPES = ("none", "one", "two", "nested")
TOLERANCE = 0.03
FAST_BUILD = {"CARGO_PROFILE_RELEASE_LTO": "off", "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16"}


def build(profile=None):
    """Builds the program. `profile` has variables that change the release profile."""
    subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "wire-benchmark"],
                   cwd=REPOSITORY, env={**os.environ, **(profile or {})}, check=True)


def run(*arguments, prefix=()):
    command = [*prefix, str(PROGRAM), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True)


def instructions(*words, few, many, commands):
    """Instructions of one round: the difference between `many` and `few` rounds, for each round."""

    def count(rounds):
        prefix = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
        output = run(*words, rounds, commands, prefix=prefix).stderr
        return int(re.search(r"Collected : (\d+)", output).group(1))

    return (count(many) - count(few)) / (many - few)


def dispatch(shape):
    """Instructions of one dispatch among 1,000 commands."""
    return round(instructions("dispatch", shape, few=1000, many=6000, commands=1000))


def compiler():
    return subprocess.run(["rustc", "--version"], check=True, capture_output=True,
                          text=True).stdout.strip()


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--bless", action="store_true", help="write instructions.json anew")
    options = options.parse_args()
    build(FAST_BUILD)
    counts = {shape: dispatch(shape) for shape in SHAPES}
    if options.bless:
        text = json.dumps({"compiler": compiler(), "counts": counts}, indent=2)
        COMMITTED.write_text(text + "\n")
    committed = json.loads(COMMITTED.read_text())
    above = []
    for shape, count in counts.items():
        before = committed["counts"][shape]
        print(f"{shape:8} {count:6} instructions, {100 * (count / before - 1):+.1f} %")
        if count > before * (1 + TOLERANCE):
            above.append(shape)
    if above:
        if committed["compiler"] != compiler():
            print(f"the committed counts are of {committed['compiler']}")
        sys.exit(f"more than {TOLERANCE:.0%} above the committed counts: {', '.join(above)}")


if __name__ == "__main__":
    main()
