# SPDX-License-Identifier: Apache-2.0
"""What the fixtures do for a user's own tests."""

import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as xml

from netcut import PrivateDaemon

# A client that sends, and hears, a byte each 20 ms, until it has said "beat 40".
BEATS = '''
import socket, sys, time
if sys.argv[1] == "echo":
    listener = socket.create_server(("", 7000), family=socket.AF_INET6, dualstack_ipv6=True)
    print("listening", flush=True)
    connection = listener.accept()[0]
    while data := connection.recv(1):
        connection.sendall(data)
else:
    connection = socket.create_connection((sys.argv[1], 7000))
    for number in range(1, 41):
        print("beat", number, flush=True)
        connection.sendall(b"x")
        connection.recv(1)
        time.sleep(0.02)
'''

DESCRIBED = '''
import re, sys
import pytest
from netcut import NotSeen
pytestmark = pytest.mark.federation(collaborators=1, ready="listening", timeout=60,
    aggregator=[sys.executable, "beats.py", "echo"],
    collaborator=[sys.executable, "beats.py", "{aggregator}"])
'''


def test_a_declared_cut_and_one_by_a_marker_are_part_of_the_scenario(suite, pytester):
    pytester.makepyfile(beats=BEATS)
    result = suite(DESCRIBED + '''
def test_fixture(federation, cut):
    fault = cut("drop", node="collaborator1", on="beat 5", for_=0.3)
    verdict = federation.expect("recovered")
    assert fault.packets_lost == verdict["packets_lost"] > 0

@pytest.mark.cut("drop", node="collaborator1", on="beat 5", for_="100ms", direction="up")
@pytest.mark.cut("drop", node="collaborator1", on="beat 20", for_="100ms")
def test_markers(federation):
    federation.expect("recovered")
    assert [fault["trigger"]["line"] for fault in federation.verdict["faults"]] == ["beat 5", "beat 20"]
''')
    result.assert_outcomes(passed=2)


def test_live_control(suite, pytester):
    pytester.makepyfile(beats=BEATS)
    result = suite(DESCRIBED + '''
def test_cut_for_a_while(federation):
    client = federation.node("collaborator1")
    assert client.wait_for(re.compile("beat ([0-9]+)"), nth=3).group(1) == "3"
    fault = client.cut("drop", for_="300ms")
    assert fault.on
    with pytest.raises(NotSeen):
        client.wait_for("beat 40", timeout=0.2)
    fault.wait_until_healed()
    federation.expect("recovered")
    assert fault.packets_lost > 0 and not fault.on
    assert client.wait_for("beat 40") == "beat 40"

def test_cut_and_heal(federation):
    federation.node("collaborator1").wait_for("beat 3")
    with federation.node("collaborator1").cut("drop", for_="never") as fault:
        assert fault.on
    assert not fault.on
    federation.expect("recovered", proof=False)
    fault.heal()

def test_stop(federation):
    federation.node("collaborator1").wait_for("beat 3")
    federation.stop()
    assert federation.wait()["verdict"] == "error"
''')
    result.assert_outcomes(passed=3)


def test_a_scenario_file_lies_beside_the_test(suite, pytester):
    pytester.makepyfile(beats=BEATS)
    pytester.makefile(".yaml", beats="collaborators: 1\nready: listening\n"
                                     f"aggregator: {{command: {sys.executable} beats.py echo}}\n")
    result = suite('''
import sys
def test_file_and_keys(federation, cut):
    federation.describe("beats.yaml", collaborator=[sys.executable, "beats.py", "{aggregator}"])
    cut(on="beat 3", for_=0.2)
    federation.expect("recovered")
''')
    result.assert_outcomes(passed=1)


