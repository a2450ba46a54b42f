"""Listens on the ports given and tells each client "<port that took the connection> <whom it wanted>".

With `--ask host:port user source` it is the client, as that user and from that address if it is not empty.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import struct
import sys

SO_ORIGINAL_DST = 80


def original_destination(connection: socket.socket) -> str:
    with contextlib.suppress(OSError):
        port, address = struct.unpack("!2xH4s8x", connection.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16))
        return f"{socket.inet_ntoa(address)}:{port}"
    host, port = connection.getsockname()
    return f"{host}:{port}"


def serve(ports: list[int]) -> None:
    selector = selectors.DefaultSelector()
    for port in ports:
        selector.register(socket.create_server(("0.0.0.0", port)), selectors.EVENT_READ, port)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            assert isinstance(key.fileobj, socket.socket)
            connection, _ = key.fileobj.accept()
            with connection:
                connection.sendall(f"{key.data} {original_destination(connection)}".encode())


def ask(target: str, user: int, source: str) -> None:
    "".encode("idna")  # loaded while the interpreter's files can be read
    os.setgid(user)
    os.setuid(user)
    host, _, port = target.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5, source_address=(source, 0)) as connection:
        print(connection.recv(100).decode())


if __name__ == "__main__":
    if sys.argv[1] == "--ask":
        ask(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        serve([int(word) for word in sys.argv[1:]])
