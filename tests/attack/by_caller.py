# SPDX-License-Identifier: Apache-2.0
"""`sudo netcut-fl run`: who called sudo, and an engine that was taken over, would have rights over the machine."""
import contextlib
import errno
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile

from harness import ALICE, attempt, become, check, command_of, descendants, libc, program, status_of, wait_until

PIDFD_OPEN, PIDFD_GETFD, PTRACE_SEIZE = 434, 438, 0x4206
MAPS, ROOM, PRECEDENCE = 0, 1, 2  # what src/kernel/keeper.cpp is asked for


@contextlib.contextmanager
def run_by_sudo():
    """The pids of the tool and of its keeper, while nodes run."""
    folder = tempfile.mkdtemp(prefix="netcut-attack-")
    os.chown(folder, ALICE, ALICE)
    tool = subprocess.Popen(
        [program("netcut-fl"), "run", "--out", folder + "/run", "--cols", "1", "--grace", "300ms", "--aggregator",
         "sleep 60", "--collaborator", "sleep 60"],
        env={**os.environ, "SUDO_UID": str(ALICE)}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: len([pid for pid in descendants(tool.pid) if command_of(pid).startswith("sleep")]) == 2,
                   "the nodes of a run run")
        keeper = [pid for pid in descendants(tool.pid) if status_of(pid)["Name"] == "netcut-fl-keep"]
        check(len(keeper) == 1, f"there are {len(keeper)} keepers")
        yield tool.pid, keeper[0]
    finally:
        tool.send_signal(signal.SIGINT)
        tool.wait(20)
        shutil.rmtree(folder)


def as_caller(function):
    """The name of the error that a process of the caller's gets, or "done"."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(Exception):
            become(ALICE)()
            try:
                function()
                answer = "done"
            except OSError as error:
                answer = errno.errorcode.get(error.errno, str(error.errno))
            os.write(writing, answer.encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as file:
        return file.read()


def call(number, *words):
    import ctypes

    result = libc.syscall(number, *words)
    if result < 0:
        raise OSError(ctypes.get_errno(), "")
    return result


def stolen(pid, fd):
    process = call(PIDFD_OPEN, pid, 0)
    try:
        return call(PIDFD_GETFD, process, fd, 0)
    finally:
        os.close(process)


def refused(function):
    answer = as_caller(function)
    check(answer in ("EPERM", "EACCES"), f"the answer was {answer}")
    return answer


@attempt("the caller's other process takes a socket out of the tool")
def take_socket(daemon):
    with run_by_sudo() as (tool, keeper):
        return f"{refused(lambda: stolen(tool, 3))} and {refused(lambda: stolen(keeper, 0))}"


@attempt("the caller's other process traces the tool, or its keeper")
def trace(daemon):
    def seize(pid):
        import ctypes

        if libc.ptrace(PTRACE_SEIZE, pid, 0, 0) < 0:
            raise OSError(ctypes.get_errno(), "")

    with run_by_sudo() as (tool, keeper):
        return f"{refused(lambda: seize(tool))} and {refused(lambda: seize(keeper))}"


@attempt("the caller's other process enters the tool's namespaces, or reads its memory and environment")
def enter(daemon):
    with run_by_sudo() as (tool, _):
        return " and ".join(refused(lambda name=name: open(f"/proc/{tool}/{name}", "rb").read(1))
                            for name in ("ns/user", "ns/mnt", "mem", "environ", "maps"))


@attempt("the caller's other process ends the keeper")
def kill(daemon):
    with run_by_sudo() as (_, keeper):
        return refused(lambda: os.kill(keeper, signal.SIGKILL))


@contextlib.contextmanager
def channel_of(tool):
    """The tool's end of its keeper's socket, as who has taken the tool over has it: the first that it has made."""
    for fd in sorted(int(name) for name in os.listdir(f"/proc/{tool}/fd")):
        if not os.readlink(f"/proc/{tool}/fd/{fd}").startswith("socket:"):
            continue
        with socket.socket(fileno=stolen(tool, fd)) as channel:
            if channel.family == socket.AF_UNIX and channel.type == socket.SOCK_SEQPACKET:
                channel.settimeout(10)
                yield channel
                return
    check(False, "the tool has no socket of a keeper")


def asked(channel, kind, thread=0, fd=None):
    """The error that the keeper answers with; 0: it was done."""
    message = struct.pack("ii", kind, thread)
    if fd is None:
        channel.send(message)
    else:
        socket.send_fds(channel, [message], [fd])
    return struct.unpack("i", channel.recv(4))[0]


@attempt("a taken-over engine has itself mapped to root")
def map_again(daemon):
    with run_by_sudo() as (tool, _), channel_of(tool) as channel:
        check(asked(channel, MAPS) == errno.EPERM, "the maps were written once more")
        with open(f"/proc/{tool}/uid_map") as file:
            return f"EPERM, and the map is {' '.join(file.read().split())}"


@attempt("a taken-over engine gives precedence to processes that are not its own")
def precede(daemon):
    with run_by_sudo() as (tool, keeper), channel_of(tool) as channel:
        for pid in (1, os.getpid(), keeper, 0, -1):
            check(asked(channel, PRECEDENCE, pid) != 0, f"process {pid} has precedence")
        return "refused"


@attempt("a taken-over engine asks for more than a run needs")
def exhaust(daemon):
    with run_by_sudo() as (tool, _), channel_of(tool) as channel:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as any_socket:
            rooms = sum(asked(channel, ROOM, 0, any_socket.fileno()) == 0 for _ in range(50))
        with open("/dev/null") as no_socket:
            check(asked(channel, ROOM, 0, no_socket.fileno()) != 0, "a file was given room")
        check(asked(channel, ROOM) != 0, "nothing was given room")
        check(rooms <= 32, f"{rooms} sockets were given room")
        return f"{rooms} sockets were given room"


@attempt("a taken-over engine says what makes no sense")
def talk_nonsense(daemon):
    with run_by_sudo() as (tool, keeper), channel_of(tool) as channel:
        check(asked(channel, 77) == errno.EPERM, "it was understood")
        channel.send(b"x" * 4000)
        check(struct.unpack("i", channel.recv(4))[0] == errno.EPERM, "it was understood")
        channel.send(b"xyz")
        wait_until(lambda: not os.path.exists(f"/proc/{keeper}") or status_of(keeper)["State"].startswith("Z"),
                   "the keeper ends")
        return "refused, or the keeper ends, and with it what it kept"
