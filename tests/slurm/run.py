#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A study on a Slurm of two nodes, of which a task and a node are killed in the middle: run.py BUILD [--runs N] [--tasks N]

Starts munged, slurmctld and two slurmd of its own in a new folder, and ends them. Each run of the study writes a line when its
work is done, so that what was done can be compared with the rows. Needs root and slurm-wlm; ends with status 77, and says why,
where that cannot be.
"""

import argparse
import collections
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SKIPPED = 77
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue")
PORT = 16900


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


class Slurm:
    """Two nodes with two CPUs each, on this machine."""

    def __init__(self, folder):
        self.folder = folder
        host = socket.gethostname().split(".")[0]
        (folder / "key").write_bytes(os.urandom(128))
        (folder / "key").chmod(0o400)
        for name in ("state", "n1", "n2"):
            (folder / name).mkdir()
        self.conf = folder / "slurm.conf"
        self.conf.write_text(f"""ClusterName=netcut
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort={PORT}
AuthType=auth/munge
AuthInfo=socket={folder}/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
ReturnToService=2
SlurmdTimeout=10
KillWait=2
MpiDefault=none
NodeName=n[1-2] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{PORT + 1}-{PORT + 2}] CPUs=2
PartitionName=test Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP
""")
        self.environment = dict(os.environ, SLURM_CONF=str(self.conf))
        self.daemons = []

    def start(self):
        folder = self.folder
        self.daemon("munged", "--foreground", "--force", f"--socket={folder}/munge", f"--key-file={folder}/key",
                    f"--pid-file={folder}/munged.pid", f"--seed-file={folder}/seed")
        while not (folder / "munge").exists():
            time.sleep(0.05)
        self.daemon("slurmctld", "-D")
        for node in ("n1", "n2"):
            self.daemon("slurmd", "-D", "-N", node)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            shown = subprocess.run(["sinfo", "--noheader", "--format=%t %D"], env=self.environment, capture_output=True,
                                   text=True, check=False).stdout
            if shown.strip() == "idle 2":
                return
            time.sleep(0.2)
        skip(f"Slurm does not come up here: {shown}")

    def daemon(self, program, *options):
        with open(self.folder / f"{program}.log", "ab") as log:
            self.daemons.append(subprocess.Popen([program, *options], env=self.environment, stdout=log, stderr=log))

    def kill_node(self, node):
        """As when its machine dies: the daemon, and all that it has started."""
        self.daemons[-1].kill()
        mine = f"SLURMD_NODENAME={node}".encode()
        ours = f"SLURM_CONF={self.conf}".encode()
        for entry in Path("/proc").iterdir():
            try:
                words = (entry / "environ").read_bytes().split(b"\0") if entry.name.isdigit() else []
                if mine in words and ours in words:
                    parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                    if Path(f"/proc/{parent}/comm").read_text().strip() == "slurmstepd":
                        os.kill(parent, signal.SIGKILL)
                    os.kill(int(entry.name), signal.SIGKILL)
            except (OSError, ValueError):
                continue  # it has ended

    def wait_for_tasks(self):
        end = time.monotonic() + 30
        while time.monotonic() < end and subprocess.run(["squeue", "--noheader"], env=self.environment, capture_output=True,
                                                        check=False).stdout.strip():
            time.sleep(0.2)

    def stop(self):
        for daemon in reversed(self.daemons):
            daemon.terminate()
        for daemon in self.daemons:
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
        self.end_steps()

    def end_steps(self):
        """What asks a controller that is gone for minutes."""
        ours = f"SLURM_CONF={self.conf}".encode()
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and ours in (entry / "environ").read_bytes().split(b"\0"):
                    if (entry / "comm").read_text().strip() == "slurmstepd":
                        os.kill(int(entry.name), signal.SIGKILL)
            except OSError:
                continue  # it has ended


def write_study(folder, runs):
    cells = max(2, runs // 10)
    (folder / "study.yaml").write_text(f"""name: slurm
