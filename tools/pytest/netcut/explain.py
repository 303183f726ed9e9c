# SPDX-License-Identifier: Apache-2.0
"""A verdict in words, for who reads that a test has failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Sequence

from netcut.logs import last_lines

MOST_LINES = 8      # of one log
MOST_SPEAKERS = 3   # nodes whose last words are told
MOST_FAULTS = 12


def no_proof(verdict: dict[str, Any]) -> bool:
    """Whether nothing is proved: the federation recovered from faults that no packet met."""
    return verdict["verdict"] == "recovered" and verdict.get("noticed") is False


def explain(verdict: dict[str, Any], expected: Sequence[str], folder: Path, proves_nothing: bool = False) -> str:
    """What was expected, what came, why, and where to read on."""
    wanted = " or ".join(expected) or "a run without a failure"
    found = f"found {verdict['verdict']}"
    if proves_nothing:
        found = "but the run proves nothing: no packet met a fault"
    elif not expected and verdict.get("passed") is False:
        wanted, found = "what the scenario does", verdict["headline"]
    lines = [f"expected {wanted}, {found}", verdict["reason"], ""]
    lines += [f"not met  {one['what']}: {one['found']}" for one in verdict.get("expected", []) if not one["met"]]
    lines += [_fault_text(fault) for fault in verdict["faults"][:MOST_FAULTS]]
    lines += [f"node     {node['node']}: {node['ended']}" for node in verdict["nodes"] if not node["finished"]]
    speakers = [node["node"] for node in verdict["nodes"] if not node["finished"]]
    lines += [said_last(folder, node) for node in speakers[:MOST_SPEAKERS]]
    return "\n".join([*lines, f"report   {folder}/report.html"])


def said_last(folder: Path, node: str) -> str:
    lines = [line for stream in ("out", "err")
             for line in last_lines(folder / "logs" / f"{node}.{stream}", MOST_LINES)]
    return "\n  ".join([f"{node} printed last:", *lines]) if lines else f"{node} printed nothing"


def _fault_text(fault: dict[str, Any]) -> str:
    end = "never healed" if fault["healed_s"] is None else f"for {fault['lasted_s']:.3f} s"
    hits = ", ".join(f"{node['node']} {_packets(node)}" for node in fault["nodes"])
    return f"fault    {fault['fault']} ({fault['kind']}) at {fault['fired_s']:.3f} s, {end}: {hits or 'no node'}"


def _packets(node: dict[str, Any]) -> str:
    if "packets_queued" in node:
        return f"had {node['packets_queued']['total']} packets wait"
    lost = node["packets_lost"]
    rebound = lost.get("rebound_up", 0) + lost.get("rebound_down", 0)
    return f"lost {lost['total']} packets" + (f", and {rebound} had another port" if rebound else "")
