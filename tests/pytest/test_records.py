# SPDX-License-Identifier: Apache-2.0
"""netcut.read(), on what real runs have left."""

import json
import subprocess
import sys

import pytest

import netcut

from test_plugin import BEATS


@pytest.fixture
def beats(pytester):
    """A scenario file, of which the aggregator echoes."""
    pytester.makepyfile(beats=BEATS)
    path = pytester.path / "beats.yaml"
    path.write_text(json.dumps({
        "collaborators": 1, "ready": "listening", "progress": "re:beat ([0-9]+)",
        "aggregator": {"command": [sys.executable, "beats.py", "echo"]},
        "collaborator": {"command": [sys.executable, "beats.py", "{aggregator}"]},
        "faults": [{"kind": "drop", "on": {"log": "beat 5"}, "for": "200ms"}],
        "experiments": [{"name": "fifth", "fault": {"on": {"log": "beat 5"}}}],
    }))
    return path


def netcut_fl(*words):
    subprocess.run(["netcut-fl", *map(str, words)], check=True, stdout=subprocess.DEVNULL, timeout=300)


def test_tables_of_a_run_agree_with_its_verdict(beats):
    netcut_fl("run", beats, "--out", "run")
    run = netcut.read("run")
    assert run.verdict["verdict"] == "recovered"
    assert [event["n"] for event in run.events] == list(range(1, len(run.events) + 1))
    assert [node["node"] for node in run.nodes] == ["aggregator", "collaborator1"]
    assert all(0 < node["started_s"] < node["exited_s"] and node["finished"] for node in run.nodes)
    [fault] = run.faults
    assert (fault["kind"], fault["node"], fault["trigger_line"]) == ("drop", "collaborator1", "beat 5")
    assert fault["packets_lost"] == run.verdict["packets_lost"] == sum(
        fault[key] for key in ("lost_up", "lost_down", "unsendable"))
    assert fault["lasted_s"] == pytest.approx(fault["healed_s"] - fault["fired_s"])
    assert [one["round"] for one in run.rounds][:3] == ["1", "2", "3"]
    # Each beat is a byte, with at least 40 bytes of headers, each way.
    assert sum(row["sent"] for row in run.traffic if row["node"] == "collaborator1") >= 40 * 41
    assert {row["node"] for row in run.phases} == {"aggregator", "collaborator1"}
    assert run.log("collaborator1").splitlines()[-1] == "beat 40"


def test_journal_that_was_torn_is_read_to_its_last_whole_line(beats):
    netcut_fl("run", beats, "--out", "run")
    with open("run/journal.jsonl", "r+") as file:
        lines = file.readlines()
        file.seek(0)
        file.truncate()
        file.write("".join(lines[:5]) + '{"n":6,"t_ns":12')
    assert [event["n"] for event in netcut.read("run").events] == [1, 2, 3, 4, 5]


def test_study_has_a_row_for_each_run(beats):
    netcut_fl("experiments", beats, "--kinds", "drop", "--for", "200ms", "--repeat", "2", "--out", "table")
    study = netcut.read("table")
    assert study.kind == "experiments"
    assert [(row["moment"], row["kind"], row["duration_s"], row["repeat"], row["outcome"], row["exit_status"])
            for row in study.rows] == [("fifth", "drop", 0.2, 1, "recovered", 0), ("fifth", "drop", 0.2, 2, "recovered", 0)]
    assert all(row["time_to_recover_s"] >= 0 for row in study.rows)
    assert [run.folder.name for run in study.runs] == [row["run"].split("/")[1] for row in study.rows]
    assert study.runs[0].faults[0]["packets_lost"] > 0


def test_repeats_have_a_row_for_each_run(beats):
    netcut_fl("run", beats, "--repeat", "2", "--out", "many")
    rows = netcut.read("many").rows
    assert [(row["repeat"], row["outcome"], row["exit_status"]) for row in rows] == [(1, "recovered", 0), (2, "recovered", 0)]


def test_folder_of_something_else_is_refused(pytester):
    with pytest.raises(FileNotFoundError, match="neither journal.jsonl of a run nor a table of many"):
        netcut.read(pytester.path)