scenario:
  collaborators: 1
  parameters: {{size: 1}}
  aggregator: {{command: [sh, -c, 'sleep 0.3; echo "{{run-seed}}" >> {folder}/done']}}
  collaborator: {{command: [sleep, "0.2"]}}
factors: [{{name: size, key: parameters.size, from: 1, to: {cells}, steps: {cells}}}]
repeat: {runs // cells}
machine: {{crowded_above: 100%, tries: 9}}
""")


def rows_in(out):
    return [name for name in os.listdir(out / "rows") if name.endswith(".json")] if (out / "rows").exists() else []


def wait_for_rows(out, count, study):
    while len(rows_in(out)) < count:
        if study.poll() is not None:
            sys.exit(f"FAILED: the study ended with {study.returncode} and {len(rows_in(out))} rows")
        time.sleep(0.1)


def kill_a_task(out):
    """A process that makes runs, whose claims say who it is."""
    for claim in sorted((out / "claims").iterdir()):
        if claim.name.startswith("clock"):
            continue
        who = json.loads(claim.read_text() or "{}")
        if who.get("end") == "running" and who.get("task", "").endswith("_1"):
            os.kill(who["process"], signal.SIGKILL)
            return who["task"]
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build")
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--tasks", type=int, default=4)
    parser.add_argument("--undisturbed", action="store_true", help="kill nothing, and say how long it took")
    options = parser.parse_args()
    if os.geteuid() != 0:
        skip("needs root: Slurm runs tasks as other users")
    if missing := [name for name in PROGRAMS if not shutil.which(name)]:
        skip(f"there is no {', '.join(missing)}; apt install slurm-wlm")
    tool = Path(options.build).resolve() / "netcut-fl"
    with tempfile.TemporaryDirectory(prefix="netcut-test-slurm-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        slurm = Slurm(folder)
        try:
            slurm.start()
            check(tool, folder, slurm, options)
        finally:
            slurm.stop()


def check(tool, folder, slurm, options):
    write_study(folder, options.runs)
    out = folder / "out"
    begun = time.monotonic()
    with open(folder / "screen", "wb") as screen:
        study = subprocess.Popen([tool, "study", folder / "study.yaml", "--out", out, "--on", "slurm", "--tasks",
                                  str(options.tasks), "--jobs", "1", "--lease", "6s"], env=slurm.environment,
                                 stdout=screen, stderr=screen)
    killed = None
    if not options.undisturbed:
        wait_for_rows(out, options.runs // 5, study)
        while killed is None:
            killed = kill_a_task(out)
            time.sleep(0.02)
        wait_for_rows(out, options.runs // 2, study)
        slurm.kill_node("n2")
    status = study.wait(max(600, 10 * options.runs))
    took = time.monotonic() - begun
    slurm.wait_for_tasks()
    rows = [json.loads(line) for line in (out / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    keys = collections.Counter(row["key"] for row in rows)
    done = collections.Counter((folder / "done").read_text(encoding="utf-8").split())
    lost = sum(row["lost_tries"] for row in rows)
    print(f"{len(rows)} rows of {options.runs} runs in {took:.1f} s, on {options.tasks} tasks; killed: task {killed}; "
          f"{lost} tries were lost; {sum(done.values())} runs came to their end")
    problems = []
    if status != 0 or len(rows) != options.runs or len(keys) != options.runs:
        problems.append(f"status {status}, {len(rows)} rows, {len(keys)} keys\n{(folder / 'screen').read_text()[-2000:]}")
    if missing := [row["key"] for row in rows if str(row["seed"]) not in done]:
        problems.append(f"rows of runs that never ended: {missing}")
    # A run whose process was killed after its work and before its row is made again.
    if sum(done.values()) > options.runs + lost:
        problems.append(f"{sum(done.values())} runs ended, {lost} tries were lost")
    if not options.undisturbed and lost == 0:
        problems.append("nothing was lost, so that nothing was shown")
    for problem in problems:
        print("FAILED", problem)
    print("passed" if not problems else f"{len(problems)} failures")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
