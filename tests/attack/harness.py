# SPDX-License-Identifier: Apache-2.0
"""What the attempts share: users without accounts, a daemon of their own, requests as bytes, runs, and their outcome."""
import ctypes
import json
import os
import signal
import socket
import subprocess
import tempfile
import time

GROUP = 54320
ALICE, BOB, MALLORY = 54321, 54322, 54324
BUILD = os.environ.get("NETCUT_BUILD", os.path.join(os.path.dirname(__file__), "../../build/release"))
libc = ctypes.CDLL(None, use_errno=True)

attempts = []


class Broken(Exception):
    """The attempt got what it tried for."""


class Skipped(Exception):
    """The attempt cannot be made on this machine; the text says why."""


def attempt(what):
    """Registers a function that tries `what`: it returns what held, or raises Broken."""

    def register(function):
        attempts.append((function.__module__, what, function))
        return function

    return register


def check(held, otherwise):
    if not held:
        raise Broken(otherwise)


def program(name):
    return os.path.abspath(os.path.join(BUILD, name))


def become(uid, groups=(GROUP,)):
    def in_child():
        os.setgroups(list(groups))
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)

    return in_child


class Daemon:
    """netcut-fld in the foreground. Its session keyring holds a key, as that of a login of root would."""

    def __init__(self, configuration=""):
        self.folder = tempfile.mkdtemp(prefix="netcut-attack-")
        os.chmod(self.folder, 0o755)
        self.socket = self.folder + "/fld.sock"
        for uid in (ALICE, BOB, MALLORY):
            os.mkdir(self.home(uid), 0o700)
            os.chown(self.home(uid), uid, uid)
        arguments = [program("netcut-fld"), "--socket", self.socket, "--group", str(GROUP), "--state", self.folder + "/state"]
        if configuration:
            with open(self.folder + "/fld.yaml", "w") as file:
                file.write(configuration)
            arguments += ["--config", file.name]
        self.errors = open(self.folder + "/daemon.err", "w+")
        self.process = subprocess.Popen(
            arguments, preexec_fn=join_keyring_with_a_secret, stdout=subprocess.DEVNULL, stderr=self.errors, stdin=subprocess.DEVNULL
        )
        wait_until(lambda: self.answers(ALICE), "the daemon starts", 20)

    def home(self, uid):
        return f"{self.folder}/home{uid}"

    def answers(self, uid):
        try:
            return self.ask(uid, "GET", "/version")[0] == 200
        except OSError:
            return False

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        subprocess.run(["rm", "-rf", self.folder], check=False)

    def cli(self, uid, *arguments, env=None, groups=(GROUP,), timeout=60):
        """netcut-fl of this user, in the user's own folder."""
        command, *rest = arguments
        return subprocess.run(
            [program("netcut-fl"), command, "--socket", self.socket, *rest],
            preexec_fn=become(uid, groups), cwd=self.home(uid), env={"PATH": os.environ["PATH"], **(env or {})},
            stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, errors="surrogateescape",
        )

    def cli_of_files(self, uid, *arguments, timeout=60):
        """A command of netcut-fl that needs no daemon."""
        return subprocess.run(
            [program("netcut-fl"), *arguments], preexec_fn=become(uid), cwd=self.home(uid), env={"PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, errors="surrogateescape",
        )

    def raw(self, uid, request, timeout=30):
        """All that the daemon answers to these bytes, sent by this user."""
        # The kernel notes who connects: a child does, as the user, and hands the connection over.
        ours, theirs = socket.socketpair()
        child = os.fork()
        if child == 0:
            try:
                become(uid)()
                connection = socket.socket(socket.AF_UNIX)
                connection.connect(self.socket)
                socket.send_fds(theirs, [b"x"], [connection.fileno()])
            finally:
                os._exit(0)
        theirs.close()
        _, fds, _, _ = socket.recv_fds(ours, 1, 1)
        os.waitpid(child, 0)
        ours.close()
        if not fds:
            raise OSError("refused")
        with socket.socket(fileno=fds[0]) as connection:
            connection.settimeout(timeout)
            answer = b""
            try:
                connection.sendall(request)
            except OSError:
                pass  # it has heard enough
            try:
                while piece := connection.recv(65536):
                    answer += piece
            except ConnectionResetError:
                pass
            return answer

    def ask(self, uid, method, target, body=b"", timeout=30):
        """(status, body) of one request."""
        head = f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        answer = self.raw(uid, head.encode() + body, timeout)
        head, _, rest = answer.partition(b"\r\n\r\n")
        if b"chunked" in head.lower():
            rest = unchunk(rest)
        status = int(head.split(b" ")[1]) if head.startswith(b"HTTP/") else 0
        return status, rest

    def start(self, uid, node="sleep 30", *more, env=None):
        """The id of a run in the background."""
        done = self.cli(uid, "run", "-d", "--cols", "1", "--grace", "300ms", "--aggregator", node, "--collaborator", node, *more, env=env)
        if done.returncode != 0:
            raise Broken("a plain run is refused: " + done.stderr)
        return done.stdout.split()[0]

    def processes_of(self, uid, mark):
        """Pids of this user's processes, and of the worker above them, whose command has `mark`."""
        return [pid for pid in pids() if mark in command_of(pid)]

    def node(self, script, uid=ALICE, *more):
        """Runs a Python script as the aggregator of a run of the daemon; what it printed."""
        path = f"{self.home(uid)}/node{time.monotonic_ns()}.py"
        with open(path, "w") as file:
            file.write(NODE_PRELUDE + script)
        os.chmod(path, 0o644)
        options = {"--out": f"{self.home(uid)}/run{time.monotonic_ns()}", "--collaborator": "true", **dict(zip(more[::2], more[1::2]))}
        self.cli(uid, "run", "--cols", "1", "--grace", "300ms", "--timeout", "20s", "--aggregator", f"python3 {path}",
                 *(word for option in options.items() for word in option))
        printed = ""
        for stream in ("out", "err"):
            with open(f"{options['--out']}/logs/aggregator.{stream}", errors="surrogateescape") as file:
                printed += file.read()
        return printed


# Prints what happened: "error NAME" for a system call that was refused, "done ..." where it was not.
NODE_PRELUDE = """
import ctypes, errno, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def report(what):
    try:
        print("done", what())
    except OSError as error:
        print("error", errno.errorcode.get(error.errno, error.errno))
def call(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "")
    return result
"""


def refused(daemon, script, *names):
    """The node's call fails with one of these errors."""
    printed = daemon.node(script)
    lines = [line for line in printed.splitlines() if line.startswith(("error ", "done "))]
    check(lines, "the node said nothing of it: " + printed)
    for line in lines:
        check(line.startswith("error ") and (not names or line.split()[1] in names), "it was let: " + line)
    return "refused with " + ", ".join(sorted({line.split()[1] for line in lines}))


def unchunk(body):
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        count = int(size.split(b";")[0], 16) if size else 0
        if count == 0:
            break
        whole += body[:count]
        body = body[count + 2:]
    return whole


def join_keyring_with_a_secret():
    keyctl, add_key, join_session_keyring, session = 250, 248, 1, -3  # x86-64; keyctl(2)
    if os.uname().machine != "x86_64":
        return
    libc.syscall(keyctl, join_session_keyring, b"netcut-attack")
    libc.syscall(add_key, b"user", b"netcut-secret", b"TOPSECRET", 9, session)


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def command_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def parent_of(pid):
    return int(status_of(pid).get("PPid", "0"))


def descendants(pid):
    found, level = [], [pid]
    while level:
        level = [one for one in pids() if parent_of(one) in level]
        found += level
    return found


def status_of(pid):
    try:
        with open(f"/proc/{pid}/status") as file:
            return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    except OSError:
        return {}


def memory_of(pid):
    """Bytes that a process has in memory."""
    return int(status_of(pid).get("VmRSS", "0 kB").split()[0]) * 1024


def wait_until(condition, what, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise Broken(f"waited {seconds} s in vain until {what}")


def end(process):
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait()


def body_of(scenario, **more):
    return json.dumps({"scenario": scenario, **more}).encode()
