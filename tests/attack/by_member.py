# SPDX-License-Identifier: Apache-2.0
"""A member of the daemon's group, who would be root, read others' files, see others' runs, or keep the daemon from them."""
import json
import os
import shutil
import subprocess
import threading
import time

from harness import (ALICE, BOB, MALLORY, Skipped, attempt, body_of, check, command_of, descendants, memory_of,
                     program, status_of, wait_until)

PLANTED = "netcut_attack_planted"


def library(daemon):
    """A library of the user's that leaves a file, with the rights that it has, when it is loaded."""
    if shutil.which("cc") is None:
        raise Skipped("there is no C compiler to make a library with")
    home, marker = daemon.home(ALICE), daemon.home(ALICE) + "/" + PLANTED
    path = f"{home}/{PLANTED}.so"
    if not os.path.exists(path):
        source = f"""
#include <stdio.h>
#include <unistd.h>
__attribute__((constructor)) static void begin(void) {{
    FILE *file = fopen("{marker}", "a");
    if (file) {{ fprintf(file, "%d in %d\\n", (int)geteuid(), (int)getpid()); fclose(file); }}
}}
int gconv_init(void *step) {{ return 0; }}
"""
        subprocess.run(["cc", "-shared", "-fPIC", "-o", path, "-x", "c", "-"], input=source.encode(), check=True)
    if os.path.exists(marker):
        os.unlink(marker)
    return path, marker


# The user's own nodes may load what they like: they are the user.
def workers(daemon):
    return [pid for pid in descendants(daemon.process.pid) if "netcut-fl-worker" in command_of(pid)]


def worker_of(daemon):
    """The worker of the only run that is under way, once its two nodes run."""
    wait_until(lambda: any(len(descendants(worker)) >= 6 for worker in workers(daemon)), "the nodes of a run run")
    return max(workers(daemon), key=lambda worker: len(descendants(worker)))


def worker_with(daemon, environment, node="sleep 30"):
    """A run with this environment; the pids of its worker and of all below it, but for the nodes' own programs."""
    run = daemon.start(ALICE, node, env=environment)
    try:
        worker = worker_of(daemon)
        ours = [worker] + [pid for pid in descendants(worker) if "netcut-fl-init" in command_of(pid)]
        names = set()
        for pid in ours:
            with open(f"/proc/{pid}/environ", "rb") as file:
                names |= {entry.split(b"=")[0].decode() for entry in file.read().split(b"\0") if entry}
            with open(f"/proc/{pid}/maps") as file:
                check(PLANTED not in file.read(), f"{command_of(pid)} has loaded the user's library")
        return names
    finally:
        daemon.cli(ALICE, "rm", "-f", run)


def planted_names(what, make):
    """An attempt to have a process of the daemon's read these variables."""

    @attempt(what)
    def plant(daemon):
        path, marker = library(daemon)
        environment = make(daemon, path)
        names = worker_with(daemon, environment)
        leaked = sorted(name for name in environment if name in names)
        check(not leaked, "worker or init have in their environment: " + ", ".join(leaked))
        if os.path.exists(marker):
            with open(marker) as file:
                check(all(line.startswith(f"{ALICE} ") for line in file), "the library ran as somebody else")
        return "neither worker nor init have them"


def openssl(section):
    def make(daemon, path):
        file = daemon.home(ALICE) + "/openssl.cnf"
        with open(file, "w") as out:
            out.write(section.format(path=path))
        os.chmod(file, 0o644)
        return {"OPENSSL_CONF": file}

    return make


planted_names("becomes root by an engine that OPENSSL_CONF names",
              openssl("openssl_conf = i\n[i]\nengines = e\n[e]\nx = xs\n[xs]\ndynamic_path = {path}\nengine_id = x\ninit = 0\n"))
planted_names("becomes root by a provider that OPENSSL_CONF names",
              openssl("openssl_conf = i\n[i]\nproviders = p\n[p]\nx = xs\n[xs]\nmodule = {path}\nactivate = 1\n"))
