# SPDX-License-Identifier: Apache-2.0
"""Starts the server of a proof of concept, submits a job, and waits for its end."""
import argparse
import pathlib
import socket
import subprocess
import sys
import time

PORT = 8002

parser = argparse.ArgumentParser()
parser.add_argument("--poc", required=True)
parser.add_argument("--job", required=True)
options = parser.parse_args()

production = pathlib.Path(options.poc) / "example_project" / "prod_00"
server = subprocess.Popen(["sh", str(production / "server" / "startup" / "sub_start.sh")])
while True:
    try:
        socket.create_connection(("localhost", PORT), 1).close()
        break
    except OSError:
        if server.poll() is not None:
            sys.exit(server.returncode or 1)
        time.sleep(0.2)
print("server.py: the server answers", flush=True)

from nvflare.fuel.flare_api.flare_api import new_secure_session  # noqa: E402  slow, so only now

session = new_secure_session("admin@nvidia.com", str(production / "admin@nvidia.com"))
job = session.submit_job(options.job)
result = session.monitor_job(job)
print("server.py: the job has finished" if "FINISH" in str(result).upper() else f"server.py: {result}", flush=True)
server.terminate()
