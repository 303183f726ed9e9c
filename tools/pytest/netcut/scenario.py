# SPDX-License-Identifier: Apache-2.0
"""Scenarios (docs/scenario.md), from what Python gives: a file, keys, faults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

# A number of one of these is seconds.
DURATIONS = {"for", "timeout", "hang_after", "grace", "ready_within"}
ROLES = {"aggregator", "collaborator"}


class Scenario:
    """What a federation will run. Keys that are Python's words have an underscore at the end: `for_`."""

    def __init__(self) -> None:
        self._file: Path | None = None
        self._keys: dict[str, Any] = {}
        self._faults: list[dict[str, Any]] = []

    def add(self, file: Path | None, keys: dict[str, Any]) -> None:
        """`file` takes the place of an earlier one; keys, too."""
        keys = _plain(keys)
        self._faults += keys.pop("faults", [])
        self._keys.update(keys)
        if file is not None:
            self._file = file

    def add_fault(self, fault: dict[str, Any]) -> str:
        """Its name, which it is given unless it has one."""
        fault.setdefault("name", f"cut{len(self._faults) + 1}")
        self._faults.append(fault)
        return fault["name"]

    def text(self, name: str) -> str:
        """As YAML, of which JSON is a part. `name`: of the run, if there is no file that may have one."""
        if self._file is None:
            self._keys.setdefault("name", name)
        keys = dict(self._keys, faults=self._faults) if self._faults else self._keys
        text = self._file.read_text(encoding="utf-8") if self._file is not None else ""
        return text + "\n" + "".join(f"{key}: {_json(value)}\n" for key, value in keys.items())


def fault(kind: str, node: str | None, keys: dict[str, Any]) -> dict[str, Any]:
    """A fault as it stands in a scenario. `on` may be a log line's pattern alone."""
    entry: dict[str, Any] = {"kind": kind, **_plain(keys)}
    if node is not None:
        entry["nodes"] = [node]
    if isinstance(entry.get("on"), str) and entry["on"] != "start":
        entry["on"] = {"log": entry["on"]}
    return entry


def _plain(keys: dict[str, Any]) -> dict[str, Any]:
    return {_key(key): _value(_key(key), value) for key, value in keys.items()}


def _key(key: str) -> str:
    return key[:-1] if key.endswith("_") else key


def _value(key: str, value: Any) -> Any:
    if key in DURATIONS and isinstance(value, (int, float)):
        return f"{value}s"
    if key in ROLES and isinstance(value, (str, list)):
        return {"command": value}
    return value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
