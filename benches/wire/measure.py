#!/usr/bin/env python3
"""Measures a command from the socket to its function and back.

callgrind counts instructions and strace counts system calls; both repeat nearly to the digit.
Rates are ratios to a bare server, which only answers each line. Both servers run in turn, pinned
to one processor with their client, and the median counts. A rate is requests per second of CPU
time of server and client, as other load on the machine would distort wall time. Latencies are wall
time, so they mean something on an idle machine only. Fails if a limit is missed.
"""

import argparse
import os
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests/support"))
import qmp

from counts import PROGRAM, SHAPES, build, dispatch, instructions, run

COMMANDS = 1000
REQUEST = '{"execute":"bench-pause","arguments":{"id":"j0"},"id":17}'
REPLY_SIZE = 26
SCHEMA = '{"execute":"query-qmp-schema"}'


class Verdicts:
    """Prints each figure with its limit and its goal, and collects missed limits."""

    def __init__(self):
        self.missed = []

    def add(self, what, value, must, goal, at_least=False):
        meets = (lambda limit: value >= limit) if at_least else (lambda limit: value <= limit)
        verdict = "goal met" if meets(goal) else "limit met" if meets(must) else "MISSED"
        sign = "≥" if at_least else "≤"
        print(f"{what:58} {value:10.2f}   must {sign} {must:<7} goal {sign} {goal:<7} {verdict}")
        if not meets(must):
            self.missed.append(what)


class Server(qmp.Process):
    """One of the two servers, on one processor."""

    def __init__(self, *arguments, trace=None):
        prefix = ["strace", "-c", "-f", "-o", trace] if trace else []
        command = [*prefix, "taskset", "-c", "0", str(PROGRAM), *map(str, arguments)]
        super().__init__(command, arguments[1])
        self.connect().close()

    def processor_seconds(self):
        text = Path(f"/proc/{self.process.pid}/schedstat").read_text()
        return int(text.split()[0]) / 1e9

    def load(self, clients, window, count, request=REQUEST):
        """Requests per second of CPU time, and the 99.9th percentile of latency in nanoseconds."""
        arguments = ("load", self.path, clients, window, count, request)
        server, client = self.processor_seconds(), resource.getrusage(resource.RUSAGE_CHILDREN)
        latency = run(*arguments, prefix=["taskset", "-c", "0"]).stdout.split()[1]
        server, before = self.processor_seconds() - server, client
        client = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = client.ru_utime + client.ru_stime - before.ru_utime - before.ru_stime
        return 1.1 * count / (server + spent), float(latency)


def rates(folder, rounds, clients, window, count, request=REQUEST, size=REPLY_SIZE):
    """Our rate and latency, each divided by that of the bare server."""
    ours, bare = [], []
    with Server("serve", f"{folder}/ours", COMMANDS) as server, \
            Server("bare", f"{folder}/bare", size) as limit:
        for _ in range(rounds):
            ours.append(server.load(clients, window, count, request))
            bare.append(limit.load(clients, window, count, request))

    def median(samples, index):
        return statistics.median(sample[index] for sample in samples)

    return median(ours, 0) / median(bare, 0), median(ours, 1) / median(bare, 1)


def system_calls(folder, window, count):
    """System calls for one request, with `window` requests in flight."""
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
    # The load also sends a tenth of `count` before its measurement.
    return (calls(count) - calls(few)) / ((count - few) * 1.1)


def memory_of_idle_clients(folder, clients):
    """Anonymous memory of the server for each client that has negotiated, in bytes."""
    with Server("serve", f"{folder}/idle", COMMANDS) as server:
        def anonymous():
            text = Path(f"/proc/{server.process.pid}/smaps_rollup").read_text()
            return int(re.search(r"^Anonymous:\s+(\d+)", text, re.M).group(1)) << 10

        warm = [server.connect().negotiate() for _ in range(10)]
        before = anonymous()
        idle = [server.connect().negotiate() for _ in range(clients)]
        after = anonymous()
        del warm, idle
    return (after - before) / clients


def schema_size(folder):
    with Server("serve", f"{folder}/schema", COMMANDS) as server:
        client = server.connect().negotiate()
        client.send(SCHEMA.encode())
        return len(client.line())


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=7, help="how often each rate is taken")
    options.add_argument("--counts-only", action="store_true",
                         help="neither rates nor latencies")
    options = options.parse_args()
    limit, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    build()
    verdicts = Verdicts()
    verdicts.add("instructions, one dispatch among 1,000 commands", dispatch("one"), 1650, 1300)
    for shape in SHAPES:
        if shape != "one":
            print(f"{f'instructions, a request of the shape {shape}':58} {dispatch(shape):10.2f}")
    hooked = instructions("dispatch-with-hook", "one", few=1000, many=11000, commands=COMMANDS)
    print(f"{'instructions, the same with a hook that does nothing':58} {hooked:10.2f}")
    few, many = (instructions("look-up", few=1000, many=101000, commands=commands)
                 for commands in (10, 10000))
    print(f"{'instructions, one look-up among 10 and 10,000 commands':58} {few:.0f}, {many:.0f}")
    verdicts.add("growth of a look-up, percent", round(100 * (many / few - 1)), 10, 0)
    start_ups = [int(run("start-up", COMMANDS).stdout) / 1000 for _ in range(15)]
    verdicts.add("start-up, microseconds", statistics.median(start_ups), 300, 80)
    with tempfile.TemporaryDirectory() as folder:
        verdicts.add("anonymous memory of an idle client, bytes",
                     memory_of_idle_clients(folder, 1000), 4096, 1536)
        for window, count in ((1, 2000), (64, 64000)):
            calls = system_calls(folder, window, count)
            print(f"{f'system calls for a request, {window} in flight':58} {calls:10.2f}")
        if not options.counts_only:
            compare(folder, options.rounds, verdicts)
    if verdicts.missed:
        sys.exit("missed: " + "; ".join(verdicts.missed))


def compare(folder, rounds, verdicts):
    rate, _ = rates(folder, rounds, 1, 1, 20000)
    verdicts.add("rate to bare, 1 client, 1 request in flight", rate, 0.90, 0.97, at_least=True)
    rate, _ = rates(folder, rounds, 1, 64, 400000)
    verdicts.add("rate to bare, 1 client, 64 in flight", rate, 0.45, 0.70, at_least=True)
    rate, latency = rates(folder, rounds, 64, 8, 200000)
    verdicts.add("rate to bare, 64 clients, 8 in flight", rate, 0.50, 0.70, at_least=True)
    verdicts.add("latency (99.9 %) to bare, 64 clients, 8 in flight", latency, 1.5, 1.5)
    rate, _ = rates(folder, rounds, 1, 1, 2000, SCHEMA, schema_size(folder))
    verdicts.add("rate to bare, query-qmp-schema", rate, 0.5, 0.9, at_least=True)


if __name__ == "__main__":
    main()
