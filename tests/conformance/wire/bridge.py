#!/usr/bin/env python3
"""Lets wire.py, which connects to a unix socket, check a server on another transport.

    bridge.py SOCK tcp   CMD ... {port} ...   one process; each client gets a connection
    bridge.py SOCK stdio CMD ...              a process for each client

Listens on the unix socket SOCK. Passes bytes and ends of streams both ways.
"""

import os
import socket
import subprocess
import sys
import threading

from exchange import qmp

EXIT_SECONDS = 1
"""After the end of its input a server on stdio has so long to write its last replies."""


def copy(read, write, end):
    """Passes on all that is read; then ends the other side."""
    try:
        while data := read(1 << 16):
            write(data)
    except OSError:
        pass
    try:
        end()
    except OSError:
        pass


def write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]


def join(client, read, write, end_input, close):
    """Passes bytes between a client and a server until both directions have ended."""
    output = threading.Thread(
        target=copy,
        args=(read, client.sendall, lambda: client.shutdown(socket.SHUT_WR)))
    output.start()
    copy(client.recv, write, end_input)
    output.join()
    close()
    client.close()


def serve_tcp(client, port):
    peer = qmp.connect(("127.0.0.1", port))
    join(client, peer.recv, peer.sendall, lambda: peer.shutdown(socket.SHUT_WR), peer.close)


def serve_stdio(client, command):
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    stdin, stdout = process.stdin.fileno(), process.stdout.fileno()

    def end_input():
        # The server does not exit at the end of its input.
        process.stdin.close()
        threading.Timer(EXIT_SECONDS, process.kill).start()

    def close():
        process.kill()
        process.wait()

    join(client, lambda size: os.read(stdout, size), lambda data: write_all(stdin, data),
         end_input, close)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    path, kind, *command = sys.argv[1:]
    if kind == "tcp":
        port = free_port()
        command = [part.replace("{port}", str(port)) for part in command]
        server = subprocess.Popen(command)
        serve, argument = serve_tcp, port
        qmp.connect(("127.0.0.1", port)).close()
        # wire.py starts a new server where this one has exited.
        threading.Thread(target=lambda: os._exit(server.wait()), daemon=True).start()
    else:
        serve, argument = serve_stdio, command
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, argument), daemon=True).start()


main()
