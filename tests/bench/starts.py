#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a run costs in two builds, in turn: until its last node runs, and in CPU time from its begin to its end.

usage: sudo starts.py BEFORE NOW [--pairs N] [--collaborators N] [--json FILE]
  BEFORE, NOW  folders with netcut-fl, netcut-fld and the programs beside them
"""
import argparse
import ctypes
import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

USER, GROUP = 54321, 54320  # without an account
NODE = "sh -c 'date +%s%N'"
PR_SET_CHILD_SUBREAPER = 36


def cpu_of_children():
    """In milliseconds; of all that have been waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (usage.ru_utime + usage.ru_stime)


def reap_orphans():
    """What outlives its parent is ours to wait for, so that its CPU time is counted."""
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass


def become_user():
    os.setgroups([GROUP])
    os.setgid(USER)
    os.setuid(USER)


class Way:
    """Of running: `run` makes one, and returns the milliseconds until its last node ran."""

    def __init__(self, build, folder, collaborators):
        self.build, self.folder, self.collaborators = build, folder, collaborators
        self.count = 0

    def begin(self):
        pass

    def end(self):
        reap_orphans()

    def command(self, out):
        return [f"{self.build}/netcut-fl", "run", "--quiet", "--out", out, "--cols", str(self.collaborators),
                "--aggregator", NODE, "--collaborator", NODE, *self.more()]

    def more(self):
        return ["--local"]

    def setting(self):
        return {}

    def run(self):
        self.count += 1
        out = f"{self.folder}/run-{self.count}"
        begun = time.time_ns()
        subprocess.run(self.command(out), check=True, stdout=subprocess.DEVNULL, **self.setting())
        logs = [f"{out}/logs/aggregator.out"]
        logs += [f"{out}/logs/collaborator{i + 1}.out" for i in range(self.collaborators)]
        last = max(int(open(log).read()) for log in logs)
        shutil.rmtree(out)
        return (last - begun) / 1e6


class Sudo(Way):
    name = "sudo netcut-fl run"

    def setting(self):
        return {"env": {**os.environ, "SUDO_UID": str(USER)}}


class Root(Way):
    name = "netcut-fl run, as root"

    def setting(self):
        return {"env": {name: value for name, value in os.environ.items() if name != "SUDO_UID"}}


class Rootless(Way):
    name = "netcut-fl run, without root"

    def setting(self):
        return {"preexec_fn": become_user}


class Hosted(Way):
    name = "netcut-fl run, by the daemon"

    def begin(self):
        self.socket = f"{self.folder}/socket-{self.count}"
        self.daemon = subprocess.Popen(
            [f"{self.build}/netcut-fld", "--socket", self.socket, "--state", f"{self.folder}/state", "--group",
             str(GROUP)], stderr=subprocess.DEVNULL)
        while not os.path.exists(self.socket):
            time.sleep(0.01)
        self.run()  # what it does once is not the runs'

    def end(self):
        self.daemon.send_signal(signal.SIGTERM)
        self.daemon.wait()
        super().end()

    def more(self):
        return ["--socket", self.socket]

    def setting(self):
        return {"preexec_fn": become_user}


def measure(way, runs):
    """The times of so many runs, and the CPU time of each on average, with its share of what starts the daemon."""
    cpu, count = cpu_of_children(), way.count
    way.begin()
    times = [way.run() for _ in range(runs)]
    way.end()
    return times, (cpu_of_children() - cpu) / (way.count - count)


def compare(kind, options):
    """Figures of one way; ratios are medians of what was measured beside each other."""
    runs = 5  # of one build before it is the other's turn
    times, cpu = [[], []], [[], []]
    with tempfile.TemporaryDirectory(prefix="netcut-test-bench-") as folder:
        os.chmod(folder, 0o755)
        ways = []
        for number, build in enumerate([options.before, options.now]):
            own = f"{folder}/{number}"
            os.mkdir(own)
            os.chown(own, USER, GROUP)
            ways.append(kind(os.path.abspath(build), own, options.collaborators))
        for turn in range(options.pairs):
            for number in (0, 1) if turn % 2 == 0 else (1, 0):
                some, average = measure(ways[number], runs)
                times[number].append(statistics.median(some))
                cpu[number].append(average)
    figure = {"way": kind.name, "collaborators": options.collaborators, "pairs": options.pairs, "runs": runs}
    for name, pairs in (("until_nodes_run_ms", times), ("cpu_ms", cpu)):
        figure[name] = {"before": statistics.median(pairs[0]), "now": statistics.median(pairs[1]),
                        "ratio": statistics.median(b / a for a, b in zip(*pairs)),
                        "ratios": sorted(round(b / a, 3) for a, b in zip(*pairs))}
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before")
    parser.add_argument("now")
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--collaborators", type=int, default=4)
    parser.add_argument("--json")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("starts.py: needs root: it becomes users, and starts daemons")
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    figures = []
    print(f"{'':30} {'until nodes run':^30} {'CPU time of a run':^30}")
    for kind in (Sudo, Root, Rootless, Hosted):
        figure = compare(kind, options)
        figures.append(figure)
        cells = ["{before:8.1f} {now:8.1f} ms {ratio:7.2f} ".format(**figure[name])
                 for name in ("until_nodes_run_ms", "cpu_ms")]
        print(f"{kind.name:30} {cells[0]:^30} {cells[1]:^30}", flush=True)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=2)


if __name__ == "__main__":
    main()
