#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Attacks netcut-fl as a member of the daemon's group, as a node, by a scenario and by log lines, and says what held.

usage: run.py [WORD...]     only attempts whose name or text has one of these words
"""
import os
import sys
import time

import harness


def run(daemon, what, function):
    """A line about one attempt, and how it ended."""
    began = time.monotonic()
    try:
        held = function(daemon)
        outcome = "held"
        harness.check(daemon.alive(), "the daemon died of it")
        harness.check(daemon.answers(harness.BOB), "another user is not served after it")
    except harness.Skipped as why:
        outcome, held = "skipped", str(why)
    except harness.Broken as why:
        outcome, held = "BROKEN", str(why)
    except Exception as error:  # of the attempt itself: no proof that anything held
        outcome, held = "BROKEN", f"the attempt failed: {error!r}"
    print(f"{outcome:7} {function.__module__}: {what}: {held} ({time.monotonic() - began:.1f} s)", flush=True)
    return outcome


def main():
    if os.geteuid() != 0:
        print("skipped: it needs root, to become users of a daemon")
        return 77
    import by_caller, by_log_lines, by_member, by_node, by_scenario  # noqa: F401  they register their attempts

    words = sys.argv[1:]
    chosen = [(what, function) for module, what, function in harness.attempts
              if not words or any(word in f"{module} {function.__name__} {what}" for word in words)]
    outcomes = []
    daemon = harness.Daemon()
    try:
        for what, function in chosen:
            outcomes.append(run(daemon, what, function))
            if outcomes[-1] == "BROKEN":  # what is left of it must not make the next one fail
                daemon.stop()
                daemon = harness.Daemon()
    finally:
        daemon.stop()
    failed, skipped = outcomes.count("BROKEN"), outcomes.count("skipped")
    print(f"{len(outcomes) - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
