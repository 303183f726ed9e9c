# SPDX-License-Identifier: Apache-2.0
"""A client of sockets_server.py: what it sends depends on the model and on its number, and on nothing else."""
import argparse
import array
import math
import socket
import struct
import time

HEADER = struct.Struct(">III")

parser = argparse.ArgumentParser()
parser.add_argument("--id", type=int, required=True)
options = parser.parse_args()


def connect():
    until = time.monotonic() + 60
    while True:
        try:
            return socket.create_connection(("aggregator", 5000))
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def take(count):
    data = bytearray()
    while len(data) < count:
        piece = server.recv(count - len(data))
        if not piece:
            raise SystemExit("the server has gone")
        data += piece
    return bytes(data)


server = connect()
while True:
    number, _, size = HEADER.unpack(take(HEADER.size))
    if number == 0:
        break
    model = array.array("d", take(size))
    print(f"round {number}: training", flush=True)
    time.sleep(0.3)
    update = array.array("d", [value + math.sin(value + i * options.id) for i, value in enumerate(model)])
    server.sendall(HEADER.pack(number, options.id, size) + update.tobytes())
