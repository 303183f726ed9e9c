# SPDX-License-Identifier: Apache-2.0
"""The fixtures `federation` and `cut`, their markers, and what a test's report has of a run."""

from __future__ import annotations

import re
from pathlib import Path
from types import TracebackType
from typing import Any, Callable, Iterator

import pytest

from netcut.daemon import Daemon, DaemonError, PrivateDaemon, system_daemon
from netcut.explain import explain, no_proof
from netcut.federation import Fault, Federation, NotSeen, UnexpectedVerdict

MARKERS = (
    "federation(file=None, **keys): what the fixture `federation` runs: a scenario file, beside the test's own file, "
    "and keys of a scenario. Markers of module, class and function add up.",
    "cut(kind='drop', node=None, **keys): a fault of the scenario; on='a log line', for_='5s', ...",
)

# How this package came to these is not the test's concern.
SPEAK_FOR_THEMSELVES = (DaemonError, NotSeen, UnexpectedVerdict)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("netcut")
    group.addoption("--netcut-runs", metavar="DIR", type=Path,
                    help="keep the files of runs below DIR, by the test's name (default: in pytest's temporary folder)")
    group.addoption("--netcut-skip", action="store_true",
                    help="skip tests where this machine cannot run federations, in place of failing them")


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


class _Daemons:
    """The daemon of a session: the machine's, or else one of our own from when it is first needed."""

    def __init__(self) -> None:
        self._own: PrivateDaemon | None = None
        self._daemon = system_daemon()

    def find(self) -> Daemon:
        if self._daemon is None:
            self._daemon = self._own = PrivateDaemon()
        return self._daemon

    def stop(self) -> None:
        if self._own is not None:
            self._own.stop()


@pytest.fixture(scope="session")
def netcut_daemon() -> Iterator[Callable[[], Daemon]]:
    """Returns the daemon that runs federations. A worker of pytest-xdist has its own."""
    daemons = _Daemons()
    yield daemons.find
    daemons.stop()


@pytest.fixture
def federation(request: pytest.FixtureRequest, netcut_daemon: Callable[[], Daemon],
               tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """The federation of a test: what its markers describe. It is stopped when the test is over. A run that was over
    by itself, and whose verdict the test did not look at, fails the test by its exit status."""
    one = Federation(_or_skip(request.config, netcut_daemon), _run_folder(request, tmp_path_factory), request.path.parent)
    for marker in reversed(list(request.node.iter_markers("federation"))):
        one.describe(*marker.args, **marker.kwargs)
    for marker in reversed(list(request.node.iter_markers("cut"))):
        one.cut(*marker.args, **marker.kwargs)
    request.node.stash[_federation] = one
    yield one
    judged = one.judged or not one.started
    one.stop()
    if not judged and not one.interrupted and (one.verdict["exit_status"] != 0 or no_proof(one.verdict)):
        pytest.fail(explain(one.verdict, (), one.folder, no_proof(one.verdict)), pytrace=False)


@pytest.fixture
def cut(federation: Federation) -> Callable[..., Fault]:
    """`federation.cut`: a fault of the scenario, or, once the federation has started, one that fires now."""
    return federation.cut


_federation = pytest.StashKey[Federation]()


def _or_skip(config: pytest.Config, find: Callable[[], Daemon]) -> Callable[[], Daemon]:
    """Only where it is asked for: what a machine cannot do must not look like what was tested."""
    def found() -> Daemon:
        try:
            return find()
        except DaemonError as error:
            if error.kind == "machine" and config.getoption("--netcut-skip"):
                pytest.skip(str(error))
            raise

    return found


def _run_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs: Path | None = request.config.getoption("--netcut-runs")
    if runs is None:
        return tmp_path_factory.mktemp("netcut") / _file_name(request.node.name)
    return runs.resolve() / _file_name(request.node.nodeid)


def _file_name(text: str) -> str:
    """Of at most 100 characters, none of which means anything to a file system or a shell."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-.")[-100:].lstrip("-.") or "run"


def _without_our_frames(excinfo: pytest.ExceptionInfo[BaseException]) -> pytest.ExceptionInfo[BaseException]:
    ours = str(Path(__file__).parent)
    frames = [step for step in _steps(excinfo.tb) if not step.tb_frame.f_code.co_filename.startswith(ours)]
    kept = None
    for step in reversed(frames):
        kept = TracebackType(kept, step.tb_frame, step.tb_lasti, step.tb_lineno)
    return excinfo if kept is None else pytest.ExceptionInfo.from_exc_info((excinfo.type, excinfo.value, kept))


def _steps(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Iterator[None]:
    """Tells the test's report of the run: properties, which junit.xml and pytest-xdist keep, and a section."""
    if call.excinfo is not None and issubclass(call.excinfo.type, SPEAK_FOR_THEMSELVES):
        call.excinfo = _without_our_frames(call.excinfo)
    outcome = yield
    one = item.stash.get(_federation, None)
    if one is None or not one.started or call.when == "setup":
        return
    report = outcome.get_result()
    one.judged = one.judged or report.failed  # one failure is enough
    told = dict(report.user_properties)
    facts = {"netcut_folder": str(one.folder)}
    if one.over:
        facts.update(netcut_verdict=one.verdict["verdict"], netcut_reason=one.verdict["reason"],
                     netcut_report=str(one.report))
    report.user_properties.extend((name, value) for name, value in facts.items() if name not in told)
    item.user_properties[:] = report.user_properties
    if report.failed:
        report.sections.append(("netcut", "\n".join(f"{name[7:]}: {value}" for name, value in facts.items())))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Where the reports of failed tests are, and those of all with -v."""
    lines = {}
    for category in ("failed", "error", *(["passed"] if terminalreporter.config.getoption("verbose") > 0 else [])):
        for report in terminalreporter.stats.get(category, []):
            facts = dict(getattr(report, "user_properties", []))
            if "netcut_report" in facts:
                lines[report.nodeid] = f"{facts['netcut_verdict']:<13} {report.nodeid}  {facts['netcut_report']}"
    if lines:
        terminalreporter.section("netcut-fl", sep="-")
        for line in lines.values():
            terminalreporter.line(line)
