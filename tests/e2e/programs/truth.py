# SPDX-License-Identifier: Apache-2.0
"""What the nodes of the Truth tests are made of: they log what happened to them, with CLOCK_MONOTONIC."""
import os
import socket
import struct
import sys
import threading
import time

MESSAGE = 500  # bytes, of a request and of its answer


def watch_lateness(step_ns=5_000_000, least_ns=20_000_000):
    """Tells on stderr how late this process was scheduled, at worst so far."""
    worst = least_ns
    while True:
        begin = time.monotonic_ns()
        time.sleep(step_ns / 1e9)
        late = time.monotonic_ns() - begin - step_ns
        if late > worst:
            worst = late
            os.write(2, b"late %d\n" % late)


threading.Thread(target=watch_lateness, daemon=True).start()


def truth(what):
    print("truth", time.monotonic_ns(), what, flush=True)


def say(what):
    """A line that a fault waits for, with its time: so it is known how late the fault came."""
    print(time.monotonic_ns(), what, flush=True)


def receive(connection, size=MESSAGE):
    got = b""
    while len(got) < size:
        part = connection.recv(size - len(got))
        if not part:
            raise OSError("the connection was closed")
        got += part
    return got


def exchange(connection, size=MESSAGE):
    connection.sendall(b"q" * size)
    receive(connection, size)


def in_background(work, *arguments):
    threading.Thread(target=work, args=arguments, daemon=True).start()


def answer(connection, user_timeout=None):
    if user_timeout is not None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, user_timeout)
    try:
        while True:
            connection.sendall(receive(connection))
    except OSError:
        connection.close()


def listen(port):
    return socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)


def serve(*ports, answer=answer):
    """Answers every request of every client, on threads of its own."""
    def accept(server):
        while True:
            in_background(answer, server.accept()[0])
    for port in ports:
        in_background(accept, listen(port))


def serve_datagrams(*ports):
    def echo(server):
        while True:
            request, client = server.recvfrom(9999)
            server.sendto(request, client)
    for port in ports:
        server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.bind(("::", port))
        in_background(echo, server)


def listening(seconds):
    """The collaborators may start; the work of the aggregator is to answer them for so long."""
    print("listening", flush=True)
    time.sleep(seconds)


def connect(port, timeout=None, host="aggregator"):
    return socket.create_connection((host, port), timeout)


def work(port, rounds, pause=0.1, timeout=None, again=False):
    """One request a round. `again`: what fails is done once more, over a new connection."""
    connection = None
    for number in range(rounds):
        say(f"work {number}")
        while True:
            try:
                connection = connection or connect(port, timeout)
                exchange(connection)
                break
            except OSError as error:
                print("failed:", error, flush=True)
                connection = None
                if not again:
                    raise
                time.sleep(0.05)
        truth("answered")
        time.sleep(pause)
    return connection


def datagrams(port, rounds, pause=0.1, timeout=0.1):
    """As work, by UDP: a request is sent until it is answered."""
    family, _, _, _, server = socket.getaddrinfo("aggregator", port, type=socket.SOCK_DGRAM)[0]
    connection = socket.socket(family, socket.SOCK_DGRAM)
    connection.settimeout(timeout)
    for number in range(rounds):
        say(f"work {number}")
        while True:
            connection.sendto(b"%08d" % number * 50, server)
            try:
                while connection.recv(9999)[:8] != b"%08d" % number:
                    pass
                break
            except OSError:
                pass
        truth("answered")
        time.sleep(pause)


def beat(port, pause=0.05):
    """A heartbeat on a connection of its own, for ever."""
    def beats(connection):
        while True:
            exchange(connection, MESSAGE)
            time.sleep(pause)
    in_background(beats, connect(port))
