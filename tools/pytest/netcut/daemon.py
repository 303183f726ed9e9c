# SPDX-License-Identifier: Apache-2.0
"""The daemon netcut-fld: HTTP over a Unix socket (its GET /openapi.json describes all of it), and a private one."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Iterator
from urllib.parse import quote

SYSTEM_SOCKET = "/run/netcut-fl.sock"
SECONDS_TO_START = 20


class DaemonError(Exception):
    """What the daemon refused, or why it cannot be used. `kind` is `usage`, `machine` or `internal`."""

    def __init__(self, text: str, kind: str = "machine") -> None:
        super().__init__(text)
        self.kind = kind


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("netcut-fl")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)


def path_of(*words: str) -> str:
    """The target of a request: `path_of("runs", "7f3a", "faults")`."""
    return "/" + "/".join(quote(word, safe="") for word in words)


class Daemon:
    """A daemon that listens at `socket_path`. Each request has a connection of its own, so threads may share it."""

    def __init__(self, socket_path: str) -> None:
        self.socket_path = socket_path

    def is_there(self) -> bool:
        """Whether it listens, and we may connect."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(self.socket_path)
            except OSError:
                return False
        return True

    def ask(self, method: str, target: str, body: Any = None) -> Any:
        """One request and its answer, both JSON. Raises DaemonError if it is refused."""
        with self._send(method, target, body) as response:
            return json.loads(response.read() or b"null")

    def stream(self, method: str, target: str, body: Any = None) -> Iterator[Any]:
        """The answer's lines of JSON, as they come. To stop reading, `close()` the iterator."""
        with self._send(method, target, body) as response:
            for line in iter(response.readline, b""):
                if line.endswith(b"\n"):
                    yield json.loads(line)

    def _send(self, method: str, target: str, body: Any) -> http.client.HTTPResponse:
        connection = _Connection(self.socket_path)
        headers = {"Connection": "close"}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        try:
            connection.request(method, target, data, headers)
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise DaemonError(f"cannot talk to the daemon at {self.socket_path}: {error}") from error
        if response.status >= 400:
            with response:
                raise _refusal(response.status, response.read())
        return response


def _refusal(status: int, body: bytes) -> DaemonError:
    try:
        problem = json.loads(body)
        detail = problem["detail"]
    except (ValueError, KeyError, TypeError):
        return DaemonError(f"the daemon answered with HTTP status {status}", "internal")
    return DaemonError(detail, problem.get("kind") or "usage")


# Nobody else uses it; what one machine can run at most.
_LIMITS = "limits: {runs: 1000, nodes: 4097}\n"


class PrivateDaemon(Daemon):
    """A daemon of our own, with our own rights: as root, or rootless. It ends with `stop`, or with this process."""

    def __init__(self) -> None:
        program = shutil.which("netcut-fld")
        if program is None:
            raise DaemonError("netcut-fld is not in PATH; install netcut-fl, or put the folder of its programs in PATH")
        # Where sockets of a user belong, if there is such a place. The address of one has at most 107 bytes, so TMPDIR, which
        # may be long, is not asked.
        folder = Path(tempfile.mkdtemp(prefix="netcut-", dir=os.environ.get("XDG_RUNTIME_DIR") or "/tmp"))
        super().__init__(str(folder / "socket"))
        (folder / "netcut-fld.yaml").write_text(_LIMITS)
        options = ["--socket", self.socket_path, "--state", str(folder / "state"), "--config", str(folder / "netcut-fld.yaml")]
        self._errors = tempfile.TemporaryFile()
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("keeper.py")), str(folder), program, *options],
            stdin=subprocess.PIPE, stdout=self._errors, stderr=self._errors, start_new_session=True)
        self._wait_until_it_listens()

    def stop(self) -> None:
        """Ends it and what it still runs. To be called once."""
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        self._keeper.wait()
        self._errors.close()

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + SECONDS_TO_START
        while not self.is_there():
            if self._keeper.poll() is not None or time.monotonic() > deadline:
                self._errors.seek(0)
                errors = self._errors.read().decode(errors="replace").strip()
                self.stop()
                raise DaemonError(f"netcut-fld did not start: {errors or 'it said nothing'}")
            time.sleep(0.01)


def system_daemon() -> Daemon | None:
    """The machine's daemon, by the command line's rule: $NETCUT_FL_SOCKET, or the usual one unless we are root."""
    named = os.environ.get("NETCUT_FL_SOCKET")
    if named:
        return Daemon(named)
    usual = Daemon(SYSTEM_SOCKET)
    return usual if os.geteuid() != 0 and usual.is_there() else None
