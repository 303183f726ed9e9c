# SPDX-License-Identifier: Apache-2.0
"""Small federations that recover although they wait for long, and others that hang, with the cause that is to be found."""
from dataclasses import dataclass, field

PREAMBLE = """\
import os, select, signal, socket, struct, subprocess, sys, threading, time
def serve(): return socket.create_server(('::', 9000), family=socket.AF_INET6, dualstack_ipv6=True)
def connect(): return socket.create_connection(('aggregator', 9000))
"""
ECHO = """\
s = serve(); print('listening')
def answer(c):
    try:
        while m := c.recv(99): c.sendall(m)
    except OSError: pass
    c.close()
while c := s.accept()[0]: threading.Thread(target=answer, args=(c,), daemon=True).start()
"""
SHORT_CUT = "faults: [{kind: drop, on: {log: cut me}, for: 300ms}]\n"
# Sends a request while nothing gets through; the server gives its answer up.
GIVES_UP = """\
s = serve(); print('listening'); c = s.accept()[0]; c.recv(99)
c.setsockopt(6, 18, 300); time.sleep(0.2); c.sendall(b'reply' * 99)
try: c.recv(99)
except OSError: pass
c.close()
"""
REQUEST = "c = connect(); c.sendall(b'request'); print('cut me')\n"
LONG_CUT = "faults: [{kind: drop, on: {log: cut me}, for: 2s}]\n"
AGAIN = "c = connect(); c.sendall(b'again'); c.recv(99)\n"


@dataclass
class Story:
    name: str
    aggregator: str
    collaborator: str
    rest: str = SHORT_CUT
    hang_after: str = "60s"
    crowd: bool = False  # beside ten times as many busy processes as there are CPUs
    may_be_given_up: bool = False  # by waiting; never by proof
    causes: tuple = ()  # of one that hangs
    proofs: tuple = ("certain",)
    template: dict = field(default_factory=dict)  # parameters of the reference federation, instead of scripts


def waits(work, times=1.0):
    """The client works in some way for long, and goes on."""
    return f"T = {times}\nc = connect(); print('cut me'); time.sleep(0.5)\n{work}\nc.sendall(b'x'); c.recv(9)\n"


def recovering(scale):
    """Their longest waits are of 30 s, times `scale`."""
    long = 30 * scale
    end = "end: collaborators\n"
    plain = [
        ("sleeps", "time.sleep(T)"),
        ("polls", "for _ in range(30): time.sleep(T / 30)"),
        ("select", "select.select([c], [], [], T)"),
        ("lock", "l = threading.Lock(); l.acquire(); l.acquire(timeout=T)"),
        ("stopped", "p = subprocess.Popen(['sh', '-c', f'sleep {T}; kill -CONT {os.getpid()}'])\n"
                    "os.kill(os.getpid(), signal.SIGSTOP); p.wait()"),
        ("child", "subprocess.run(['sleep', str(T)])"),
        ("alarm", "signal.signal(14, lambda *_: None); signal.setitimer(0, T); signal.pause()"),
        ("backoff", "pause = T / 31\nfor _ in range(5): time.sleep(pause); pause *= 2"),
        ("reconnects", "pause = T / 31\nfor _ in range(5):\n"
                       "    c.close(); time.sleep(pause); pause *= 2; c = connect()"),
    ]
    stories = [Story(name, ECHO, waits(work, long), SHORT_CUT + end) for name, work in plain]
    stories.append(Story("computes", ECHO, waits("t = time.thread_time()\nwhile time.thread_time() < t + 1: pass"),
                         SHORT_CUT + end, crowd=True))
    stories.append(Story("sleeps-in-a-crowd", ECHO, waits("time.sleep(T)", long), SHORT_CUT + end, crowd=True))
    exchange = "c = connect(); print('cut me')\nfor _ in range(200): c.sendall(b'x' * 99); c.recv(99)\n"
    stories.append(Story("loss", ECHO, exchange,
                         "faults: [{kind: loss, model: iid 20%, on: {log: cut me}, for: 20s}]\n" + end))
    stories.append(Story("backed-off", ECHO, "c = connect(); print('cut me'); time.sleep(0.2); c.sendall(b'x'); c.recv(9)\n",
                         f"faults: [{{kind: drop, on: {{log: cut me}}, for: {long / 2}s}}]\n" + end,
                         hang_after="3s", may_be_given_up=True))
    rescued = [
        ("time-limit", f"c.settimeout({long})\ntry: c.recv(99)\nexcept TimeoutError: pass\n"),
        ("time-limit-by-polling", f"t = time.time()\nwhile time.time() < t + {long}: select.select([c], [], [], 0.2)\n"),
        ("keepalive", f"c.setsockopt(1, 9, 1); c.setsockopt(6, 4, {max(2, int(long))}); c.setsockopt(6, 5, 1)\n"
                      "try: c.recv(99)\nexcept OSError: pass\n"),
        ("another-thread", f"threading.Timer({long}, lambda: c.shutdown(2)).start()\n"
                           "try: c.recv(99)\nexcept OSError: pass\n"),
    ]
    for name, wait in rescued:
        stories.append(Story(name, GIVES_UP + "answer = s.accept()[0]; answer.sendall(answer.recv(99))\n",
                             REQUEST + wait + AGAIN, LONG_CUT + end))
    return stories


