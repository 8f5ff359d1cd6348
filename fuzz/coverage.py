"""Prints the line coverage of the files below a folder, from LCOV data of several programs."""

import sys
from collections import defaultdict
from pathlib import Path


def read(lines, folder):
    """The executions of each line, by file."""
    root = f"{Path.cwd()}/"
    counts = defaultdict(lambda: defaultdict(int))
    path = ""
    for line in lines:
        kind, _, value = line.strip().partition(":")
        if kind == "SF":
            path = value.removeprefix(root)
        elif kind == "DA" and path.startswith(folder) and "/tests/" not in path:
            number, count = value.split(",")[:2]
            counts[path][int(number)] += int(count)
    return counts


def main():
    counts = read(sys.stdin, sys.argv[1])
    total = executed = 0
    for path, lines in sorted(counts.items()):
        missed = sorted(number for number, count in lines.items() if count == 0)
        total += len(lines)
        executed += len(lines) - len(missed)
        share = 100 - 100 * len(missed) / len(lines)
        print(f"{path} {share:.1f} %; not executed: {' '.join(map(str, missed)) or 'none'}")
    print(f"{executed} of {total} lines: {100 * executed / max(total, 1):.1f} %")


if __name__ == "__main__":
    main()
