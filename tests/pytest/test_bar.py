# SPDX-License-Identifier: Apache-2.0
"""tools/bar: lines that count, as a bar on a terminal and as they are elsewhere."""

import os
import pty
import subprocess
from pathlib import Path

import pytest

BAR = str(Path(__file__).parents[2] / "tools/bar")
LINES = "building 1 of 4, 0s: a.cpp\nb.cpp: warning: unused\nbuilding 4 of 4, 1s: d.cpp\n"
COUNTS = "^building ([0-9]+) of ([0-9]+)"


def on_a_terminal(kind):
    """What a terminal of this kind is sent."""
    ours, theirs = pty.openpty()
    bar = subprocess.Popen([BAR, "building", COUNTS], stdin=subprocess.PIPE, stdout=theirs, env={**os.environ, "TERM": kind})
    os.close(theirs)
    bar.communicate(LINES.encode(), timeout=30)
    assert bar.returncode == 0
    sent = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        sent += piece
    os.close(ours)
    return sent.decode()


def test_terminal_has_a_bar_and_what_does_not_count():
    sent = on_a_terminal("xterm")
    assert "[######..................] 1 of 4" in sent
    assert "b.cpp: warning: unused" in sent
    assert "a.cpp" not in sent, "what counts is in the bar"
    assert sent.rstrip().split("\x1b[K")[-1].startswith("building: 4 of 4")


@pytest.mark.parametrize("kind", ["dumb", ""])
def test_terminal_that_draws_no_line_twice_has_plain_lines(kind):
    assert on_a_terminal(kind).replace("\r\n", "\n") == LINES


def test_pipe_has_plain_lines():
    ended = subprocess.run([BAR, "building", COUNTS], input=LINES, capture_output=True, text=True, timeout=30)
    assert ended.stdout == LINES