planted_names("becomes root by variables of OpenSSL", lambda daemon, path: {
    "OPENSSL_MODULES": daemon.home(ALICE), "OPENSSL_ENGINES": daemon.home(ALICE), "SSL_CERT_FILE": path, "CTLOG_FILE": path,
    "RANDFILE": path, "OPENSSL_ia32cap": "0"})
planted_names("becomes root by variables of the dynamic linker", lambda daemon, path: {
    "LD_PRELOAD": path, "LD_AUDIT": path, "LD_LIBRARY_PATH": daemon.home(ALICE), "LD_DEBUG_OUTPUT": daemon.home(ALICE) + "/debug"})
planted_names("becomes root by variables of the C library", lambda daemon, path: {
    "GLIBC_TUNABLES": "glibc.malloc.check=3", "MALLOC_TRACE": daemon.home(ALICE) + "/trace", "MALLOC_PERTURB_": "7",
    "GCONV_PATH": daemon.home(ALICE), "LOCPATH": daemon.home(ALICE), "NLSPATH": path, "GETCONF_DIR": daemon.home(ALICE),
    "RES_OPTIONS": "debug", "LOCALDOMAIN": "x", "HOSTALIASES": path, "RESOLV_HOST_CONF": path, "TMPDIR": daemon.home(ALICE),
    "LANG": "xx_XX.EUC-JP", "LC_ALL": "xx_XX.EUC-JP", "POSIXLY_CORRECT": "1"})
planted_names("has root open a file as a time zone", lambda daemon, path: {"TZ": ":/root/netcut-attack", "TZDIR": "/root"})
planted_names("becomes root by variables of netlink, Python and who else reads them", lambda daemon, path: {
    "NLCB": "debug", "NLDBG": "7", "PYTHONSTARTUP": path, "PYTHONPATH": daemon.home(ALICE), "SPDLOG_LEVEL": "trace",
    "BASH_ENV": path, "ENV": path, "XDG_CONFIG_HOME": daemon.home(ALICE), "NOTIFY_SOCKET": "/run/x", "LISTEN_FDS": "3"})


@attempt("has a worker that is more than its user")
def worker_is_the_user(daemon):
    run = daemon.start(ALICE)
    try:
        worker = worker_of(daemon)
        ours = [worker] + descendants(worker)
        with_rights = []
        initial = os.readlink("/proc/self/ns/user")
        for pid in ours:
            status = status_of(pid)
            ids = set(status["Uid"].split()) | set(status["Gid"].split())
            check(ids == {str(ALICE)}, f"{command_of(pid)} has the ids {sorted(ids)}")
            in_initial = os.readlink(f"/proc/{pid}/ns/user") == initial
            if in_initial and int(status["CapPrm"], 16) != 0:
                with_rights.append(command_of(pid))
        check(not with_rights, f"these have capabilities on the host: {with_rights}")
        return f"all {len(ours)} processes are the user's, without a capability in the initial user namespace"
    finally:
        daemon.cli(ALICE, "rm", "-f", run)


@attempt("reads a closed folder by /proc/PID/cwd of a process of root")
def foreign_cwd(daemon):
    closed = daemon.folder + "/closed"
    os.makedirs(closed + "/open", exist_ok=True)
    os.chmod(closed, 0o700)
    os.chmod(closed + "/open", 0o777)
    with open(closed + "/open/secret", "w") as file:
        file.write("secret")
    root = subprocess.Popen(["sleep", "60"], cwd=closed + "/open")
    try:
        scenario = "collaborators: 1\naggregator: {command: [cat, secret]}\ncollaborator: {command: ['true']}\n"
        for more in ({"cwd": f"/proc/{root.pid}/cwd"}, {"cwd": f"/proc/{root.pid}/root{closed}/open"}):
            status, answer = daemon.ask(ALICE, "POST", "/runs", body_of(scenario, environment={"PATH": "/bin"}, **more))
            check(status >= 400, f"a run begins in {more}")
        daemon.ask(ALICE, "POST", "/runs", body_of(scenario, cwd=daemon.home(ALICE), out=f"/proc/{root.pid}/cwd/run"))
        time.sleep(0.5)
        check(os.listdir(closed + "/open") == ["secret"], "a run wrote into it")
    finally:
        root.kill()
        root.wait()
    return "the user's own rights decide"


