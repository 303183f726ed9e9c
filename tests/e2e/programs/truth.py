# SPDX-License-Identifier: Apache-2.0
"""What the nodes of the Truth tests are made of: they log what happened to them, with CLOCK_MONOTONIC."""
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

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


met = threading.Event()  # somebody has come to one of our servers


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
            met.set()
    for port in ports:
        in_background(accept, listen(port))


def serve_datagrams(*ports, forget_after=9e9):
    """`forget_after`: so many seconds of silence and a client is not answered any more."""
    def echo(server):
        heard = {}
        while True:
            request, client = server.recvfrom(9999)
            met.set()
            if time.monotonic() - heard.get(client, time.monotonic()) > forget_after:
                continue
            heard[client] = time.monotonic()
            server.sendto(request, client)
    for port in ports:
        in_background(echo, open_datagrams(port))


def open_datagrams(port):
    server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.bind(("::", port))
    return server


IDENTIFIER, HELLO = 8, b"hello"


def serve_sessions(port, by_id, forget_after=9e9):
    """Answers clients that have said hello: known by the identifier in each datagram, as in QUIC, or by their address."""
    def answer_known(server):
        heard, places = {}, {}
        while True:
            request, client = server.recvfrom(9999)
            met.set()
            session = request[:IDENTIFIER] if by_id else client
            now = time.monotonic()
            if request[IDENTIFIER:] == HELLO:
                heard[session] = now
            if now - heard.get(session, -9e9) > forget_after:
                continue
            heard[session] = now
            if places.setdefault(session, client) != client:
                print("moved to port", client[1], flush=True)
            places[session] = client
            server.sendto(request, client)
    in_background(answer_known, open_datagrams(port))


def session(port, rounds, pause=0.1, timeout=0.1):
    """A client of serve_sessions: a request is sent until it is answered, all from one socket."""
    family, _, _, _, server = socket.getaddrinfo("aggregator", port, type=socket.SOCK_DGRAM)[0]
    identifier = os.urandom(IDENTIFIER)
    with socket.socket(family, socket.SOCK_DGRAM) as connection:
        connection.settimeout(timeout)

        def ask(what):
            while True:
                connection.sendto(identifier + what, server)
                try:
                    while connection.recv(9999) != identifier + what:
                        pass
                    return
                except OSError:
                    pass
        ask(HELLO)
        for number in range(rounds):
            say(f"work {number}")
            ask(b"%08d" % number * 50)
            truth("answered")
            time.sleep(pause)


def tell_sessions(port, pause=0.1):
    """Tells who has said hello a number again and again, at the place where that came from."""
    def tell(server):
        client = server.recvfrom(9999)[1]
        met.set()
        number = 0
        while True:
            server.sendto(b"%08d" % number, client)
            number += 1
            time.sleep(pause)
    in_background(tell, open_datagrams(port))


def hear_session(port, rounds):
    family, _, _, _, server = socket.getaddrinfo("aggregator", port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, socket.SOCK_DGRAM) as connection:
        connection.sendto(HELLO, server)
        for number in range(rounds):
            say(f"work {number}")
            connection.recv(9999)
            truth("answered")


def listening(seconds):
    """The collaborators may start; the work of the aggregator is to answer them for so long since the first has come."""
    print("listening", flush=True)
    met.wait(60)
    time.sleep(seconds)


def connect(port, timeout=None, host="aggregator"):
    return socket.create_connection((host, port), timeout)


def through_proxy(port, timeout=None, host="aggregator"):
    """Likewise, by the proxy that the environment names."""
    proxy = urllib.parse.urlsplit(os.environ["http_proxy"])
    connection = socket.create_connection((proxy.hostname, proxy.port), timeout)
    connection.sendall(b"CONNECT %s:%d HTTP/1.1\r\n\r\n" % (host.encode(), port))
    reply = b""
    while not reply.endswith(b"\r\n\r\n"):
        reply += receive(connection, 1)
    if b" 200 " not in reply:
        raise OSError("the proxy says " + reply.decode())
    return connection


