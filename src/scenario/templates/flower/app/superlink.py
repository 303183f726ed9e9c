# SPDX-License-Identifier: Apache-2.0
"""Starts SuperLink, waits until it answers, runs the app, and ends with the app's exit code."""
import argparse
import socket
import subprocess
import sys
import time

FLEET, CONTROL = 9092, 9093

parser = argparse.ArgumentParser()
parser.add_argument("--security", choices=["insecure", "tls"], required=True)
parser.add_argument("--certs", required=True)
parser.add_argument("--app", required=True)
parser.add_argument("--federation", required=True)
parser.add_argument("more", nargs="*")
options = parser.parse_args()

security = ["--insecure"]
if options.security == "tls":
    security = ["--ssl-ca-certfile", f"{options.certs}/ca.crt", "--ssl-certfile", f"{options.certs}/aggregator.crt",
                "--ssl-keyfile", f"{options.certs}/aggregator.key"]
superlink = subprocess.Popen(["flower-superlink", *security, *options.more])


def answers(port):
    try:
        socket.create_connection(("localhost", port), 1).close()
        return True
    except OSError:
        return False


while not (answers(FLEET) and answers(CONTROL)):
    if superlink.poll() is not None:
        sys.exit(superlink.returncode or 1)
    time.sleep(0.1)
print("superlink.py: SuperLink answers", flush=True)
code = subprocess.call(["flwr", "run", options.app, options.federation, "--stream"])
if code == 0:
    print("superlink.py: the app has finished", flush=True)
superlink.terminate()
superlink.wait()
sys.exit(code)
