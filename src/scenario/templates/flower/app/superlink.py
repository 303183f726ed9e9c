# SPDX-License-Identifier: Apache-2.0
"""Starts SuperLink, waits until it answers, runs the app, and ends as the app did."""
import argparse
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

FLEET, CONTROL = 9092, 9093

parser = argparse.ArgumentParser()
parser.add_argument("--security", choices=["insecure", "tls"], required=True)
parser.add_argument("--certs", required=True)
parser.add_argument("--name", required=True, help="of this node, which is in its certificate")
parser.add_argument("--app", required=True)
parser.add_argument("--federation", required=True)
parser.add_argument("more", nargs="*")
options = parser.parse_args()

security, trust = ["--insecure"], "insecure = true"
if options.security == "tls":
    security = ["--ssl-ca-certfile", f"{options.certs}/ca.crt", "--ssl-certfile", f"{options.certs}/aggregator.crt",
                "--ssl-keyfile", f"{options.certs}/aggregator.key"]
    trust = f'root-certificates = "{options.certs}/ca.crt"'

# Where flwr looks for federations from 1.26 on; before, it did in the app's pyproject.toml. From 1.26 on, flwr comments
# [tool.flwr.federations] out in that file, and takes over what it said, also in place of an entry of the same name in
# its own: so the app is a copy without that section.
home = pathlib.Path(os.environ["FLWR_HOME"])
home.mkdir(parents=True, exist_ok=True)
has_config = [sys.executable, "-c", "import flwr.cli.flower_config"]
is_new = subprocess.run(has_config, stderr=subprocess.DEVNULL).returncode == 0
if is_new:
    app = home / "app"
    shutil.copytree(options.app, app, ignore=shutil.ignore_patterns(".git", "__pycache__"), dirs_exist_ok=True)
    kept, section = [], ""
    for line in (app / "pyproject.toml").read_text().splitlines(keepends=True):
        section = line.strip(" [\t") if line.lstrip().startswith("[") else section
        if not section.startswith("tool.flwr.federations"):
            kept.append(line)
    (app / "pyproject.toml").write_text("".join(kept))
    options.app = str(app)
(home / "config.toml").write_text(f'[superlink.{options.federation}]\naddress = "{options.name}:{CONTROL}"\n{trust}\n')

superlink = subprocess.Popen(["flower-superlink", *security, *options.more])


def answers(port):
    try:
        socket.create_connection(("localhost", port), 1).close()
        return True
    except OSError:
        return False


def last_status():
    """How SuperLink says that the run has ended: flwr run's exit code does not tell."""
    where = [options.federation] if is_new else [options.app, options.federation]
    listed = subprocess.run(["flwr", "ls", *where, "--format", "json"], stdout=subprocess.PIPE, text=True)
    try:
        return json.loads(listed.stdout)["runs"][0]["status"]
    except (ValueError, LookupError):
        return "never begun"


while not (answers(FLEET) and answers(CONTROL)):
    if superlink.poll() is not None:
        sys.exit(superlink.returncode or 1)
    time.sleep(0.1)
print("superlink.py: SuperLink answers", flush=True)
# What the app prints comes from SuperLink already: this copy is told apart, so that nothing in it counts twice.
flwr_run = subprocess.Popen(["flwr", "run", options.app, options.federation, "--stream"], stdout=subprocess.PIPE,
                            text=True, errors="replace")
for line in flwr_run.stdout:
    print("flwr run:", line, end="", flush=True)
code = flwr_run.wait()
status = last_status()
if status == "finished:completed":
    print("superlink.py: the app has finished", flush=True)
else:
    print(f"superlink.py: the app has failed: {status}", flush=True)
    code = code or 1
superlink.terminate()
superlink.wait()
sys.exit(code)
