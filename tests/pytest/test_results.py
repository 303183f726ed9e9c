# SPDX-License-Identifier: Apache-2.0
"""What is made of many runs: comparisons, the search among versions, matrices, and their pages."""

import json
import os
import random
import subprocess
import sys
import time

import pytest

import browser

from test_pages import look, seen
from test_plugin import BEATS

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="they are the same for every user")
needs_browser = pytest.mark.skipif(browser.found() is None, reason="there is no Chromium here to open pages with")


@pytest.fixture(scope="module")
def chromium():
    with browser.Browser() as one:
        yield one


def netcut_fl(*words, status=0):
    ended = subprocess.run(["netcut-fl", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    assert ended.returncode == status, ended.stdout
    return ended.stdout


def write_results(folder, seed, cells=4, repeats=15, seconds=2.0, failed=0.1):
    """The results of a made-up study: runs recover after about `seconds`, and a share of them hangs."""
    drawn = random.Random(seed)
    folder.mkdir()
    with open(folder / "results.jsonl", "w") as rows:
        for cell in range(cells):
            for repeat in range(1, repeats + 1):
                hung = drawn.random() < failed
                name = f"c{cell + 1:03d}"
                rows.write(json.dumps({
                    "cell": name, "repeat": repeat, "key": f"{name}-r{repeat:02d}", "seed": repeat, "factor.loss": f"{cell}%",
                    "verdict": "hung" if hung else "recovered", "noticed": True, "machine": "ok", "version": "0.1.0", "kernel": "6.1.0",
                    "recovery_s": None if hung else seconds * drawn.lognormvariate(0, 0.08)}) + "\n")
    return folder


def test_same_thing_twice_is_no_change_and_a_fifth_more_is_one(tmp_path):
    first, second = write_results(tmp_path / "first", 1), write_results(tmp_path / "second", 2)
    slower = write_results(tmp_path / "slower", 3, seconds=2.4)
    assert "no change in 4 cells" in netcut_fl("compare", first, second)
    text = netcut_fl("compare", first, slower, status=1)
    assert "regressions in 4 cells" in text and "recovery_s" in text
    assert "improvements in 4 cells" in netcut_fl("compare", slower, first)


def test_comparison_as_json_says_what_its_text_says(tmp_path):
    before, now = write_results(tmp_path / "before", 1, failed=0), write_results(tmp_path / "now", 2, failed=1)
    found = json.loads(netcut_fl("compare", before, now, "--json", status=1))
    assert found["regressions"] == 4 and found["headline"] == "4 regressions in 4 cells"
    assert found["differences"][0]["before"]["outcomes"] == {"recovered": 15}
    assert found["differences"][0]["now"]["outcomes"] == {"hung": 15}


def test_ten_thousand_runs_are_compared_in_seconds(tmp_path):
    before = write_results(tmp_path / "before", 1, cells=500, repeats=20)
    now = write_results(tmp_path / "now", 2, cells=500, repeats=20)
    begun = time.monotonic()
    assert "no change in 500 cells" in netcut_fl("compare", before, now)
    assert time.monotonic() - begun < 60, "5 s on a quiet machine"


@needs_browser
def test_page_of_a_comparison(tmp_path, chromium):
    before = write_results(tmp_path / "before", 1, cells=12, failed=0)
    now = write_results(tmp_path / "now", 2, cells=11, seconds=2.5, failed=0.2)
    netcut_fl("compare", before, now, "--page", tmp_path / "comparison.html", status=1)
    look(chromium, tmp_path / "comparison.html")
    assert "regressions" in seen(chromium, "h1")
    assert "loss=11%" in seen(chromium, "#only")


def write_repeats(folder, outcomes, title="upload", safety="as undisturbed"):
    """The table that `run --repeat` leaves."""
    folder.mkdir()
    column = f"{len(outcomes)} runs"
    repeats = [{"outcome": outcome, "detail": "", "safety": safety, "seconds": None, "run": f"runs/r{i}"}
               for i, outcome in enumerate(outcomes)]
    (folder / "repeats.json").write_text(json.dumps({
        "kind": "experiments", "of": "repeats", "title": title, "columns": [column],
        "rows": [{"name": title, "cells": [{"column": column, "repeats": repeats}]}]}))
    return folder


def test_repeats_are_one_cell_however_many_there_are(tmp_path):
    before = write_repeats(tmp_path / "before", ["recovered"] * 15)
    now = write_repeats(tmp_path / "now", ["hung"] * 20, "upload, later")
    assert "all runs: recovered 15 -> hung 20" in netcut_fl("compare", before, now, status=1)
    assert "no change in 1 cell" in netcut_fl("compare", before, before)


def test_repeats_whose_model_became_wrong_are_a_regression(tmp_path):
    before = write_repeats(tmp_path / "before", ["recovered"] * 15)
    wrong = write_repeats(tmp_path / "wrong", ["recovered"] * 15, safety="but")
    assert "recovered 15 -> recovered, but 15" in netcut_fl("compare", before, wrong, status=1)


def test_results_that_cannot_be_compared_say_why(tmp_path):
    first = write_results(tmp_path / "first", 1)
    (tmp_path / "empty").mkdir()
    assert "it is not, and has not, one of results.jsonl" in netcut_fl("compare", first, tmp_path / "empty", status=2)
    torn = write_results(tmp_path / "torn", 1)
    with open(torn / "results.jsonl", "a") as rows:
        rows.write('{"cell": 3}\n')
    assert "line 61" in netcut_fl("compare", first, torn, status=2)
    assert "no run has that level" in netcut_fl("compare", first, first, "--old", "loss=99%", status=2)


@pytest.fixture
def versions(tmp_path, monkeypatch):
    """A federation whose collaborator fails from version 3 on."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "versions.yaml").write_text(json.dumps({
        "collaborators": 1, "parameters": {"release": ""}, "end": "collaborators", "aggregator": {"command": "sleep 20"},
        "collaborator": {"command": ["sh", "-c", "echo release {release}; test {release} -lt 3"]}}))
    return "versions.yaml"


def test_bisect_finds_the_version_that_began_to_fail(versions):
    out = netcut_fl("bisect", versions, "--set", "release={version}", "--good", 0, "--bad", 6, "--versions", "0,1,2,3,4,5,6",
                    "--jobs", 2, "--out", "found")
    assert "the outcome changed between 2 (good) and 3 (bad)" in out
    found = json.loads(open("found/bisect.json").read())
    assert found["between"] == ["2", "3"] and found["found"]
    tried = {row["name"]: row["runs"] for row in found["rows"] if row["runs"]}
    assert set(tried) <= {"0", "6", "3", "1", "2"} and all(3 <= runs <= 10 for runs in tried.values()), tried
    compared = netcut_fl("compare", "found", "found")
    assert f"{sum(tried.values())} runs in {len(tried)} cells" in compared and "version" not in compared, compared


def test_bisect_over_commits_prepares_each(versions, tmp_path):
    def git(*words):
        return subprocess.run(["git", "-C", tmp_path / "code", "-c", "user.name=a", "-c", "user.email=a@b.c", *words],
                              check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    (tmp_path / "code").mkdir()
    git("init", "-q")
    commits = []
    for release in range(5):
        (tmp_path / "code/release").write_text(str(release))
        git("add", "release")
        git("commit", "-q", "-m", f"release {release}")
        commits.append(git("rev-parse", "HEAD"))
    (tmp_path / "lay-out").write_text(f'#!/bin/sh\ngit -C {tmp_path}/code show "$1:release" > {tmp_path}/of-$1\n')
    (tmp_path / "lay-out").chmod(0o755)
    (tmp_path / "commits.yaml").write_text(json.dumps({
        "collaborators": 1, "parameters": {"commit": ""}, "end": "collaborators", "aggregator": {"command": "sleep 20"},
        "collaborator": {"command": ["sh", "-c", f"test $(cat {tmp_path}/of-{{commit}}) -lt 3"]}}))
    out = netcut_fl("bisect", "commits.yaml", "--set", "commit={version}", "--good", commits[0], "--bad", commits[-1],
                    "--commits", tmp_path / "code", "--prepare", f"{tmp_path}/lay-out {{version}}", "--jobs", 2, "--out", "found")
    assert f"between {commits[2]} (good) and {commits[3]} (bad)" in out


def test_bisect_says_that_an_end_is_not_bad(versions):
    out = netcut_fl("bisect", versions, "--set", "release={version}", "--good", 0, "--bad", 2, "--versions", "0,1,2", "--out", "none", status=1)
    assert "2 is not bad: 0 of" in out


def test_a_run_that_did_not_end_well_has_no_length_of_rounds(pytester):
    said = "for i in 1 2 3; do echo beat $i; sleep 0.1; done; exit {status}"
    (pytester.path / "beats.yaml").write_text(json.dumps({
        "name": "beats", "repeat": 1, "machine": {"crowded_above": "100%"}, "keep": "all",
        "factors": [{"name": "status", "key": "parameters.status", "values": [0, 1]}],
        "scenario": {"collaborators": 1, "parameters": {"status": ""}, "end": "collaborators", "progress": "re:beat ([0-9]+)",
                     "aggregator": {"command": "sleep 20"}, "collaborator": {"command": ["sh", "-c", said]}}}))
    netcut_fl("study", "beats.yaml", "--out", "out", "--jobs", 2)
    rows = [json.loads(line) for line in (pytester.path / "out/results.jsonl").read_text().splitlines()]
    length = {row["verdict"]: row["round_s"] for row in rows}
    assert length["undisturbed"] > 0.05 and length["crashed"] is None, rows
    crashed = next(row for row in rows if row["verdict"] == "crashed")
    assert json.loads((pytester.path / "out" / crashed["run"] / "verdict.json").read_text())["rounds"]["each"][1:]


@needs_browser
def test_factors_that_change_together_are_one_axis(pytester, chromium):
    (pytester.path / "pairs.yaml").write_text(json.dumps({
        "name": "pairs", "repeat": 1, "machine": {"crowded_above": "100%"},
        "factors": [{"name": "status", "key": "parameters.status", "values": [0, 1]}, {"name": "same", "values": ["no", "yes"]},
                    {"name": "said", "levels": [{"name": one, "set": {"parameters.said": one + "{same}"}} for one in "ab"]}],
        "combine": [[status, same, said] for status, same in ((0, "no"), (1, "yes")) for said in "ab"],
        "scenario": {"collaborators": 1, "parameters": {"status": "", "said": ""}, "end": "collaborators",
                     "aggregator": {"command": "sleep 20"}, "collaborator": {"command": ["sh", "-c", "echo {said}; exit {status}"]}}}))
    netcut_fl("study", "pairs.yaml", "--out", "out", "--jobs", 2)
    chromium.open("out/index.html")
    assert chromium.evaluate("[...document.querySelectorAll('#study-x option')].map((one) => one.text).join()") == "status,said"
    shown = chromium.evaluate("[...document.querySelectorAll('td.shade')].map((one) => one.textContent).join()")
    assert shown and "–" not in shown


MATRIX = {
    "name": "beats", "moments": ["fifth"], "kinds": ["drop", "down"], "durations": ["100ms"], "repeat": 2,
    "machine": {"crowded_above": "100%"},  # other tests run beside it
    "frameworks": [{
        "name": "beats", "versions": ["1", "2"], "set": {"parameters.release": "{version}"},
        "scenario": {
            "collaborators": 1, "ready": "listening", "ready_within": "5s", "progress": "re:beat ([0-9]+)", "parameters": {"release": ""},
            "aggregator": {"command": ["sh", "-c", "test {release} = 1 && exec " + sys.executable + " beats.py echo"]},
            "collaborator": {"command": [sys.executable, "beats.py", "{aggregator}"]},
            "experiments": [{"name": "fifth", "what": "it said five", "fault": {"on": {"log": "beat 5"}}}]}}]}


@pytest.fixture
def matrix(pytester):
    pytester.makepyfile(beats=BEATS)
    (pytester.path / "beats.yaml").write_text(json.dumps(MATRIX))
    return "beats.yaml"


def test_matrix_tells_unsupported_versions_from_failed_cells(matrix, pytester):
    assert "nothing is wrong with it" in netcut_fl("check", matrix)
    text = netcut_fl("matrix", matrix, "--out", "results/first", "--jobs", 2, status=1)
    assert "beats 2 is unsupported: none of 2 undisturbed runs passed" in text
    result = json.loads((pytester.path / "results/first/result.json").read_text())
    assert [cell["outcome"] for cell in result["cells"]] == ["undisturbed", "crashed", "recovered", "recovered", "unsupported", "unsupported"]
    for cell in result["cells"][2:4]:
        assert [run["outcome"] for run in cell["each"]] == ["recovered"] * 2
        assert all((pytester.path / "results/first" / run["folder"] / "report.html").exists() for run in cell["each"])
    # Nothing is made again, and the next result has this one as its history.
    before = (pytester.path / "results/first/results.jsonl").read_text()
    netcut_fl("matrix", matrix, "--out", "results/first", "--jobs", 2, status=1)
    assert (pytester.path / "results/first/results.jsonl").read_text() == before
    netcut_fl("matrix", matrix, "--out", "results/second", "--jobs", 2, status=1)
    second = json.loads((pytester.path / "results/second/result.json").read_text())
    assert [one["started"] for one in second["history"]] == [result["started"]]
    assert result["missing"] == 0
    assert "netcut-fl matrix results/first --report" in netcut_fl("study", "results/first", "--report", status=2)
    assert second["history"][0]["cells"]["beats | 1 | fifth | drop | 100ms"] == "recovered"
    assert "no change" in netcut_fl("compare", "results/first", "results/second")


ECHO = """\
import socket, sys, threading
s = socket.create_server(("", 8080), family=socket.AF_INET6, dualstack_ipv6=True)
print("listening", flush=True)
c = s.accept()[0]
while m := c.recv(9): c.sendall(m)
"""
# An answer that takes longer than its patience ends it.
ASK = """\
import socket, sys, time
c = socket.create_connection((sys.argv[1], 8080))
c.settimeout(float(sys.argv[2]))
for i in range(60):
    c.sendall(b"x"); c.recv(1); print("beat", i, flush=True); time.sleep(0.02)
"""


@needs_browser
def test_matrix_has_the_outage_that_a_version_survives(pytester, chromium):
    pytester.makepyfile(echo=ECHO, ask=ASK)
    file = {"name": "patience", "moments": ["fifth"], "kinds": ["drop"], "durations": ["100ms"], "repeat": 1,
            "machine": {"crowded_above": "100%"}, "explore": {"most": "2s", "within": "500ms"},
            "frameworks": [{
                "name": "ask", "versions": ["1", "60"], "set": {"parameters.patience": "{version}"},
                "scenario": {
                    "collaborators": 1, "ready": "listening", "progress": "re:beat ([0-9]+)", "parameters": {"patience": ""},
                    "end": "collaborators",
                    "aggregator": {"command": [sys.executable, "echo.py"]},
                    "collaborator": {"command": [sys.executable, "ask.py", "{aggregator}", "{patience}"]},
                    "experiments": [{"name": "fifth", "what": "it said five", "fault": {"on": {"log": "beat 5"}}}]}}]}
    (pytester.path / "patience.yaml").write_text(json.dumps(file))
    text = netcut_fl("matrix", "patience.yaml", "--out", "results/one", "--jobs", 2)
    cells = {cell["version"]: cell for cell in json.loads((pytester.path / "results/one/result.json").read_text())["cells"]
             if cell["moment"] == "fifth"}
    outage = cells["1"]["outage"]
    assert 0.5 <= outage["survived_s"] < outage["fatal_s"] <= 1.25 and outage["limit_s"] == 2, text
    assert cells["60"]["outage"]["survived_s"] == 2 and cells["60"]["outage"]["fatal_s"] is None, text
    assert f"survives {outage['survived_s']:g} s" in text
    look(chromium, "results/one/index.html")
    chromium.open("results/one/index.html")
    shown = chromium.evaluate("[...document.querySelectorAll('td.outcome')].map((one) => one.innerText)")
    assert any("survives" in one and "not" in one for one in shown), shown


@needs_browser
def test_page_of_a_matrix_has_its_filter_in_the_address(matrix, pytester, chromium):
    netcut_fl("matrix", matrix, "--out", "results/first", "--jobs", 2, status=1)
    look(chromium, "results/first/index.html")
    chromium.open("results/first/index.html")
    cells = "document.querySelectorAll('td.outcome:not(.empty)').length"
    assert chromium.evaluate(cells) == 6
    chromium.evaluate("""(() => { const choice = document.getElementById("matrix-kind"); choice.value = "drop";
        choice.dispatchEvent(new Event("change")); })()""")
    assert chromium.evaluate(cells) == 2
    assert chromium.evaluate("location.hash") == "#kind=drop"
    chromium.evaluate("location.hash = '#version=1'")
    chromium.evaluate("new Promise((done) => setTimeout(done, 50))")
    assert chromium.evaluate(cells) == 3
    chromium.evaluate("[...document.querySelectorAll('button.cell')].find((one) => one.innerText.includes('recovered')).click()")
    assert "runs/" in seen(chromium, ".panel") and "netcut-fl run runs/" in seen(chromium, ".panel")
    links = chromium.evaluate("[...document.querySelectorAll('.panel a')].map((one) => one.getAttribute('href'))")
    for link in links:
        if "pcap" not in link:
            assert (pytester.path / "results/first" / link).exists(), link
