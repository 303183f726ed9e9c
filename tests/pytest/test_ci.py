# SPDX-License-Identifier: Apache-2.0
"""The files of docs/ci.md do what it says, in the hands of whoever acts as the runner."""

import xml.etree.ElementTree as xml

import pytest

yaml = pytest.importorskip("yaml", reason="there is no Python module yaml; apt install python3-yaml")

from ci_runners import GitHub, Machine, run_gitlab_job, run_jenkins_pipeline

WORKFLOW = ".github/workflows/network.yml"


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def change_scenario(machine, old, new):
    path = machine.checkout / "federation.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def break_the_client(machine):
    """It waits for ever: no patience of 2 s."""
    change_scenario(machine, "{index} 4 2", "{index} 4")
    change_scenario(machine, "hang_after: 10s", "hang_after: 4s")


def junit_failures(path):
    return [int(suite.get("failures")) for suite in xml.parse(path).iter("testsuite")]


def test_github_job_passes_and_says_what_was_done(machine):
    job = GitHub(machine).run_job(WORKFLOW, "cut")
    assert job.passed, job.log
    assert job.annotations == []
    assert "### sums: Passed\\: recovered\\, as expected\n" in job.summary
    assert "| cut | drop | collaborator2 |" in job.summary
    assert {"report.html", "junit.xml", "verdict.json", "aggregator.out"} <= set(job.artifacts["netcut-fl"])


def test_github_job_fails_and_says_why(machine):
    break_the_client(machine)
    job = GitHub(machine).run_job(WORKFLOW, "cut")
    assert not job.passed
    assert [(level, title) for level, title, _ in job.annotations] == [
        ("error", "netcut-fl: not met: the verdict is recovered"), ("error", "netcut-fl: not met: at least 3 rounds are finished")], job.log
    assert "hung: nothing in it could ever go on" in job.annotations[0][2]
    assert "### sums: **Failed\\: 2 of 2 expectations**\n\nhung: " in job.summary
    assert "report.html" in job.artifacts["netcut-fl"], "it is what says why"


def test_github_job_whose_run_proves_nothing_is_warned_of_it(machine):
    change_scenario(machine, 'on: {log: "round 2: update of client 2", node: aggregator}, for: 3s', "on: start, for: 1ms")
    job = GitHub(machine).run_job(WORKFLOW, "cut")
    assert job.passed, job.log
    [(level, title, text)] = job.annotations
    assert (level, title) == ("warning", "netcut-fl: this run proves nothing")
    assert "no packet met a fault" in text
    [case] = [one for one in xml.parse(machine.checkout / "netcut-runs/ci/junit.xml").iter("testcase")
              if one.find("skipped") is not None]
    assert case.get("name") == "a packet met a fault"


def test_github_jobs_that_make_many_runs(machine):
    github = GitHub(machine)
    moments = github.run_job(WORKFLOW, "every-moment")
    assert moments.passed, moments.log
    assert "| moment | drop 1s | what happens then |" in moments.summary
    assert "experiments.csv" in moments.artifacts["netcut-fl-moments"]
    flakes = github.run_job(WORKFLOW, "flakes")
    assert flakes.passed, flakes.log
    assert "steady: 0 of 3 runs failed" in flakes.log
    assert "repeats.csv" in flakes.artifacts["netcut-fl-flakes"]


def test_github_job_with_pytest(machine):
    job = GitHub(machine).run_job(WORKFLOW, "pytest")
    assert job.passed, job.log
    assert "4 passed" in job.log
    assert "report.html" in job.artifacts["pytest"]


def test_github_action_installs_a_package_and_needs_no_artifact(machine):
    package = machine.checkout / "netcut-fl 1.deb"
    package.touch()
    job = GitHub(machine).run_action({"scenario": "federation.yaml", "package": "netcut-fl 1.deb", "sudo": "true",
                                      "artifact": "", "options": "--quiet --name with-sudo"})
    assert job.passed, job.log
    assert (machine.folder / "installed").read_text() == f"{package}\n"
    assert job.artifacts == {}
    assert "### with\\-sudo: Passed" in job.summary


def test_github_action_whose_inputs_are_wrong_says_so(machine):
    job = GitHub(machine).run_action({"scenario": "$(touch injected).yaml"})
    assert not job.passed
    assert not (machine.checkout / "injected").exists()
    assert job.annotations[0][:2] == ("error", "netcut-fl: no run"), job.log


@pytest.mark.parametrize("run_job", [lambda machine: run_gitlab_job(machine, "network"), run_jenkins_pipeline],
                         ids=["gitlab", "jenkins"])
def test_gitlab_and_jenkins_read_junit_whether_it_passes_or_not(machine, run_job):
    job = run_job(machine)
    assert job.passed, job.log
    assert junit_failures(job.junit) == [0]
    [files] = job.artifacts.values()
    assert "report.html" in files
    break_the_client(machine)
    job = run_job(machine)
    assert not job.passed
    assert junit_failures(job.junit) == [2]
    assert "::stop-commands::" not in job.log
