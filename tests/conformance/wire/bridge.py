#!/usr/bin/env python3
"""Lets wire.py, which speaks to a unix socket, check a server on another transport.

    bridge.py SOCK tcp   CMD ... {port} ...   one process; each client gets a connection
    bridge.py SOCK stdio CMD ...              a process for each client

Listens on the unix socket SOCK and passes bytes both ways, ends included.
"""
import os
import socket
import subprocess
import sys
import threading
import time


def copy(read, write, end):
    """Passes on what is read until there is no more; then ends the other side."""
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


def pass_on(client, read, write, end_input, leave):
    """Joins the client to one conversation, until the client is gone."""
    out = threading.Thread(
        target=copy,
        args=(read, client.sendall, lambda: client.shutdown(socket.SHUT_WR)))
    out.start()
    copy(client.recv, write, end_input)
    out.join()
    leave()
    client.close()


def connect(port, patience=10):
    end = time.monotonic() + patience
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


def serve_tcp(client, port):
    peer = connect(port)
    pass_on(client, peer.recv, peer.sendall,
            lambda: peer.shutdown(socket.SHUT_WR), peer.close)


def serve_stdio(client, command):
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    stdin, stdout = process.stdin.fileno(), process.stdout.fileno()

    def hung_up():
        # A server goes on after its one client: the end of input is all that it is told. What
        # it still answers is waited for, within reason; then it has to go.
        process.stdin.close()
        threading.Timer(1, process.kill).start()

    def leave():
        process.kill()
        process.wait()

    pass_on(client, lambda size: os.read(stdout, size), lambda data: write_all(stdin, data),
            hung_up, leave)


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
        connect(port).close()
        # wire.py starts a new server where this one has ended.
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