@attempt("has files of root overwritten by links in the run's folder")
def links(daemon):
    victim = daemon.folder + "/victim"
    os.makedirs(victim, exist_ok=True)
    os.chmod(victim, 0o700)
    out = daemon.home(ALICE) + "/linked"
    os.makedirs(out, exist_ok=True)
    os.chown(out, ALICE, ALICE)
    for name in ("logs", "work", "pcap", "journal.jsonl", "verdict.json"):
        if not os.path.lexists(f"{out}/{name}"):
            os.symlink(victim if name in ("logs", "work", "pcap") else victim + "/" + name, f"{out}/{name}")
    daemon.cli(ALICE, "run", "--cols", "1", "--out", out, "--aggregator", "echo x", "--collaborator", "true")
    check(not os.listdir(victim), f"root's folder has {os.listdir(victim)}")
    return "nothing was written there"


@attempt("gives a FIFO as output folder, as template, as loss trace")
def fifos(daemon):
    path = daemon.home(ALICE) + "/fifo"
    if not os.path.exists(path):
        os.mkfifo(path, 0o666)
    began = time.monotonic()
    for arguments in (("--out", path), ("--template", path), ("--kind", "loss", "--model", "trace " + path)):
        done = daemon.cli(ALICE, "run", "--cols", "1", "--aggregator", "true", "--collaborator", "true", *arguments)
        check(done.returncode != 0, f"{arguments} is taken")
    check(time.monotonic() - began < 20, "it waits for somebody to write")
    return "each is refused"


@attempt("ends the daemon by JSON of 200,000 levels")
def deep_json(daemon):
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        for count in (100, 200_000):
            deep = opening * count + "1" + closing * count
            status, _ = daemon.ask(ALICE, "POST", "/runs", ('{"scenario":' + deep + "}").encode())
            check(400 <= status < 500, f"{count} levels are answered with {status}")
    return "it is refused"


@attempt("keeps the daemon from others by 60 bodies of 4 MB")
def large_bodies(daemon):
    body = b'{"scenario":[' + b"0," * 2_000_000 + b"0]}"
    threads = [threading.Thread(target=lambda: quietly(daemon, body)) for _ in range(60)]
    for thread in threads:
        thread.start()
    slowest = slowest_answer(daemon, 4)
    for thread in threads:
        thread.join()
    check(slowest < 5, f"another user waited {slowest:.1f} s")
    return f"another user waited {slowest:.2f} s at the most"


def quietly(daemon, body):
    try:
        daemon.ask(ALICE, "POST", "/runs", body, timeout=120)
    except OSError:
        pass  # refused: a connection too many


def slowest_answer(daemon, seconds):
    slowest, end = 0.0, time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        check(daemon.ask(BOB, "GET", "/version", timeout=120)[0] == 200, "another user is refused")
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(0.05)
    return slowest


@attempt("keeps the daemon from others by asking for 60 examinations (/doctor) at once")
def doctors(daemon):
    def ask():
        try:
            daemon.ask(ALICE, "GET", "/doctor", timeout=120)
        except OSError:
            pass  # refused: a connection too many

    threads = [threading.Thread(target=ask) for _ in range(60)]
    for thread in threads:
        thread.start()
    slowest = slowest_answer(daemon, 3)
    for thread in threads:
        thread.join()
    check(slowest < 5, f"another user waited {slowest:.1f} s")
    return f"another user waited {slowest:.2f} s at the most"


@attempt("keeps the daemon from others by 300 connections")
def connections(daemon):
    script = f"""
import socket, sys, time
held = []
for _ in range(300):
    s = socket.socket(socket.AF_UNIX)
    try: s.connect("{daemon.socket}"); held.append(s)
    except OSError: pass
print("ready", flush=True)
time.sleep(3)
"""
    flood = subprocess.Popen(["python3", "-c", script], user=ALICE, group=ALICE, extra_groups=[54320], stdout=subprocess.PIPE)
    try:
        flood.stdout.readline()
        check(slowest_answer(daemon, 1) < 5, "another user waits")
    finally:
        flood.kill()
        flood.wait()
    return "another user is served"


