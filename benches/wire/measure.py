#!/usr/bin/env python3
"""Measures the way of a command from the socket to its function and back.

Instructions are counted by callgrind and system calls by strace; both repeat to the digit or
nearly. Rates are compared with those of a bare server, which does nothing but answer each line:
the two by turns, pinned to one processor with their client, medians. As server and client share
the processor, the time that both spend on it is what the rate depends on; it is taken instead of
the time that passes, which others on the machine have a part in. Latencies know no such way out:
they mean something on an idle machine only. Ends with failure if a limit is missed.
"""

import argparse
import os
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = REPOSITORY / "target/release/wire-benchmark"
PATIENCE = 30
COMMANDS = 1000
REQUEST = '{"execute":"bench-pause","arguments":{"id":"j0"},"id":17}'
REPLY_SIZE = 26
SCHEMA = '{"execute":"query-qmp-schema"}'


class Verdicts:
    """What was measured, with what must hold and what is aimed at."""

    def __init__(self):
        self.missed = []

    def add(self, what, value, must, goal, at_least=False):
        holds = (lambda limit: value >= limit) if at_least else (lambda limit: value <= limit)
        verdict = "goal met" if holds(goal) else "limit met" if holds(must) else "MISSED"
        sign = "≥" if at_least else "≤"
        print(f"{what:58} {value:10.2f}   must {sign} {must:<7} goal {sign} {goal:<7} {verdict}")
        if not holds(must):
            self.missed.append(what)


def run(*arguments, prefix=()):
    command = [*prefix, str(PROGRAM), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True)


def instructions(word, few, many, commands):
    """Instructions of one round: those of many less those of few."""

    def count(rounds):
        prefix = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
        said = run(word, rounds, commands, prefix=prefix).stderr
        return int(re.search(r"Collected : (\d+)", said).group(1))

    return (count(many) - count(few)) / (many - few)


class Server:
    """One of the two servers, on one processor."""

    def __init__(self, *arguments, trace=None):
        self.path = arguments[1]
        Path(self.path).unlink(missing_ok=True)
        prefix = ["strace", "-c", "-f", "-o", trace] if trace else []
        command = [*prefix, "taskset", "-c", "0", str(PROGRAM), *map(str, arguments)]
        self.process = subprocess.Popen(command)
        start = time.monotonic()
        while not self.reached():
            if time.monotonic() - start > PATIENCE or self.process.poll() is not None:
                raise RuntimeError(f"{arguments} does not serve")
            time.sleep(0.01)

    def reached(self):
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(self.path)
            return True
        except OSError:
            return False

    def processor_seconds(self):
        text = Path(f"/proc/{self.process.pid}/schedstat").read_text()
        return int(text.split()[0]) / 1e9

    def load(self, clients, window, count, request=REQUEST):
        """Requests per second of processor time, and the latency that 999 of 1,000 keep, in
        nanoseconds."""
        arguments = ("load", self.path, clients, window, count, request)
        server, client = self.processor_seconds(), resource.getrusage(resource.RUSAGE_CHILDREN)
        latency = run(*arguments, prefix=["taskset", "-c", "0"]).stdout.split()[1]
        server, before = self.processor_seconds() - server, client
        client = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = client.ru_utime + client.ru_stime - before.ru_utime - before.ru_stime
        return 1.1 * count / (server + spent), float(latency)

    def end(self):
        self.process.terminate()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def rates(folder, rounds, clients, window, count, request=REQUEST, size=REPLY_SIZE):
    """Our rate and latency, each divided by those of the bare server."""
    ours, bare = [], []
    with Server("serve", f"{folder}/ours", COMMANDS) as server, \
            Server("bare", f"{folder}/bare", size) as limit:
        for _ in range(rounds):
            ours.append(server.load(clients, window, count, request))
            bare.append(limit.load(clients, window, count, request))
    median = lambda of, index: statistics.median(found[index] for found in of)
    return median(ours, 0) / median(bare, 0), median(ours, 1) / median(bare, 1)


