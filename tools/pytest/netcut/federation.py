# SPDX-License-Identifier: Apache-2.0
"""A federation that is run, cut and judged."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from pathlib import Path
from typing import Any, Callable, Union

from netcut import scenario
from netcut.daemon import Daemon, DaemonError, path_of
from netcut.explain import explain, no_proof, said_last
from netcut.logs import Log

Pattern = Union[str, "re.Pattern[str]"]

SECONDS_UNTIL_TOLD = 10  # of what the daemon has done already
SECONDS_BETWEEN_LOOKS = 0.02


class NotSeen(AssertionError):
    """What was waited for did not come."""


class UnexpectedVerdict(AssertionError):
    """The run's verdict is another one, or proves nothing; the text says why and where to read on."""


class Federation:
    """One run: described, started, controlled, judged. `folder` is where its files will be."""

    def __init__(self, daemon: Callable[[], Daemon], folder: Path, cwd: Path) -> None:
        self._find_daemon = daemon
        self._daemon: Daemon | None = None
        self._scenario = scenario.Scenario()
        self._cwd = cwd
        self._id = ""
        self._nodes: list[str] = []  # empty: not known
        self._told = threading.Condition()
        self._end: dict[str, Any] | None = None
        self._verdict: dict[str, Any] | None = None
        self.folder = folder
        self.events: list[dict[str, Any]] = []  # the journal's lines (docs/journal.md) so far
        self.judged = False  # whether anybody has looked at the verdict

    # --- before it starts ---

    def describe(self, file: str | os.PathLike[str] | None = None, **keys: Any) -> Federation:
        """Adds to the scenario: a file, which begins a scenario anew, and keys of docs/scenario.md. A command may
        be given as the role's value alone; numbers of seconds as numbers."""
        self._refuse_if_started("describe a federation")
        self._scenario.add(None if file is None else self._cwd / file, keys)
        return self

    def start(self) -> Federation:
        """Starts it, unless it was. Whatever needs it started does so."""
        if self.started:
            return self
        self._daemon = self._find_daemon()
        lines = self._daemon.stream("POST", "/runs", {
            "scenario": self._scenario.text(self.folder.name), "cwd": str(self._cwd), "out": str(self.folder),
            "environment": dict(os.environ), "umask": _umask(), "attach": True})
        run = next(lines)["run"]
        self._id = run["id"]
        self.folder = Path(run["folder"])
        self._nodes = [] if run.get("partial") else [node["name"] for node in run["nodes"]]
        threading.Thread(target=self._follow, args=(lines,), daemon=True, name=f"netcut {self._id}").start()
        return self

    # --- while it runs ---

    def node(self, name: str) -> Node:
        """`aggregator`, or `collaborator1` and so on."""
        return Node(self, name)

    def cut(self, kind: str = "drop", node: str | None = None, **keys: Any) -> Fault:
        """A fault (docs/faults.md). Before the federation has started it becomes part of the scenario, where `on`
        says when it fires: `on="round 2"` is a log line. After that it fires now."""
        fault = scenario.fault(kind, node, keys)
        if not self.started:
            return Fault(self, self._scenario.add_fault(fault))
        done = self._ask("POST", "faults", body=fault)
        added = Fault(self, done["fault"])
        self.wait_for_event("fault.fired", fault=added.name, timeout=SECONDS_UNTIL_TOLD)
        return added

    def wait_for_event(self, event: str, fault: str | None = None, node: str | None = None, nth: int = 1,
                       timeout: float | None = None) -> dict[str, Any]:
        """The nth such line of the journal. Raises NotSeen when the run is over, or the time is."""
        self.start()

        def found() -> dict[str, Any] | None:
            matching = [line for line in self.events if line["event"] == event
                        and fault in (None, line.get("fault")) and node in (None, line.get("node"))]
            return matching[nth - 1] if len(matching) >= nth else None

        with self._told:
            self._told.wait_for(lambda: found() or self._end, timeout)
            line = found()
        if line is not None:
            return line
        about = "".join(f" of {name}" for name in (fault, node) if name)
        raise NotSeen(f"there was no {event}{about} {self._until(timeout)}")

    def stop(self) -> None:
        """Ends it now, in order, if it is not over. Its verdict is then `error`: it was interrupted."""
        if not self.started or self.over:
            return
        try:
            self._ask("POST", "stop")
        except DaemonError:
            with self._told:  # it may have ended, and we are yet to hear of it
                if not self._told.wait_for(lambda: self._end, SECONDS_UNTIL_TOLD):
                    raise
        self.wait()

    # --- when it is over ---

    def wait(self, timeout: float | None = None) -> dict[str, Any]:
        """Waits for the end; returns the verdict: verdict.json, as docs/journal.md describes it. The scenario's
        own `timeout` (30 minutes unless it says otherwise) ends a run that does not."""
        self.start()
        with self._told:
            if not self._told.wait_for(lambda: self._end, timeout):
                raise NotSeen(f"the run is not over after {timeout} s")
        self.judged = True
        return self.verdict

    @property
    def over(self) -> bool:
        return self._end is not None

    @property
    def interrupted(self) -> bool:
        """Whether it was ended by `stop`, and not by itself."""
        return any(line["event"] == "run.stopping" and line["details"]["end"] == "interrupted" for line in self.events)

    @property
    def started(self) -> bool:
        return self._id != ""

    @property
    def verdict(self) -> dict[str, Any]:
        """Of a run that is over, as `wait` returns it."""
        if self._verdict is None:
            self._verdict = self._read_verdict()
        return self._verdict

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    def expect(self, *verdicts: str, proof: bool = True) -> dict[str, Any]:
        """Waits for the end, and fails unless the verdict is one of these; without any, unless the run's exit
        status is 0, which `expect:` of the scenario decides. `recovered` where no packet met a fault proves
        nothing, and fails, too, unless `proof` is False. Returns the verdict."""
        verdict = self.wait()
        good = verdict["verdict"] in verdicts if verdicts else verdict["exit_status"] == 0
        if not good:
            raise UnexpectedVerdict(explain(verdict, verdicts, self.folder))
        if proof and no_proof(verdict):
            raise UnexpectedVerdict(explain(verdict, verdicts, self.folder, proves_nothing=True))
        return verdict

    # --- within ---

    def _ask(self, method: str, *words: str, body: Any = None) -> Any:
        assert self._daemon is not None
        return self._daemon.ask(method, path_of("runs", self._id, *words), body)

    def _follow(self, lines: Any) -> None:
        end: dict[str, Any] = {"reason": "the daemon ended before the run"}
        try:
            for line in lines:
                if "ended" in line:
                    end = line["ended"]
                elif "event" in line:
                    with self._told:
                        self.events.append(line)
                        self._told.notify_all()
        except (OSError, ValueError) as error:
            end["reason"] += f": {error}"
        finally:
            with self._told:
                self._end = end
                self._told.notify_all()

    def _read_verdict(self) -> dict[str, Any]:
        if self._end is None:
            raise RuntimeError("the run is not over: wait for it")
        try:
            verdict: dict[str, Any] = json.loads((self.folder / "verdict.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            verdict = {"verdict": "error", "exit_status": self._end.get("exit_status", 5),
                       "reason": self._end.get("reason", "the run was lost"), "faults": [], "nodes": []}
        return verdict

    def _until(self, timeout: float | None) -> str:
        if self._end is None:
            return f"within {timeout} s"
        self.judged = True
        return f"before the run was over ({self.verdict['verdict']}: {self.verdict['reason']})"

    def _refuse_if_started(self, attempt: str) -> None:
        if self.started:
            raise RuntimeError(f"cannot {attempt}: it has started")


class Node:
    """One node of a federation."""

    def __init__(self, federation: Federation, name: str) -> None:
        self._federation = federation
        self.name = name

    def cut(self, kind: str = "drop", **keys: Any) -> Fault:
        """As Federation.cut, of this node."""
        return self._federation.cut(kind, node=self.name, **keys)

    def wait_for(self, pattern: Pattern, nth: int = 1, timeout: float | None = None) -> Union[str, "re.Match[str]"]:
        """The nth line, from its first on, that has this text or matches this compiled expression (then its match
        is returned), of stdout and stderr. Waits for it until the run is over, or for `timeout` seconds."""
        federation = self._federation.start()
        if federation._nodes and self.name not in federation._nodes:
            raise ValueError(f"the federation has no node {self.name!r}; it has {', '.join(federation._nodes)}")
        logs = [Log(federation.folder / "logs" / f"{self.name}.{stream}") for stream in ("out", "err")]
        deadline = None if timeout is None else time.monotonic() + timeout
        left = nth
        while True:
            # Asked first: whatever was printed is read once more.
            last_look = federation.over or (deadline is not None and time.monotonic() >= deadline)
            for line in [line for log in logs for line in log.new_lines()]:
                found = _match(pattern, line)
                left -= found is not None
                if found is not None and left == 0:
                    return found
            if last_look:
                text = pattern if isinstance(pattern, str) else pattern.pattern
                raise NotSeen(f"{self.name} did not print {text!r}{f' {nth} times' if nth > 1 else ''} "
                              f"{federation._until(timeout)}\n{said_last(federation.folder, self.name)}")
            time.sleep(SECONDS_BETWEEN_LOOKS)


class Fault:
    """A fault of a federation. As a context manager it heals at the end of the block."""

    def __init__(self, federation: Federation, name: str) -> None:
        self._federation = federation
        self.name = name

    def heal(self) -> None:
        """Ends it before its time, if it is on."""
        if not self.on:
            return
        healings = len(self._events("fault.healed"))
        try:
            self._federation._ask("POST", "faults", self.name, "heal")
        except DaemonError:
            self._wait_for_end_of(healings)  # by itself, meanwhile
            return
        self._wait_for_end_of(healings)

    def wait_until_fired(self, nth: int = 1, timeout: float | None = None) -> dict[str, Any]:
        """The journal's line of its nth firing."""
        return self._federation.wait_for_event("fault.fired", fault=self.name, nth=nth, timeout=timeout)

    def wait_until_healed(self, nth: int = 1, timeout: float | None = None) -> dict[str, Any]:
        """The journal's line of its nth heal."""
        return self._federation.wait_for_event("fault.healed", fault=self.name, nth=nth, timeout=timeout)

    @property
    def on(self) -> bool:
        return len(self._events("fault.fired")) > len(self._events("fault.healed"))

    @property
    def packets_lost(self) -> int:
        """By all its firings that are over, at all nodes."""
        return sum(sum(line["details"].get("packets_lost", {}).values()) for line in self._events("fault.healed"))

    def __enter__(self) -> Fault:
        return self

    def __exit__(self, *unused: object) -> None:
        self.heal()

    def _events(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self._federation.events if line["event"] == name and line.get("fault") == self.name]

    def _wait_for_end_of(self, healings: int) -> None:
        self.wait_until_healed(nth=healings + 1, timeout=SECONDS_UNTIL_TOLD)


def _match(pattern: Pattern, line: str) -> Union[str, "re.Match[str]", None]:
    if isinstance(pattern, str):
        return line if pattern in line else None
    return pattern.search(line)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
