#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How often the second word of a run is right, with the reference federation, and whether the ledger of the wire agrees with it.

    sudo tests/bench/safety.py --defects 20 --clean 200 --ledger 5

Runs each planted defect so many times, and so many runs without one, with cuts of all kinds at all moments; and for the ledger, with a
cut at each moment, runs in which an update is delivered twice, and runs that go on without one. Prints what was found and what was
not. Exit status 1 if a defect was not found and named right, if there was a false alarm, or if the ledger did not find what the
aggregator's log has.
"""
import argparse
import collections
import concurrent.futures
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FINDINGS = {"drop-update": {"not-counted"}, "count-twice": {"counted-twice"}, "half-update": {"counted-in-part"},
            "stale-model": {"stale"}, "skip-late": {"not-counted"}}
ALSO = {"digest", "file", "metric", "samples"}  # of any defect: the model has other bits
KINDS = ["drop", "drop, direction: up", "drop, direction: down", "unplug", "down", "reject", "pause", "loss, model: iid 30%",
         "reset"]
# As the template's experiments have them.
MOMENTS = {
    "A": {"on": '{log: "round 2: training, epoch 2"}'},
    "B": {"on": '{log: "waiting for round 2"}', "nodes": "[collaborator1]", "epochs": '"{index}"', "args": "--poll 2s"},
    "C": {"on": '{log: "round 2: sending results"}', "when": "sent 64KiB"},
    "C'": {"on": '{log: "round 2: results from collaborator4 are complete", node: aggregator, delay: 300ms}',
           "args": "--server-delay 1s"},
    "D": {"on": '{log: "round 2: requesting tensor dense1/w"}', "when": "received 24KiB", "rate": "20mbit"},
}

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--program", default=str(ROOT / "build/release/netcut-fl"))
parser.add_argument("--defects", type=int, default=20, help="runs of each")
parser.add_argument("--clean", type=int, default=200, help="runs without a defect")
parser.add_argument("--ledger", type=int, default=0, help="runs with an update twice, and without one, for each moment")
parser.add_argument("--twins", type=int, default=1)
parser.add_argument("--jobs", type=int, default=6)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--out", default="")
options = parser.parse_args()
out = pathlib.Path(options.out or tempfile.mkdtemp(prefix="netcut-safety-"))
out.mkdir(parents=True, exist_ok=True)
chance = random.Random(options.seed)


# In the last round, the reply to a whole upload is lost for longer than the collaborator waits: it sends the update again.
TWICE = "{kind: drop, on: {log: 'round 3: results from collaborator4 are complete', node: aggregator, delay: 300ms}, for: 8s}"


def scenario(moment, kind, seconds, defect, twice=False):
    what = dict(MOMENTS[moment])
    if twice:
        what["args"] = what.get("args", "").replace("--server-delay 1s", "") + " --server-delay 1s"
    lines = ["template: reference", "name: safety", "collaborators: 4", "hang_after: 20s", "parameters:", "  rounds: 3",
             f"  defect: {defect}", f"  epochs: {what.get('epochs', 2)}", "  pace: 300ms",
             f"  aggregator-args: --server-user-timeout 5s --late-after 2s {what.get('args', '')}".rstrip()]
    if twice:
        lines += ["  on-error: deadline", "  collaborator-args: --deadline 3s"]
    if "rate" in what:
        lines += ["fabric:", f"  rate: {what['rate']}"]
    fault = f"{{kind: {kind}, on: {what['on']}, for: {seconds}s"
    for key in ("when", "nodes"):
        if key in what and not (key == "when" and kind.split(",")[0] in ("pause", "delay")):
            fault += f", {key}: {what[key]}"
    return "\n".join([*lines, "faults:", f"  - {fault}}}", f"  - {TWICE}" if twice else "", ""])


def run(name, text):
    file = out / f"{name}.yaml"
    file.write_text(text)
    with open(out / f"{name}.txt", "w") as told:
        subprocess.run([options.program, "run", str(file), "--local", "--twins", str(options.twins), "--out", str(out / name)], cwd=out,
                       stdout=told, stderr=subprocess.STDOUT, check=False)
    try:
        return json.loads((out / name / "verdict.json").read_text())
    except OSError:
        return None


def logged(name):
    """How often the aggregator says that each update came whole."""
    times = collections.Counter()
    pattern = re.compile(r"round (\d+): results from (\S+) (are complete|were here already|came too late)")
    for line in (out / name / "logs/aggregator.out").read_text().splitlines():
        if found := pattern.search(line):
            times[found[1], found[2]] += 1
    return times


def compare_ledger(name, moment, verdict, ledger):
    grid = verdict["safety"].get("grid", {"rounds": [], "nodes": [], "cells": []})
    truth = logged(name)
    for round_name, row in zip(grid["rounds"], grid["cells"]):
        for node, cell in zip(grid["nodes"], row):
            delivered, came = cell["delivered"], truth[round_name, node]
            word = "unknown" if delivered is None else "agrees" if delivered == came else "differs"
            ledger[word] += 1
            how = "missing" if came == 0 else "once" if came == 1 else "twice"
            by_moment[moment][how, word] += 1
            if word == "differs":
                print(f"  {name}: round {round_name}, {node}: {delivered} on the wire, {came} in the log")


cases = []  # name, moment, defect, scenario
for defect in FINDINGS:
    for i in range(options.defects):
        cases.append((f"{defect}-{i}", "A", defect, scenario("A", chance.choice(["drop", "unplug", "down"]), 6, defect)))
for i in range(options.clean):
    moment, kind = chance.choice(list(MOMENTS)), chance.choice(KINDS)
    seconds = chance.choice([1, 2, 4, 8])
    cases.append((f"clean-{i}-{moment.replace(chr(39), 'x')}-{re.sub('[^a-z]+', '-', kind)}-{seconds}", moment, "none",
                  scenario(moment, kind, seconds, "none")))
for moment in MOMENTS if options.ledger else []:
    for i in range(options.ledger):
        at = f"{moment.replace(chr(39), 'x')}-{i}"
        cases.append((f"twice-{at}", moment, "twice", scenario(moment, "drop", 1, "none", twice=True)))
        if moment != "C'":  # an update that is whole is not missing
            cases.append((f"missing-{at}", moment, "missing", scenario(moment, "drop", 8, "skip-late")))

# The twins first, so that no two runs make the same ones.
made = set()
for name, moment, defect, text in cases:
    key = text[:text.index("faults:")]
    if key not in made:
        made.add(key)
        run("first-" + name, text)

wrong, words, ledger = 0, collections.Counter(), collections.Counter()
by_moment = collections.defaultdict(collections.Counter)
with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
    results = list(pool.map(lambda case: (case, run(case[0], case[3])), cases))
for (name, moment, defect, text), verdict in results:
    if verdict is None or "safety" not in verdict:
        print(f"  {name}: no verdict, see {out / name}.txt")
        wrong += 1
        continue
    safety, found = verdict["safety"], {one["finding"] for one in verdict["safety"]["findings"]}
    words[defect, verdict["verdict"], safety["word"]] += 1
    compare_ledger(name, moment, verdict, ledger)
    if defect in ("twice", "missing"):  # what is delivered twice is counted once
        good = safety["word"] == "as-undisturbed" if defect == "twice" else "not-counted" in found
    elif defect != "none":
        good = FINDINGS[defect] <= found and found <= FINDINGS[defect] | ALSO
    else:
        # A run that did not go on has missed rounds, and no model: nothing else is right to be said of it.
        over = verdict["verdict"] in ("recovered", "undisturbed")
        good = safety["word"] == "as-undisturbed" if over else found <= {"rounds-missing", "digest", "file", "metric"}
    if not good:
        wrong += 1
        print(f"  {name}: {verdict['verdict']}, {safety['text']}")
for (defect, verdict, word), count in sorted(words.items()):
    print(f"{defect:<12} {verdict:<14} {word:<15} {count}")
for moment, counts in sorted(by_moment.items()):
    print(f"{moment:<3}", ", ".join(f"{how} {word} {count}" for (how, word), count in sorted(counts.items())))
known = ledger["agrees"] + ledger["differs"]
print(f"ledger: {known} node-rounds known, {ledger['differs']} of them differ from the aggregator's log, {ledger['unknown']} unknown")
print(f"{wrong} of {len(cases)} runs are not as they should be; files in {out}")
sys.exit(1 if wrong or ledger["differs"] * 100 > known else 0)
