# SPDX-License-Identifier: Apache-2.0
"""A scenario file that keeps the tool busy, reads what it may not, or is more than data. The CI job of a pull request runs it."""
import ctypes
import os
import subprocess
import time

from harness import ALICE, Skipped, attempt, check, libc, program

FEDERATION = "name: attack\ncollaborators: 1\naggregator: {command: ['true']}\ncollaborator: {command: ['true']}\n"


def run(daemon, text, *more, local=False, timeout=60):
    """(the finished command, seconds) of a run of this scenario."""
    path = f"{daemon.home(ALICE)}/scenario{time.monotonic_ns()}.yaml"
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    began = time.monotonic()
    if local:
        done = daemon.cli_of_files(ALICE, "run", "--local", path, "--out", path + ".run", *more, timeout=timeout)
    else:
        done = daemon.cli(ALICE, "run", path, "--out", path + ".run", *more, timeout=timeout)
    return done, time.monotonic() - began


def refused(what, text, within=5.0):
    """An attempt by a scenario that must be refused as wrong input, soon, by the daemon and without it."""

    @attempt(what)
    def try_it(daemon):
        times = []
        for local in (False, True):
            done, seconds = run(daemon, text() if callable(text) else text, local=local)
            check(done.returncode == 2, f"exit status {done.returncode} after {seconds:.1f} s: {(done.stdout + done.stderr)[:200]}")
            check("\x1b" not in done.stderr and "\x07" not in done.stderr, "an escape sequence is in the message")
            check(seconds < within, f"it took {seconds:.1f} s")
            times.append(seconds)
        return f"refused within {max(times):.2f} s"


def fault(keys):
    return FEDERATION + "faults:\n  - {name: cut, kind: drop, on: {log: x}, for: 1s, " + keys + "}\n"


refused("keeps it busy by 10,000 aliases of a fault with a long pattern", lambda: (
    FEDERATION + "x-pattern: &f {name: a, kind: drop, on: {log: '" + "a*" * 10_000 + "'}, for: 1s}\nfaults: [" + "*f," * 10_000 + "*f]\n"))
refused("keeps it busy by aliases of aliases", lambda: (
    "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}]\n"
                                 for i in range(1, 12)) + FEDERATION))
refused("overflows its stack by 100,000 levels of YAML", lambda: FEDERATION + "faults: " + "[" * 100_000 + "]" * 100_000 + "\n")
refused("overflows its stack by 100,000 levels of indentation", lambda: "".join(" " * i + "a:\n" for i in range(3000)))
refused("fills its memory by a file of 100 MB", lambda: FEDERATION + "# " + "x" * 100_000_000)
refused("keeps it busy by 4 MB of scalars", lambda: FEDERATION + "faults: [" + "0," * 2_000_000 + "0]\n")
refused("keeps it busy by a pattern of nested repeats", fault("").replace("log: x", "log: 're:((((a{1,1000}){1,1000}){1,1000}){1,1000})'"))
refused("keeps it busy by a loss list from /dev/zero", FEDERATION + "faults:\n  - {name: a, kind: loss, on: start, model: trace /dev/zero}\n")
refused("names a fault with an escape sequence", fault("").replace("name: cut", 'name: "\\e]0;owned\\a"'))
refused("names a fault with a NUL", fault("").replace("name: cut", 'name: "a\\0b"'))
refused("names a fault with 10,000 letters", fault("").replace("name: cut", "name: " + "x" * 10_000))
refused("names itself with a control character", FEDERATION.replace("name: attack", 'name: "x\\x9b31m"'))
refused("hides a command behind a NUL", FEDERATION.replace("command: ['true']", 'command: ["/bin/tr\\0ue"]', 1))
refused("gives a pattern that matches everything", FEDERATION + "ready: 're:'\n")
refused("has an unknown key with an escape sequence", FEDERATION + '"\\e[2Jkey": 1\n')
refused("makes files outside of its folder (absolute)", FEDERATION + "stages:\n  prepare: {command: ['true'], makes: [/etc/passwd]}\n")
refused("makes files outside of its folder (..)", FEDERATION + "stages:\n  prepare: {command: ['true'], makes: [../../etc]}\n")
refused("constructs an object (tags)", "!!python/object:os.system\n" + FEDERATION + "faults: !!binary x\n")
refused("asks for a billion collaborators", FEDERATION.replace("collaborators: 1", "collaborators: 1000000000"))
refused("asks for a negative number of collaborators", FEDERATION.replace("collaborators: 1", "collaborators: -1"))
refused("is no text", os.urandom(4096).replace(b"\n", b"x"))


@attempt("keeps it busy by 2,000 faults")
def many_faults(daemon):
    faults = "".join(f"  - {{name: f{i}, kind: drop, on: {{log: never}}, for: 1s}}\n" for i in range(2000))
    done, seconds = run(daemon, FEDERATION + "faults:\n" + faults, local=True)
    check(seconds < 8, f"it took {seconds:.1f} s, exit status {done.returncode}")
    return f"{seconds:.1f} s, exit status {done.returncode}"