def test_what_is_wrong_is_said_at_the_line_of_the_test(suite, pytester):
    pytester.makepyfile(beats=BEATS)
    result = suite(DESCRIBED + '''
def test_refused(federation):
    federation.describe(hang_aftr="5s")
    federation.expect("recovered")

def test_line_that_does_not_come(federation):
    federation.node("collaborator1").wait_for("no such line")

def test_another_verdict(federation):
    federation.describe(aggregator="sleep 0.3", collaborator="false", ready="")
    federation.expect("undisturbed", "recovered")

def test_no_such_node(federation):
    federation.node("collaborator9").wait_for("x")
''')
    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines([
        ">*federation.expect(\"recovered\")",
        "E*the scenario has no key 'hang_aftr'*",
        "E*collaborator1 did not print 'no such line' before the run was over (undisturbed: *",
        "E*beat 40",
        "E*expected undisturbed or recovered, found crashed",
        "E*collaborator1 ended with exit code 1*",
        "E*no node 'collaborator9'; it has aggregator, collaborator1",
    ])


def test_a_run_that_nobody_judged_or_that_proves_nothing_fails(suite, pytester):
    pytester.makepyfile(beats=BEATS)
    result = suite(DESCRIBED + '''
def test_nobody_looks(federation):
    federation.describe(aggregator="sleep 0.3", collaborator="false", ready="")
    federation.wait_for_event("run.ended")

@pytest.mark.federation(aggregator="sleep 1", collaborator="true", ready="")
@pytest.mark.cut(on="start", for_="50ms")
def test_no_packet(federation):
    federation.expect("recovered")
''')
    result.assert_outcomes(passed=1, failed=1, errors=1)
    result.stdout.fnmatch_lines(["expected a run without a failure, found crashed",
                                 "E*the run proves nothing: no packet met a fault"])


def test_report_is_attached(suite, pytester):
    pytester.makepyfile(beats=BEATS)
    result = suite(DESCRIBED + '''
def test_one(federation):
    federation.expect("recovered")
''', "--junitxml=junit.xml")
    result.assert_outcomes(failed=1)
    report = pytester.path / "runs/test_suite.py-test_one/report.html"
    assert report.is_file()
    result.stdout.fnmatch_lines([f"undisturbed *test_suite.py::test_one *{report}"])
    properties = {one.get("name"): one.get("value")
                  for one in xml.parse(pytester.path / "junit.xml").iter("property")}
    assert properties["netcut_report"] == str(report)
    assert properties["netcut_verdict"] == "undisturbed"


def test_machine_that_cannot_fails_unless_it_is_told_to_skip(suite, pytester, monkeypatch):
    monkeypatch.setenv("PATH", str(pytester.path))
    test = '''
def test_one(federation):
    federation.describe(aggregator="true", collaborator="true").expect("undisturbed")
'''
    result = suite(test)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*netcut-fld is not in PATH; *"])
    suite(test, "--netcut-skip").assert_outcomes(skipped=1)


def test_daemon_that_is_named_is_used(suite, pytester, monkeypatch):
    pytester.makepyfile(beats=BEATS)
    daemon = PrivateDaemon()
    monkeypatch.setenv("NETCUT_FL_SOCKET", daemon.socket_path)
    try:
        suite(DESCRIBED + '''
def test_one(federation):
    federation.expect("undisturbed")
''').assert_outcomes(passed=1)
        [run] = daemon.ask("GET", "/runs")["runs"]
        assert (run["name"], run["verdict"]) == ("test_suite.py-test_one", "undisturbed")
    finally:
        daemon.stop()


def test_nothing_is_left_when_pytest_is_killed(pytester):
    pytester.makepyfile(test_long='''
def test_long(federation):
    federation.describe(aggregator="sleep 4711", collaborator="sleep 4711").start()
    open("started", "w").write(federation._find_daemon().socket_path)
    federation.wait()
''')
    suite = subprocess.Popen([sys.executable, "-m", "pytest", "-p", "netcut.pytest_plugin", "-p", "no:cacheprovider"],
                             cwd=pytester.path, stdout=subprocess.DEVNULL, start_new_session=True)
    started = pytester.path / "started"
    wait_until(lambda: started.exists() and started.read_text())
    socket = started.read_text()
    assert processes_with(socket)
    os.kill(suite.pid, signal.SIGKILL)
    suite.wait()
    wait_until(lambda: not processes_with(socket) and not os.path.exists(os.path.dirname(socket)))


def processes_with(word):
    """Those of whose command line it is a word."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                if word.encode() in file.read().split(b"\0"):
                    found.append(int(entry))
        except OSError:
            continue
    return found


def wait_until(condition, patience=60):
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