@attempt("fills the daemon's memory by the output of a command that nobody reads (exec)")
def exec_flood(daemon):
    run = daemon.start(ALICE)
    reader = subprocess.Popen(
        [program("netcut-fl"), "exec", "--socket", daemon.socket, run, "aggregator", "yes"],
        user=ALICE, group=ALICE, extra_groups=[54320], stdout=subprocess.PIPE, cwd=daemon.home(ALICE))
    try:
        reader.stdout.read(10)
        time.sleep(3)
        used = {command_of(pid).split()[0]: memory_of(pid) for pid in [daemon.process.pid, worker_of(daemon)]}
        for name, size in used.items():
            check(size < 150 << 20, f"{name} has {size >> 20} MiB")
    finally:
        reader.kill()
        reader.wait()
        daemon.cli(ALICE, "rm", "-f", run)
    return "memory stays below 150 MiB"


@attempt("fills the daemon's memory by a journal without lines, of 200 GB")
def journal_swap(daemon):
    run = daemon.start(ALICE, "sleep 8")
    folder = json.loads(daemon.ask(ALICE, "GET", "/runs/" + run)[1])["folder"]
    os.rename(folder + "/journal.jsonl", folder + "/journal.old")
    with open(folder + "/journal.jsonl", "w") as file:
        file.truncate(200 << 30)
    os.chown(folder + "/journal.jsonl", ALICE, ALICE)
    threads = [threading.Thread(target=lambda: follow(daemon, run)) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(4)
    size = memory_of(daemon.process.pid)
    for thread in threads:
        thread.join()
    daemon.cli(ALICE, "rm", "-f", run)
    check(size < 150 << 20, f"the daemon has {size >> 20} MiB")
    return f"the daemon has {size >> 20} MiB"


def follow(daemon, run):
    try:
        daemon.ask(ALICE, "GET", f"/runs/{run}/events?follow=1", timeout=4)
    except OSError:
        pass


def foreign(what, method, target, body=b""):
    @attempt(what)
    def ask(daemon):
        run = daemon.start(BOB)
        try:
            status, answer = daemon.ask(ALICE, method, target.format(run=run), body)
            check(status == 404, f"it is answered with {status}: {answer[:100]}")
            state = json.loads(daemon.ask(BOB, "GET", "/runs/" + run)[1])["state"]
            check(state == "running", "the run is " + state)
        finally:
            daemon.cli(BOB, "rm", "-f", run)
        return "there is no such run for others"


foreign("reads another user's run", "GET", "/runs/{run}")
foreign("stops another user's run", "POST", "/runs/{run}/stop")
foreign("deletes another user's run", "DELETE", "/runs/{run}")
foreign("reads another user's journal", "GET", "/runs/{run}/events")
foreign("reads another user's logs", "GET", "/runs/{run}/nodes/aggregator/logs")
foreign("runs a command in another user's node", "POST", "/runs/{run}/nodes/aggregator/exec", b'{"command": ["id"]}')
foreign("cuts another user's node off", "POST", "/runs/{run}/faults", b'{"kind": "drop", "for": "5s"}')
foreign("signals another user's node", "POST", "/runs/{run}/nodes/aggregator/signal", b'{"signal": "KILL"}')


@attempt("leaves the run's folder by the name of a node or stream")
def traversal(daemon):
    run = daemon.start(ALICE)
    try:
        for target in ("nodes/..%2f..%2fetc%2fpasswd/logs", "nodes/aggregator/logs?stream=../../../../etc/passwd",
                       "nodes/%2e%2e/logs", "nodes/aggregator%00/logs"):
            status, answer = daemon.ask(ALICE, "GET", f"/runs/{run}/{target}")
            check(400 <= status < 500 and b"root:" not in answer, f"{target} is answered with {status}")
    finally:
        daemon.cli(ALICE, "rm", "-f", run)
    return "each is refused"


@attempt("reads a file of root by a link in place of a log")
def log_link(daemon):
    run = daemon.start(ALICE)
    try:
        folder = json.loads(daemon.ask(ALICE, "GET", "/runs/" + run)[1])["folder"]
        wait_until(lambda: os.path.exists(folder + "/logs/aggregator.out"), "the node has a log")
        os.unlink(folder + "/logs/aggregator.out")
        os.symlink("/etc/shadow", folder + "/logs/aggregator.out")
        _, answer = daemon.ask(ALICE, "GET", f"/runs/{run}/nodes/aggregator/logs")
        check(b"root:" not in answer, "it reads /etc/shadow")
    finally:
        daemon.cli(ALICE, "rm", "-f", run)
    return "no link is followed"


def smuggle(what, request, *statuses):
    @attempt(what)
    def send(daemon):
        answer = daemon.raw(ALICE, request)
        got = [int(part.split(b" ")[0]) for part in answer.split(b"HTTP/1.1 ")[1:]]
        check(got and all(400 <= status < 600 for status in got), f"it is answered with {got}")
        return f"it is answered with {got}"


smuggle("hides a request behind two lengths", b"POST /runs HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 50\r\n\r\n{}")
smuggle("hides a request behind a length and chunks",
        b"POST /runs HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /runs HTTP/1.1\r\n\r\n")
smuggle("gives a negative length", b"POST /runs HTTP/1.1\r\nContent-Length: -1\r\n\r\n")
smuggle("sends a header without an end", b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n")
smuggle("announces a body of 10 GB", b"POST /runs HTTP/1.1\r\nContent-Length: 10000000000\r\n\r\nx")
smuggle("speaks another protocol", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")


@attempt("connects though in no group that may")
def stranger(daemon):
    done = daemon.cli(54323, "ps", groups=()) if os.path.exists(daemon.home(54323)) else subprocess.run(
        ["python3", "-c", f"import socket; socket.socket(socket.AF_UNIX).connect('{daemon.socket}')"], user=54323, group=54323,
        extra_groups=[], capture_output=True, text=True)
    check(done.returncode != 0 and "ermission" in done.stderr, "it is let in")
    return "permission denied"


def refused_run(what, *arguments, because=""):
    @attempt(what)
    def run(daemon):
        done = daemon.cli(ALICE, "run", "--cols", "1", "--aggregator", "true", "--collaborator", "true", *arguments)
        check(done.returncode == 2, f"exit status {done.returncode}: {done.stderr}")
        check(because in done.stderr, "it says: " + done.stderr)
        return done.stderr.strip().splitlines()[0][:120]


refused_run("runs nodes as root", "--user", "root")
refused_run("runs nodes as another user", "--user", str(BOB))
refused_run("gives its nodes the machine's network (uplink)", "--uplink", "all")
refused_run("runs for longer than it may", "--timeout", "100h", because="run-time")
refused_run("ends for longer than it may (grace)", "--timeout", "5h", "--grace", "1000h")


@attempt("runs more nodes than it may")
def too_many_nodes(daemon):
    done = daemon.cli(ALICE, "run", "--cols", "300", "--aggregator", "true", "--collaborator", "true")
    check(done.returncode == 2 and "nodes" in done.stderr, done.stderr)
    return "refused, with the limit's name"


@attempt("starts more runs at once than it may")
def too_many_runs(daemon):
    runs, refusals = [], 0
    body = body_of("collaborators: 1\naggregator: {command: [sleep, '20']}\ncollaborator: {command: [sleep, '20']}\n", cwd=daemon.home(MALLORY),
                   environment={"PATH": "/usr/bin:/bin"})
    answers = []

    def start():
        try:
            answers.append(daemon.ask(MALLORY, "POST", "/runs", body, timeout=60))
        except OSError as error:
            answers.append((0, str(error)))

    threads = [threading.Thread(target=start) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for status, answer in answers:
        if status == 201:
            runs.append(json.loads(answer)["id"])
        else:
            refusals += 1
    for run in runs:
        daemon.cli(MALLORY, "rm", "-f", run)
    check(len(runs) <= 8 and runs, f"{len(runs)} of 16 began")
    return f"{len(runs)} of 16 began"


@attempt("leaves a descriptor in the daemon with each run that is over")
def descriptors(daemon):
    def count():
        return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))

    before = count()
    for _ in range(8):
        daemon.cli(ALICE, "run", "--cols", "1", "--aggregator", "true", "--collaborator", "true")
    wait_until(lambda: count() <= before + 3, f"the daemon closes what it opened ({before} before, {count()} now)", 5)
    return f"{before} before 8 runs, {count()} after them"


@attempt("deletes a run that is starting, and its traces with it")
def rm_of_a_starting_run(daemon):
    folder = daemon.home(ALICE) + "/slow"
    os.makedirs(folder, exist_ok=True)
    os.chown(folder, ALICE, ALICE)
    if not os.path.exists(folder + "/template.yaml"):
        os.mkfifo(folder + "/template.yaml", 0o666)
    body = body_of(f"template: {folder}\n", cwd=daemon.home(ALICE))
    threading.Thread(target=quietly, args=(daemon, body)).start()
    time.sleep(0.5)
    began, removed = time.monotonic(), 0
    for run in json.loads(daemon.ask(ALICE, "GET", "/runs")[1])["runs"]:
        if run.get("state") == "starting":
            status, answer = daemon.ask(ALICE, "POST", f"/runs/{run['id']}/stop")
            status, answer = daemon.ask(ALICE, "DELETE", f"/runs/{run['id']}")
            check(status < 300, f"it is answered with {status}: {answer[:200]}")
            removed += 1
    check(time.monotonic() - began < 8, "it takes too long")
    return f"{removed} such runs were removed, the others refused before"


@attempt("ends another user's runs by a signal to a worker")
def signals(daemon):
    run = daemon.start(BOB)
    try:
        for pid in descendants(daemon.process.pid) + [daemon.process.pid]:
            done = subprocess.run(["kill", "-KILL", str(pid)], user=ALICE, group=ALICE, extra_groups=[], capture_output=True)
            check(done.returncode != 0, f"{command_of(pid)} was ended")
    finally:
        daemon.cli(BOB, "rm", "-f", run)
    return "not permitted"


@attempt("finds the daemon, which reads what it is sent, with a right to lose")
def daemon_has_no_right(daemon):
    status = status_of(daemon.process.pid)
    for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb"):
        check(int(status[name], 16) == 0, f"{name} of the daemon is {status[name]}")
    check(status["Seccomp"] == "2", "no filter bounds the daemon's system calls")
    check(status["NoNewPrivs"] == "1", "the daemon may gain rights")
    return "no capability, and a filter of system calls"


@attempt("reaches the broker, which has the rights")
def reach_the_broker(daemon):
    broker = [pid for pid in descendants(daemon.process.pid) if "netcut-fld" in command_of(pid)]
    check(len(broker) == 1, f"there are {len(broker)} brokers")
    script = f"""
import ctypes, os, signal
libc = ctypes.CDLL(None, use_errno=True)
def let(what):
    try:
        what()
        print("let")
    except OSError:
        pass
let(lambda: os.kill({broker[0]}, signal.SIGTERM))
let(lambda: os.listdir("/proc/{broker[0]}/fd"))
let(lambda: open("/proc/{broker[0]}/environ").read())
if libc.ptrace(16, {broker[0]}, 0, 0) == 0: print("let")
fd = libc.syscall(434, {broker[0]}, 0)
for number in range(20):
    if fd >= 0 and libc.syscall(438, fd, number, 0) >= 0: print("let")
print("tried")
"""
    done = subprocess.run(["python3", "-c", script], user=ALICE, group=ALICE, extra_groups=[54320], capture_output=True, text=True)
    check(done.stdout == "tried\n", f"it is let: {done.stdout}{done.stderr}")
    return "neither signal nor ptrace nor its descriptors"
