# SPDX-License-Identifier: Apache-2.0
"""Federations that netcut-fl runs and cuts, from Python.

`read(folder)` reads what a run or a study has left. `Federation` runs one and controls it while it runs; the
fixtures of pytest-netcut (`netcut.pytest_plugin`) are made of it.
"""

from netcut.daemon import Daemon, DaemonError, PrivateDaemon
from netcut.federation import Fault, Federation, Node, NotSeen, UnexpectedVerdict
from netcut.records import Run, Study, read

__all__ = ["Daemon", "DaemonError", "Fault", "Federation", "Node", "NotSeen", "PrivateDaemon", "Run", "Study",
           "UnexpectedVerdict", "read"]
