# SPDX-License-Identifier: Apache-2.0
"""Adds up what its clients send, round by round: server.py CLIENTS ROUNDS"""

import socket
import sys
import threading
import time

PORT = 7000
CLIENTS, ROUNDS = int(sys.argv[1]), int(sys.argv[2])

lock = threading.Condition()
finished = set()  # clients
updates = {}  # (round, client): its value; so that one that is sent again counts once


def say(text):
    print(text, flush=True)


def sum_of(round_number):
    """Waits for all clients' updates of the round."""
    with lock:
        lock.wait_for(lambda: all((round_number, client) in updates for client in range(1, CLIENTS + 1)))
        return sum(updates[round_number, client] for client in range(1, CLIENTS + 1))


def answer(connection):
    with connection, connection.makefile("rw") as stream:
        # As gRPC does: what is not acknowledged in time ends the connection.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000)
        for request in stream:
            round_number, client, value = map(int, request.split())
            with lock:
                if (round_number, client) not in updates:
                    say(f"round {round_number}: update of client {client}")
                updates[round_number, client] = value
                lock.notify_all()
            total = sum_of(round_number)
            time.sleep(0.2)  # averaging
            stream.write(f"{total}\n")
            stream.flush()
            if round_number == ROUNDS:
                tell_finished(client)


def serve(connection):
    try:
        answer(connection)
    except OSError as error:
        say(f"a connection is lost: {error}")


def tell_finished(client):
    with lock:
        finished.add(client)
        lock.notify_all()


listener = socket.create_server(("", PORT), family=socket.AF_INET6, dualstack_ipv6=True)
say("listening")


def accept():
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


threading.Thread(target=accept, daemon=True).start()
with lock:
    lock.wait_for(lambda: len(finished) == CLIENTS)
say("all rounds are done")
