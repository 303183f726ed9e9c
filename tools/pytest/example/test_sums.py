# SPDX-License-Identifier: Apache-2.0
"""A server and two clients that add up numbers over plain sockets, and lose the network.

One of these tests fails: `test_whoever_waits_for_ever_hangs_when_a_reply_is_lost` finds the hang of a client without a
deadline. Run them with `pytest -p netcut.pytest_plugin` where pytest-netcut is not installed.
"""

import sys

import pytest

ROUNDS = 4

pytestmark = pytest.mark.federation(
    collaborators=2,
    aggregator=[sys.executable, "server.py", "2", str(ROUNDS)],
    collaborator=[sys.executable, "client.py", "{aggregator}", "{index}", str(ROUNDS)],
    ready="listening",
    progress=r"re:round ([0-9]+)",
    hang_after=4,
    timeout=60,
)

# One that asks again when it has waited for two seconds.
patient = pytest.mark.federation(
    collaborator=[sys.executable, "client.py", "{aggregator}", "{index}", str(ROUNDS), "2"])


def lose_a_reply(cut, kind="drop"):
    """The server has the update of client 2, and its reply is lost for three seconds."""
    return cut(kind, node="collaborator2", on={"log": "round 2: update of client 2", "node": "aggregator"}, for_=3)


def test_undisturbed(federation):
    federation.expect("undisturbed")
    assert federation.node("collaborator1").wait_for("round 4: the sum is 12")


def test_whoever_waits_for_ever_hangs_when_a_reply_is_lost(federation, cut):
    lose_a_reply(cut)
    federation.expect("recovered")


@patient
@pytest.mark.parametrize("kind", ["drop", "unplug"])
def test_whoever_asks_again_survives_a_lost_reply(federation, cut, kind):
    fault = lose_a_reply(cut, kind)
    federation.expect("recovered")
    assert fault.packets_lost > 0


@patient
def test_live_control(federation):
    second = federation.node("collaborator2")
    second.wait_for("round 2 of 4 begins")
    with second.cut("drop", for_="never"):
        second.wait_for("asking again")
    federation.expect("recovered")
