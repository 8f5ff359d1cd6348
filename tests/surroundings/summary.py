#!/usr/bin/env python3
"""Runs all tests of the workspace, and ends with a summary.

Arguments are passed to `cargo test`; `--workspace --no-fail-fast` is the default. The output of
`cargo test` appears unchanged. The exit status is that of `cargo test`.
"""

import re
import subprocess
import sys

RESULT = re.compile(r"test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored")


class Summary:
    """What the lines of `cargo test` report in total."""

    def __init__(self):
        self.binaries = 0
        self.counts = [0, 0, 0]
        self.failed, self.skipped = [], []

    def read(self, line):
        """Takes one line into account."""
        if found := RESULT.match(line):
            self.binaries += 1
            counts = map(int, found.groups())
            self.counts = [before + count for before, count in zip(self.counts, counts)]
        elif found := re.match(r"test (.+) \.\.\. FAILED", line):
            self.failed.append(found.group(1))
        elif line.startswith("skipped: ") and line not in self.skipped:
            self.skipped.append(line)

    def __str__(self):
        passed, failed, ignored = self.counts
        lines = [f"{self.binaries} test binaries and sets of doc tests: "
                 f"{passed} passed, {failed} failed, {ignored} ignored"]
        lines += [f"failed: {name}" for name in self.failed]
        return "\n".join(lines + self.skipped)


def main():
    arguments = sys.argv[1:] or ["--workspace", "--no-fail-fast"]
    summary = Summary()
    with subprocess.Popen(["cargo", "test", *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace") as tests:
        for line in tests.stdout:
            print(line, end="", flush=True)
            summary.read(line.rstrip("\n"))
    print(f"\n{summary}")
    return tests.returncode


if __name__ == "__main__":
    sys.exit(main())