@attempt("puts names of the dynamic linker into the first process of a node")
def env_of_init(daemon):
    text = FEDERATION.replace("aggregator: {command: ['true']}",
                              "aggregator: {command: [sh, -c, 'cat /proc/1/environ | tr \"\\\\0\" \"\\\\n\"; sleep 0.2'], "
                              "env: {LD_PRELOAD: /nowhere.so, GLIBC_TUNABLES: x=1, MALLOC_TRACE: /tmp/x}}")
    path = f"{daemon.home(ALICE)}/env{time.monotonic_ns()}.yaml"
    with open(path, "w") as file:
        file.write(text.replace("sleep 0.2", "sleep 5"))
    began = daemon.cli(ALICE, "run", "-d", path)
    check(began.returncode == 0, began.stderr)
    from harness import command_of, descendants
    try:
        time.sleep(0.5)
        seen = set()
        for pid in descendants(daemon.process.pid):
            if "netcut-fl-init" in command_of(pid):
                with open(f"/proc/{pid}/environ", "rb") as file:
                    seen |= {entry.split(b"=")[0] for entry in file.read().split(b"\0")}
        leaked = seen & {b"LD_PRELOAD", b"GLIBC_TUNABLES", b"MALLOC_TRACE"}
        check(not leaked, f"it has {leaked}")
    finally:
        daemon.cli(ALICE, "rm", "-f", began.stdout.split()[0])
    return "they are the node's program's alone"


@attempt("writes its files where the user may not")
def out_elsewhere(daemon):
    for folder in ("/root/netcut-attack", "/etc/netcut-attack", "/netcut-attack"):
        done = daemon.cli(ALICE, "run", "--cols", "1", "--aggregator", "true", "--collaborator", "true", "--out", folder)
        check(done.returncode != 0 and not os.path.exists(folder), f"{folder} was made")
    return "permission denied"


@attempt("reads a file of root as a template, an environment, a loss list")
def reads(daemon):
    for arguments in (("--template", "/root"), ("--kind", "loss", "--model", "trace /etc/shadow")):
        done = daemon.cli(ALICE, "run", "--cols", "1", "--aggregator", "true", "--collaborator", "true", *arguments)
        check(done.returncode != 0 and "root:" not in done.stdout + done.stderr, f"{arguments}: {done.stderr}")
    return "permission denied"


@attempt("has verify and report follow hostile files of a run's folder")
def hostile_folder(daemon):
    out = daemon.home(ALICE) + "/hostile"
    daemon.cli(ALICE, "run", "--cols", "1", "--out", out, "--aggregator", "true", "--collaborator", "true")
    originals = {name: open(f"{out}/{name}", "rb").read() for name in ("journal.jsonl", "verdict.json", "manifest.json")}
    for name, original in originals.items():
        for hostile in (b"[" * 200_000, b'{"a":' * 200_000, None):
            with open(f"{out}/{name}", "wb") as file:
                if hostile is None:
                    file.truncate(3 << 30)
                else:
                    file.write(hostile)
            for command in ("verify", "report"):
                began = time.monotonic()
                done = daemon.cli_of_files(ALICE, command, out)
                took = time.monotonic() - began
                check(done.returncode >= 0, f"{command} is ended by signal {-done.returncode} ({name})")
                check(took < 10, f"{command} takes {took:.1f} s ({name})")
        with open(f"{out}/{name}", "wb") as file:
            file.write(original)
    return "they say what is wrong"


class Opened:
    """Whether anybody has opened a file since this was made (inotify(7))."""

    def __init__(self, path):
        in_open = 0x20
        self.fd = libc.inotify_init1(os.O_NONBLOCK)
        if self.fd < 0 or libc.inotify_add_watch(self.fd, path.encode(), in_open) < 0:
            raise Skipped(f"this kernel cannot watch a file: {os.strerror(ctypes.get_errno())}")

    def end(self):
        """True if so."""
        try:
            return bool(os.read(self.fd, 4096))
        except BlockingIOError:
            return False
        finally:
            os.close(self.fd)


@attempt("has root open a file of root's, which the scenario in a run's folder names (report, verify)")
def named_by_a_record(daemon):
    out = daemon.home(ALICE) + "/naming"
    # A fault that never fires: report reads the scenario to say why.
    daemon.cli(ALICE, "run", "--cols", "1", "--out", out, "--aggregator", "true", "--collaborator", "true", "--cut-on", "never")
    closed = daemon.folder + "/closed-template"
    os.mkdir(closed, 0o700)
    secret = closed + "/template.yaml"
    with open(secret, "w") as file:
        file.write("TOPSECRET")
    with open(out + "/scenario.yaml") as file:
        scenario = file.read()
    named = {
        "template": f"template: {closed}\n" + scenario,
        "loss list": scenario + f"  - {{kind: loss, model: trace {secret}, on: start, for: 1s}}\n",
        "input of a stage": scenario + f"stages:\n  prepare: {{command: ['true'], inputs: [{secret}]}}\n",
    }
    for what, text in named.items():
        with open(out + "/scenario.yaml", "w") as file:
            file.write(text)
        for command in ("report", "verify"):
            for caller in ({"SUDO_UID": str(ALICE), "SUDO_GID": str(ALICE)}, {}):
                opened = Opened(secret)
                done = subprocess.run([program("netcut-fl"), command, out], env={"PATH": os.environ["PATH"], **caller},
                                      stdin=subprocess.DEVNULL, capture_output=True, timeout=60, errors="surrogateescape")
                who = "sudo" if caller else "root"
                check(not opened.end(), f"{command} by {who} opens it ({what})")
                check("TOPSECRET" not in done.stdout + done.stderr, f"{command} by {who} shows it ({what})")
                check(done.returncode >= 0, f"{command} by {who} is ended by signal {-done.returncode} ({what})")
    return "it is never opened"