def system_calls(folder, window, count):
    """System calls for one request, with so many under way."""
    trace = f"{folder}/trace"

    def calls(requests):
        with Server("serve", f"{folder}/traced", COMMANDS, trace=trace) as server:
            server.load(1, window, requests)
            tracer = server.process.pid
            children = Path(f"/proc/{tracer}/task/{tracer}/children").read_text().split()
            for child in children:
                os.kill(int(child), signal.SIGTERM)
            server.process.wait()
        return int(re.search(r"(\d+)\s+(?:\d+ )?total", Path(trace).read_text()).group(1))

    few = count // 10
    # The load sends a tenth more before it counts.
    return (calls(count) - calls(few)) / ((count - few) * 1.1)


def memory_of_idle_clients(folder, clients):
    """Anonymous memory of the server for each client that has negotiated, in bytes."""
    with Server("serve", f"{folder}/idle", COMMANDS) as server:
        def anonymous():
            text = Path(f"/proc/{server.process.pid}/smaps_rollup").read_text()
            return int(re.search(r"^Anonymous:\s+(\d+)", text, re.M).group(1)) << 10

        warm = [negotiated(server.path) for _ in range(10)]
        before = anonymous()
        idle = [negotiated(server.path) for _ in range(clients)]
        after = anonymous()
        del warm, idle
    return (after - before) / clients


def negotiated(path):
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    client.sendall(b'{"execute": "qmp_capabilities"}\n')
    said = b""
    while said.count(b"\n") < 2:
        said += client.recv(4096)
    return client


def schema_size(folder):
    with Server("serve", f"{folder}/schema", COMMANDS) as server:
        client = negotiated(server.path)
        client.sendall(SCHEMA.encode())
        size = 0
        while True:
            said = client.recv(1 << 20)
            size += len(said)
            if said.endswith(b"\n"):
                return size


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=7, help="how often each rate is taken")
    options.add_argument("--counts-only", action="store_true",
                         help="neither rates nor latencies")
    options = options.parse_args()
    limit, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "wire-benchmark"],
                   cwd=REPOSITORY, check=True)
    verdicts = Verdicts()
    verdicts.add("instructions, one dispatch among 1,000 commands",
                 instructions("dispatch", 1000, 11000, COMMANDS), 3500, 2000)
    few, many = (instructions("look-up", 1000, 101000, commands) for commands in (10, 10000))
    print(f"{'instructions, one look-up among 10 and 10,000 commands':58} {few:.0f}, {many:.0f}")
    verdicts.add("growth of a look-up, percent", round(100 * (many / few - 1)), 10, 0)
    start_ups = [int(run("start-up", COMMANDS).stdout) / 1000 for _ in range(15)]
    verdicts.add("start-up, microseconds", statistics.median(start_ups), 300, 80)
    with tempfile.TemporaryDirectory() as folder:
        verdicts.add("anonymous memory of an idle client, bytes",
                     memory_of_idle_clients(folder, 1000), 4096, 1536)
        for window, count in ((1, 2000), (64, 64000)):
            calls = system_calls(folder, window, count)
            print(f"{f'system calls for a request, {window} under way':58} {calls:10.2f}")
        if not options.counts_only:
            compare(folder, options.rounds, verdicts)
    if verdicts.missed:
        sys.exit("missed: " + "; ".join(verdicts.missed))


def compare(folder, rounds, verdicts):
    rate, _ = rates(folder, rounds, 1, 1, 20000)
    verdicts.add("rate to bare, 1 client, 1 request under way", rate, 0.90, 0.97, at_least=True)
    rate, _ = rates(folder, rounds, 1, 64, 400000)
    verdicts.add("rate to bare, 1 client, 64 under way", rate, 0.45, 0.70, at_least=True)
    rate, latency = rates(folder, rounds, 64, 8, 200000)
    verdicts.add("rate to bare, 64 clients, 8 under way", rate, 0.50, 0.70, at_least=True)
    verdicts.add("latency (99.9 %) to bare, 64 clients, 8 under way", latency, 1.5, 1.5)
    rate, _ = rates(folder, rounds, 1, 1, 2000, SCHEMA, schema_size(folder))
    verdicts.add("rate to bare, query-qmp-schema", rate, 0.5, 0.9, at_least=True)


if __name__ == "__main__":
    main()
