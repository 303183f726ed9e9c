# SPDX-License-Identifier: Apache-2.0
"""Keeps a program for as long as standard input is open, and then removes its folder: keeper.py FOLDER PROGRAM [ARGUMENT...]

A process of its own, so that nothing is left of a test suite that was killed.
"""

import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys

SECONDS_TO_STOP = 30
PR_SET_PDEATHSIG = 1


def end_with_keeper():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def keep(command):
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=end_with_keeper)
    try:
        select.select([sys.stdin, os.pidfd_open(process.pid)], [], [])
    finally:
        process.terminate()
        try:
            process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        keep(sys.argv[2:])
    finally:
        shutil.rmtree(sys.argv[1], ignore_errors=True)
