# SPDX-License-Identifier: Apache-2.0
"""Starts the server of a proof of concept, submits a job, waits for its end, and fetches its model."""
import argparse
import pathlib
import shutil
import socket
import subprocess
import sys
import time

PORT = 8002
# Where NPModelPersistor and PTFileModelPersistor write.
USUAL_MODELS = ["models/server.npy", "app_server/FL_global_model.pt"]

parser = argparse.ArgumentParser()
parser.add_argument("--kits", required=True, help="the folder of start-up kits")
parser.add_argument("--job", required=True)
parser.add_argument("--save", required=True, help="where the model is put")
parser.add_argument("--model", default="", help="in the job's workspace")
options = parser.parse_args()

kits = pathlib.Path(options.kits).resolve()
# The server keeps jobs under /tmp/nvflare: one that runs beside it, or after it, would run them as well.
local = kits / "server" / "local"
resources = (local / "resources.json.default").read_text()
(local / "resources.json").write_text(resources.replace("/tmp/nvflare/", f"{kits}/storage/"))
server = subprocess.Popen(["bash", str(kits / "server" / "startup" / "sub_start.sh")])
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

session = new_secure_session("admin@nvidia.com", str(kits / "admin@nvidia.com"))
job = session.submit_job(options.job)
session.monitor_job(job)
status = session.get_job_meta(job)["status"]
finished = status == "FINISHED:COMPLETED"
if finished:
    left = pathlib.Path(session.download_job_result(job)) / "workspace"
    for name in [options.model] if options.model else USUAL_MODELS:
        if (left / name).is_file():
            shutil.copyfile(left / name, options.save)
            break
print("server.py: the job has finished" if finished else f"server.py: the job has failed: {status}", flush=True)
server.terminate()
sys.exit(not finished)
