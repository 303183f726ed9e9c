# SPDX-License-Identifier: Apache-2.0
"""The example that pytest-netcut comes with, as its user runs it."""

import re
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "tools/pytest/example"


def test_hang_is_found_and_explained_by_workers_side_by_side(pytester):
    result = pytester.runpytest_subprocess("-p", "netcut.pytest_plugin", "-p", "no:cacheprovider", "-n", "5",
                                           EXAMPLE)
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines([
        "*test_whoever_waits_for_ever_hangs_when_a_reply_is_lost*",
        "E*expected recovered, found hung",
        "E*collaborator2 holds a connection to aggregator that is gone there (half open)",
        "E*cut1 (drop) at * s, for 3.0* s: collaborator2 lost * packets",
        "E*a connection is lost: *Connection timed out",
        "E*report   /*/report.html",
    ])
    report = re.search(r"report   (/.*/report.html)", str(result.stdout))
    assert Path(report.group(1)).is_file()
    # Frames of the package itself would hide the line of the test.
    result.stdout.no_fnmatch_line("*netcut/federation.py:*")
