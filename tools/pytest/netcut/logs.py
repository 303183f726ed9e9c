# SPDX-License-Identifier: Apache-2.0
"""What nodes print: logs/NODE.out and logs/NODE.err of a run's folder."""

from __future__ import annotations

import re
from pathlib import Path

LONGEST_LINE = 1 << 20

_CONTROL_SEQUENCE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\-_])")


class Log:
    """A log that may still grow. A carriage return ends a line; control sequences of terminals are left out."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._begun = b""  # a line without its end yet

    def new_lines(self) -> list[str]:
        """Those that ended since the last look."""
        try:
            with open(self._path, "rb") as file:
                file.seek(self._offset)
                new = file.read()
        except FileNotFoundError:
            return []
        self._offset += len(new)
        *whole, self._begun = (self._begun + new).replace(b"\r", b"\n").split(b"\n")
        self._begun = self._begun[-LONGEST_LINE:]
        return [line_text(line) for line in whole if line]


def line_text(line: bytes) -> str:
    return _CONTROL_SEQUENCE.sub("", line.decode("utf-8", "replace"))


def last_lines(path: Path, most: int, most_bytes: int = 8192) -> list[str]:
    """The end of a log; no line of one that is not there."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, path.stat().st_size - most_bytes))
            lines = file.read().replace(b"\r", b"\n").split(b"\n")
    except OSError:
        return []
    return [line_text(line) for line in lines if line][-most:]
