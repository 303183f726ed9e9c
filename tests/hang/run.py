#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether proofs are true: runs that recover are never said to hang, and those that hang have the right cause.

    sudo tests/hang/run.py --recovering 300 --hanging 20 [--jobs 6] [--scale 1] [--only NAME] [--crowds no|only] [--keep FOLDER] [--starve]

With --starve netcut-fl is stopped most of the time, for up to 150 ms at once, as if it had no CPU.
Exit status 1 if a run is judged wrongly; each has a line."""
import argparse
import collections
import concurrent.futures
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

import stories

BUILD = os.environ.get("NETCUT_BUILD", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build/release"))


def has_reference():
    return os.path.exists(os.path.join(BUILD, "netcut-fl-reference"))


def yaml_of(story):
    text = f"name: hang\nhang_after: {story.hang_after}\ngrace: 500ms\n"
    if story.template:
        text += "template: reference\nparameters:\n" + "".join(
            f"  {key}: {json.dumps(str(value))}\n" for key, value in story.template.items())
        return text + story.rest
    text += "collaborators: 1\nready: listening\n"
    for role in ("aggregator", "collaborator"):
        script = stories.PREAMBLE + getattr(story, role)
        text += f"{role}:\n  command:\n    - python3\n    - -uc\n    - |\n"
        text += "".join(f"      {line}\n" for line in script.splitlines())
    return text + story.rest


@contextlib.contextmanager
def crowd(wanted):
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(10 * os.cpu_count() if wanted else 0)]
    try:
        yield
    finally:
        for one in busy:
            one.kill()
            one.wait()


def seconds_to_proof(folder):
    healed = stopping = None
    with open(os.path.join(folder, "journal.jsonl"), encoding="utf-8") as journal:
        for line in journal:
            event = json.loads(line)
            if event["event"] == "fault.healed":
                healed = event["t_ns"] / 1e9
            if event["event"] == "run.stopping":
                stopping = event["t_ns"] / 1e9
    return stopping - healed if healed is not None and stopping is not None else None


def judge(story, verdict):
    """What is wrong with it; empty: nothing."""
    hang = verdict.get("hang")
    if story.causes:
        if hang is None:
            return f"it is to hang, and is {verdict['verdict']}: {verdict['reason']}"
        if hang["cause"] not in story.causes:
            return f"its cause is {hang['cause']}: {hang['why']}"
        if hang["proof"] not in story.proofs:
            return f"its proof is {hang['proof']}, because of {hang.get('in_the_way')}"
        return ""
    if hang is not None and hang["proof"] != "waited":
        return f"a false proof ({hang['proof']}): {hang['why']}"
    if verdict["verdict"] == "recovered" or (story.may_be_given_up and hang is not None):
        return ""
    return f"it is {verdict['verdict']}: {verdict['reason']}"


def run(words, starve):
    """What it prints. Its end is not awaited in a stop."""
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        while starve and running.poll() is None:
            running.send_signal(signal.SIGSTOP)
            time.sleep(random.uniform(0.02, 0.15))
            running.send_signal(signal.SIGCONT)
            time.sleep(random.uniform(0.0005, 0.008))
        return running.communicate()[0]


def make(story, folder, starve):
    os.makedirs(folder)
    with open(f"{folder}/scenario.yaml", "w", encoding="utf-8") as file:
        file.write(yaml_of(story))
    program = os.path.join(BUILD, "netcut-fl")
    with crowd(story.crowd):
        printed = run([program, "run", f"{folder}/scenario.yaml", "--local", "--quiet", "--out", f"{folder}/run"], starve)
    try:
        with open(f"{folder}/run/verdict.json", encoding="utf-8") as file:
            verdict = json.load(file)
    except OSError:
        return "there is no verdict: " + printed, None, None
    wrong = judge(story, verdict)
    checked = subprocess.run([program, "verify", f"{folder}/run"], capture_output=True, text=True, check=False)
    if not wrong and checked.returncode != 0:
        wrong = "verify: " + checked.stdout.strip().replace("\n", "; ")
    certain = verdict.get("hang", {}).get("proof") == "certain"
    return wrong, verdict["verdict"], seconds_to_proof(f"{folder}/run") if certain else None


def plan(arguments):
    jobs = []
    for all_of_them, times in ((stories.recovering(arguments.scale), arguments.recovering),
                               (stories.hanging(has_reference()), arguments.hanging)):
        wanted = [story for story in all_of_them if (arguments.only is None or arguments.only in story.name)
                  and (arguments.crowds is None or story.crowd == (arguments.crowds == "only"))]
        is_each = all_of_them and all_of_them[0].causes
        count = times * len(wanted) if is_each else times if wanted else 0
        jobs += [wanted[number % len(wanted)] for number in range(count)]
    return jobs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recovering", type=int, default=0, metavar="N", help="so many runs that recover, all together")
    parser.add_argument("--hanging", type=int, default=0, metavar="N", help="so many runs of each that hangs")
    parser.add_argument("--jobs", type=int, default=6)
    parser.add_argument("--scale", type=float, default=1.0, help="of the long waits, which are of 30 s")
    parser.add_argument("--starve", action="store_true", help="stop netcut-fl most of the time")
    parser.add_argument("--only", help="only those with this in their names")
    parser.add_argument("--crowds", choices=("no", "only"), help="none of those beside many busy processes, or only these")
    parser.add_argument("--keep", help="where the runs are kept")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        print("skipped: it needs root")
        return 77
    todo = plan(arguments)
    wrong, count, times = collections.Counter(), collections.Counter(), collections.defaultdict(list)
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        folder = arguments.keep or stack.enter_context(tempfile.TemporaryDirectory(prefix="netcut-test-hang-"))
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o755)
        pool = stack.enter_context(concurrent.futures.ThreadPoolExecutor(arguments.jobs))
        under_way = {pool.submit(make, story, f"{folder}/{number}", arguments.starve): (number, story) for number, story in enumerate(todo)}
        for done in concurrent.futures.as_completed(under_way):
            number, story = under_way[done]
            mistake, _, proved_in = done.result()
            count[story.name] += 1
            if proved_in is not None:
                times[story.name].append(proved_in)
            if mistake:
                wrong[story.name] += 1
                print(f"WRONG {number} {story.name}: {mistake}", flush=True)
    for name, runs in count.items():
        proved = sorted(times[name])
        median = f", proved {proved[len(proved) // 2]:.2f} s after the heal (median), {proved[-1]:.2f} s at most" if proved else ""
        print(f"{name:<24} {runs - wrong[name]} of {runs} right{median}")
    print(f"{sum(count.values())} runs in {time.monotonic() - begun:.0f} s, {sum(wrong.values())} judged wrongly")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
