# SPDX-License-Identifier: Apache-2.0
"""Sends an update each round, and waits for the sum: client.py SERVER NUMBER ROUNDS [SECONDS]

With SECONDS, it connects and asks again when no answer has come for so long; without, it waits for ever.
"""

import socket
import sys
import time

PORT = 7000
SERVER, NUMBER, ROUNDS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
PATIENCE = float(sys.argv[4]) if len(sys.argv) > 4 else None

connection = None


def ask(request):
    global connection
    while True:
        try:
            if connection is None:
                connection = socket.create_connection((SERVER, PORT), timeout=PATIENCE)
            connection.sendall(request)
            line = connection.makefile().readline()
            if line:
                return int(line)
        except OSError as error:
            print(f"asking again: {error}", flush=True)
            if PATIENCE is None:
                raise
        connection = None


for number in range(1, ROUNDS + 1):
    print(f"round {number} of {ROUNDS} begins", flush=True)
    time.sleep(0.2)  # training
    answer = ask(f"{number} {NUMBER} {NUMBER * number}\n".encode())
    print(f"round {number}: the sum is {answer}", flush=True)
