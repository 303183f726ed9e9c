# SPDX-License-Identifier: Apache-2.0
"""What runs and studies have left in their folders, as lists of dicts: `pandas.DataFrame(netcut.read(DIR).faults)`."""

from __future__ import annotations

import csv
import json
import os
from functools import cached_property
from pathlib import Path
from typing import Any, Dict, Iterator, Union

Row = Dict[str, Any]

NANOSECONDS = 1e9


class Run:
    """One run. Each table is read when it is first asked for; times are seconds since the run began."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def verdict(self) -> Row:
        """verdict.json (docs/journal.md). A run that was killed has none: FileNotFoundError."""
        return _json(self.folder / "verdict.json")

    def iter_events(self) -> Iterator[Row]:
        """The journal's lines as they stand there (docs/journal.md), one by one: a journal may be large. A line that
        was never finished, of a run that was killed, is left out."""
        with open(self.folder / "journal.jsonl", encoding="utf-8") as file:
            for line in file:
                if line.endswith("\n"):
                    yield json.loads(line)

    @cached_property
    def events(self) -> list[Row]:
        return list(self.iter_events())

    @cached_property
    def nodes(self) -> list[Row]:
        """node, started, ended, finished, of the verdict, and started_s, exited_s (of its first start and last exit)."""
        rows = [dict(node, started_s=None, exited_s=None) for node in self.verdict["nodes"]]
        by_name = {row["node"]: row for row in rows}
        for event in self._of("node.started", "node.exited"):
            row = by_name[event["node"]]
            if event["event"] == "node.exited":
                row["exited_s"] = _seconds(event["t_ns"])
            elif row["started_s"] is None:
                row["started_s"] = _seconds(event["t_ns"])
        return rows

    @cached_property
    def faults(self) -> list[Row]:
        """A row for each firing and node: fault, kind, node, fired_s, healed_s, lasted_s (None: never healed),
        trigger_node, trigger_line, sent_again_s, received_again_s, time_to_recover_s (since the heal; None: not),
        and the packets that were lost, or of which a queue made `packets_queued` wait: packets_lost, lost_up,
        lost_down, unsendable; packets_rebound had another port."""
        return [_fault_row(fault, node) for fault in self.verdict["faults"] for node in fault["nodes"]]

    @cached_property
    def rounds(self) -> list[Row]:
        """node, round, took_s: of the node that told of most rounds."""
        rounds = self.verdict["rounds"] or {"each": []}
        return [{"node": rounds["node"], **one} for one in rounds["each"]]

    @cached_property
    def traffic(self) -> list[Row]:
        """node, from_s, to_s, sent, received: bytes of layer 3. Intervals without any are left out."""
        return [{"node": node, "from_s": _seconds(event["details"]["from_ns"]),
                 "to_s": _seconds(event["details"]["to_ns"]), "sent": up, "received": down}
                for event in self._of("traffic") for node, (up, down) in event["details"]["bytes"].items()]

    @cached_property
    def phases(self) -> list[Row]:
        """node, phase, from_s, to_s, sent, received: what each node did (docs/phases.md)."""
        return [{"node": event["node"], "phase": event["details"]["phase"],
                 "from_s": _seconds(event["details"]["from_ns"]), "to_s": _seconds(event["details"]["to_ns"]),
                 "sent": event["details"]["sent"], "received": event["details"]["received"]}
                for event in self._of("node.phase")]

    def log(self, node: str, stream: str = "out") -> str:
        """What the node has printed; `stream` is `out` or `err`. Bytes that are no UTF-8 become U+FFFD."""
        return (self.folder / "logs" / f"{node}.{stream}").read_text(encoding="utf-8", errors="replace")

    def _of(self, *names: str) -> Iterator[Row]:
        return (event for event in self.events if event["event"] in names)


class Study:
    """Many runs: of `experiments` (kind is `experiments`), `explore` (`map`), `explore --sweep` (`sweep`), or
    `run --repeat` (`repeats`)."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.folder = folder
        self.kind = kind

    @cached_property
    def rows(self) -> list[Row]:
        """The study's CSV file. `experiments` and `sweep` have a row for each run: moment, what, kind, duration_s, repeat,
        outcome, detail, time_to_recover_s, exit_status, run. `map` has one for each moment and kind: moment, kind,
        longest_unnoticed_s, longest_survived_s, shortest_fatal_s, limit_s, runs, mixed. `repeats` has one for each run:
        repeat, outcome, detail, time_to_recover_s, exit_status, run. What is not known is None."""
        with open(self.folder / f"{self.kind}.csv", encoding="utf-8", newline="") as file:
            return [{name: _value(name, text) for name, text in row.items()} for row in csv.DictReader(file)]

    @cached_property
    def runs(self) -> list[Run]:
        """Those whose files are there, by name."""
        return [Run(path.parent) for path in sorted(self.folder.glob("runs/*/verdict.json"))]


def read(folder: Union[str, "os.PathLike[str]"]) -> Union[Run, Study]:
    """What is in the folder: a run, or a study of many."""
    path = Path(folder)
    for kind in ("experiments", "map", "sweep", "repeats"):
        if (path / f"{kind}.csv").is_file():
            return Study(path, kind)
    if (path / "journal.jsonl").is_file():
        return Run(path)
    raise FileNotFoundError(f"{path} has neither journal.jsonl of a run nor a table of many; name the folder that a "
                            "run of netcut-fl has left")


def _json(path: Path) -> Row:
    return json.loads(path.read_text(encoding="utf-8"))


def _seconds(nanoseconds: int) -> float:
    return nanoseconds / NANOSECONDS


def _fault_row(fault: Row, node: Row) -> Row:
    queued = "packets_queued" in node
    packets = node["packets_queued" if queued else "packets_lost"]
    return {
        **{key: fault[key] for key in ("fault", "kind")}, "node": node["node"],
        **{key: fault[key] for key in ("fired_s", "healed_s", "lasted_s")},
        "trigger_node": fault["trigger"]["node"], "trigger_line": fault["trigger"]["line"],
        **{key: node[key] for key in ("sent_again_s", "received_again_s", "time_to_recover_s")},
        "packets_lost": 0 if queued else packets["total"], "packets_queued": packets["total"] if queued else 0,
        "lost_up": 0 if queued else packets["router_up"], "lost_down": 0 if queued else packets["router_down"],
        "unsendable": 0 if queued else packets["unsendable_at_node"],
        "packets_rebound": packets.get("rebound_up", 0) + packets.get("rebound_down", 0),
    }


_WHOLE = {"repeat", "exit_status", "runs"}


def _value(name: str, text: str) -> Any:
    if name in _WHOLE:
        return int(text)
    if name.endswith("_s"):
        return float(text) if text else None
    return text == "true" if name == "mixed" else text
