#!/usr/bin/env python3
"""Memory and latency of the storage daemon while most of its clients do their worst.

    cargo build --release -p storage-daemon
    python3 benches/wire/pressure.py target/release/storage-daemon [--clients 63] [--seconds 20]

Each attacker connects, does one of the things below without end, and connects again when it is
disconnected. One client behaves: it executes a command every ten milliseconds, and must not be
disconnected. The result is the peak of the daemon's resident memory, and the time that the commands
of this client took. Fails if the memory exceeds the limit of 256 MiB by more than a quarter.
"""
import argparse
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time

MIB = 1 << 20
NEGOTIATE = b'{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}}'


def half_sent():
    """A long string that never ends."""
    yield b'{"execute": "'
    for _ in range(60):
        yield b'x' * MIB


def escaped_id():
    """An id of which each byte is repeated as six."""
    yield b'{"execute": "query-version", "id": "'
    for _ in range(60):
        yield b'\x7f' * MIB
    yield b'"}'


def unknown_command():
    """A name that the error repeats."""
    yield b'{"execute": "'
    for _ in range(60):
        yield b'\x7f' * MIB
    yield b'"}'


def small_nodes():
    """As many nodes as a message may have."""
    yield b'{"execute": "query-version", "arguments": {"a": ['
    for _ in range(16):
        yield b'0,' * 65000
    yield b'0]}}'


def deep_nests():
    """Arrays within arrays, as deep as they may be."""
    yield b'{"execute": "query-version", "id": ['
    for _ in range(900):
        yield b'[' * 1000 + b']' * 1000 + b','
    yield b'0]}'


def names():
    """An object with many members."""
    yield b'{"execute": "query-version", "arguments": {'
    for number in range(400):
        yield b''.join(b'"%d-%d": 0,' % (number, index) for index in range(1000))
    yield b'"x": 0}}'


def unread():
    """Long replies that are not read."""
    while True:
        yield b'{"execute": "query-qmp-schema"}' * 50


def arguments():
    """Many arguments of one command."""
    action = b'{"type": "abort", "data": {}},'
    yield b'{"execute": "transaction", "arguments": {"actions": ['
    for _ in range(200):
        yield action * 1000
    yield b'{"type": "abort", "data": {}}]}}'


def waiting():
    """Requests that wait for the one before."""
    yield b'{"execute": "blockdev-del", "arguments": {"node-name": "n"}}'
    for _ in range(8):
        yield b'{"execute": "x", "id": "' + b'y' * (7 * MIB) + b'"}'


def drip():
    """One byte at a time."""
    while True:
        yield b'['


KINDS = [half_sent, escaped_id, unknown_command, small_nodes, deep_nests, names, unread, arguments,
         waiting, drip]


class Attacker:
    """One connection that attacks, from its connection to its disconnect."""

    def __init__(self, path, kind, reads):
        self.reads = reads
        self.chunks = kind()
        self.left = memoryview(NEGOTIATE)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.setblocking(False)
        self.socket.connect(path)

    def fileno(self):
        return self.socket.fileno()

    def step(self):
        """Sends or reads a part; `False` if the connection ended."""
        try:
            if self.reads:
                try:
                    if self.socket.recv(MIB) == b'':
                        return False
                except BlockingIOError:
                    pass
            if not self.left:
                self.left = memoryview(next(self.chunks, b''))
            if self.left:
                self.left = self.left[self.socket.send(self.left):]
        except BlockingIOError:
            pass
        except OSError:
            return False
        return True


def attack(path, first, count):
    """Attacks with `count` connections, until the process is killed."""
    random.seed(first)
    attackers, kind = [], first
    while True:
        while len(attackers) < count:
            try:
                attackers.append(Attacker(path, KINDS[kind % len(KINDS)], random.random() < 0.5))
            except OSError:
                time.sleep(0.01)
            kind += 1
        _, writable, _ = select.select([], attackers, [], 0.05)
        for attacker in writable:
            if not attacker.step():
                attacker.socket.close()
                attackers.remove(attacker)
        # A message that is complete stays in place for a while, then its client leaves.
        if random.random() < 0.002 and attackers:
            attackers.pop(0).socket.close()


def memory(pid, name):
    with open(f'/proc/{pid}/status') as status:
        for line in status:
            if line.startswith(name):
                return int(line.split()[1]) / 1024
    return 0.0


class Behaving:
    """A client that reads its replies."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.file = self.socket.makefile('rb')
        self.file.readline()
        self.ask({'execute': 'qmp_capabilities'})

    def ask(self, request):
        start = time.monotonic()
        self.socket.sendall(json.dumps(request).encode())
        while True:
            line = self.file.readline()
            if not line:
                sys.exit('the client that behaves was disconnected')
            if b'"event"' not in line:
                assert b'"return"' in line, line
                return time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('program')
    parser.add_argument('--clients', type=int, default=63)
    parser.add_argument('--seconds', type=float, default=20)
    parser.add_argument('--only', help='one kind of attack')
    options = parser.parse_args()
    if options.only:
        KINDS[:] = [kind for kind in KINDS if kind.__name__ == options.only]
    with tempfile.TemporaryDirectory() as folder:
        path = f'{folder}/qmp.sock'
        daemon = subprocess.Popen(
            [options.program, '--chardev', f'socket,id=m,path={path},server=on,wait=off',
             '--monitor', 'chardev=m'], stderr=subprocess.DEVNULL)
        while not os.path.exists(path):
            time.sleep(0.01)
        client, before, children = Behaving(path), memory(daemon.pid, 'VmRSS'), []
        for first in range(0, options.clients, 8):
            child = os.fork()
            if child == 0:
                attack(path, first, min(8, options.clients - first))
            children.append(child)
        times, end = [], time.monotonic() + options.seconds
        while time.monotonic() < end:
            times.append(1000 * client.ask({'execute': 'query-version', 'id': len(times)}))
            time.sleep(0.01)
        peak = memory(daemon.pid, 'VmHWM')
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        time.sleep(1)
        client.ask({'execute': 'query-jobs'})
        after = memory(daemon.pid, 'VmRSS')
        client.ask({'execute': 'quit'})
        status = daemon.wait(30)
    times.sort()
    print(f'{options.clients} attackers, {len(times)} commands of a client that behaves')
    print(f'resident memory: {before:.0f} MiB before, {peak:.0f} at the peak, {after:.0f} after')
    print(f'time of a command: median {times[len(times) // 2]:.1f} ms, '
          f'p99 {times[len(times) * 99 // 100]:.1f} ms, longest {times[-1]:.1f} ms')
    sys.exit(status or peak > 320)


if __name__ == '__main__':
    main()