def tls_server(version):
    """Its certificate is made here and forgotten: clients do not look at it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    with tempfile.TemporaryDirectory() as folder:
        files = ["-keyout", folder + "/key", "-out", folder + "/certificate"]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=a", *files],
                       check=True, stderr=subprocess.DEVNULL)
        context.load_cert_chain(folder + "/certificate", folder + "/key")
    return context


def tls_client(protocol="http/1.1"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols([protocol])
    return context.wrap_socket


def accept_tls(version, answer=answer):
    """Answers, over TLS of this version."""
    context = tls_server(version)

    def accept(connection):
        try:
            answer(context.wrap_socket(connection, server_side=True))
        except OSError:
            connection.close()
    return accept


HEADERS, SETTINGS, WINDOW_UPDATE, ACK = 1, 4, 8, 1
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, size, flags=0):
    return struct.pack(">I", size)[1:] + bytes([kind, flags]) + bytes(4) + bytes(size)


def next_frame(connection):
    header = receive(connection, 9)
    receive(connection, int.from_bytes(header[:3], "big"))
    return header[3]


def answer_http2(connection):
    """The frames of a server of gRPC, in their usual sizes."""
    connection.sendall(frame(SETTINGS, 24) + frame(WINDOW_UPDATE, 4))
    receive(connection, len(PREFACE))
    try:
        while True:
            kind = next_frame(connection)
            if kind == SETTINGS:
                connection.sendall(frame(SETTINGS, 0, ACK))
            if kind == HEADERS:
                connection.sendall(frame(HEADERS, 120))
    except OSError:
        connection.close()


def greet_http2(connection):
    connection.sendall(PREFACE + frame(SETTINGS, 36) + frame(WINDOW_UPDATE, 4))
    for expected in (SETTINGS, WINDOW_UPDATE, SETTINGS):
        assert next_frame(connection) == expected
    return connection


def call_http2(connection):
    connection.sendall(frame(HEADERS, 230))
    while next_frame(connection) != HEADERS:
        pass


def work_after_set_up(port, rounds, *set_up, exchange=exchange, wait=0.6, timeout=0.25, pause=0.1,
                      keep=True, connect=connect):
    """As work with again=True: a new connection is set up at once, and used only a while later. `keep`: for all rounds."""
    connection = None
    for number in range(rounds):
        say(f"work {number}")
        while True:
            try:
                if connection is None:
                    fresh = connect(port, timeout)
                    for step in set_up:
                        fresh = step(fresh)
                    time.sleep(wait)
                    connection = fresh
                exchange(connection)
                break
            except OSError as error:
                print("failed:", error, flush=True)
                connection = None
                time.sleep(0.05)
        truth("answered")
        if not keep:
            connection.close()
            connection = None
        time.sleep(pause)
    return connection


def work(port, rounds, pause=0.1, timeout=None, again=False, connect=connect):
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


def datagrams(port, rounds, pause=0.1, timeout=0.1, again=False):
    """As work, by UDP: a request is sent until it is answered. `again`: from another port each time."""
    family, _, _, _, server = socket.getaddrinfo("aggregator", port, type=socket.SOCK_DGRAM)[0]

    def opened():
        connection = socket.socket(family, socket.SOCK_DGRAM)
        connection.settimeout(timeout)
        return connection
    connection = opened()
    for number in range(rounds):
        say(f"work {number}")
        while True:
            connection.sendto(b"%08d" % number * 50, server)
            try:
                while connection.recv(9999)[:8] != b"%08d" % number:
                    pass
                break
            except OSError:
                if again:
                    connection.close()
                    connection = opened()
        truth("answered")
        time.sleep(pause)


def beat(port, pause=0.05):
    """A heartbeat on a connection of its own, for ever."""
    def beats(connection):
        while True:
            exchange(connection, MESSAGE)
            time.sleep(pause)
    in_background(beats, connect(port))