def reference(name, cause, fault, hang_after="10s", network="", proofs=("waited",), **parameters):
    arguments = {"rounds": 3, "aggregator-args": "--server-user-timeout 3s --server-delay 1s", **parameters}
    return Story(name, "", "", f"{network}faults: [{fault}]\n", hang_after, causes=(cause,), proofs=proofs,
                 template=arguments)


# The cut is there before the reply on a crowded machine, too.
REPLY_IN_2S = {"aggregator-args": "--server-user-timeout 3s --server-delay 2s"}
REPLY_IS_LOST = "nodes: [collaborator2], on: {log: \"round 2: results from collaborator2 are complete\", node: aggregator, delay: 300ms}"


def hanging(with_reference):
    stories = [
        Story("half-open", GIVES_UP + "s.accept()\n", REQUEST + "c.recv(99)\n", LONG_CUT, causes=("reply-given-up",)),
        Story("client-gone", "s = serve(); print('listening'); c = s.accept()[0]; c.recv(9)\n",
              "c = connect(); print('cut me'); time.sleep(0.5); c.setsockopt(1, 13, struct.pack('ii', 1, 0)); c.close()\n"
              "threading.Lock().acquire(); l = threading.Lock(); l.acquire(); l.acquire()\n",
              LONG_CUT, causes=("peer-gone",)),
        Story("each-for-the-other", "s = serve(); print('listening'); c = s.accept()[0]; c.recv(99)\n",
              "c = connect(); print('cut me'); c.recv(9)\n", causes=("all-wait",)),
        Story("deadlock", "print('listening'); l = threading.Lock(); l.acquire(); l.acquire()\n",
              "print('cut me'); l = threading.Lock(); l.acquire(); l.acquire()\n", causes=("no-socket",)),
        Story("does-not-read", "s = serve(); print('listening'); c = s.accept()[0]; l = threading.Lock(); l.acquire(); l.acquire()\n",
              "c = connect(); print('cut me'); time.sleep(0.5); c.sendall(b'x' * 50_000_000)\n", causes=("zero-window",)),
        Story("stale-link-address", "s = serve(); print('listening'); c = s.accept()[0]; c.recv(9); print('cut me')\n"
              "time.sleep(2.5); c.sendall(b'x' * 99); c.recv(9)\n", "c = connect(); c.sendall(b'x'); c.recv(9); c.recv(9)\n",
              "fabric: {kind: bridge, ip: 4}\n"
              "faults: [{kind: unplug, nodes: [collaborator1], mac: new, announce: false, on: {log: cut me, node: aggregator}, for: 1s}]\n",
              hang_after="3s", causes=("stale-neighbour",), proofs=("waited",)),
    ]
    if with_reference:
        stories += of_reference()
    return stories


def of_reference():
    return [
        reference("C' on-error none", "reply-given-up", f"{{kind: drop, {REPLY_IS_LOST}, for: 6s}}", **REPLY_IN_2S, **{"on-error": "none"}),
        reference("C' resend", "reply-given-up", f"{{kind: drop, {REPLY_IS_LOST}, for: 6s}}", **REPLY_IN_2S, **{"on-error": "resend"}),
        reference("C' unplug, new MAC", "reply-given-up", f"{{kind: unplug, mac: new, {REPLY_IS_LOST}, for: 6s}}",
                  network="fabric: {kind: bridge}\n", **REPLY_IN_2S, **{"on-error": "none"}),
        reference("C' unplug, new address", "address-gone", f"{{kind: unplug, address: new, {REPLY_IS_LOST}, for: 6s}}",
                  **REPLY_IN_2S, **{"on-error": "none"}),
        reference("killed collaborator", "node-ended", "{kind: kill, nodes: [collaborator2], on: {log: \"round 2: training\"}}"),
        reference("no names", "name-server", "{kind: dns, nodes: [collaborator2], on: {log: \"round 2: training\"}, for: never}",
                  network="names: {by: dns, ttl: 1s}\n"),
        reference("MTU", "large-packets", "{kind: mtu-blackhole, size: 1300, nodes: [collaborator2], on: {log: \"round 2: training\"}, for: never}",
                  **{"on-error": "none"}),
    ]
