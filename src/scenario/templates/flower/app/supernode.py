# SPDX-License-Identifier: Apache-2.0
"""Becomes a SuperNode, with the partition of data that is its own."""
import argparse
import os

parser = argparse.ArgumentParser()
parser.add_argument("--security", choices=["insecure", "tls"], required=True)
parser.add_argument("--certs", required=True)
parser.add_argument("--superlink", required=True)
parser.add_argument("--partition", type=int, required=True, help="from 1")
parser.add_argument("--partitions", type=int, required=True)
parser.add_argument("more", nargs="*")
options = parser.parse_args()

security = ["--insecure"]
if options.security == "tls":
    security = ["--root-certificates", f"{options.certs}/ca.crt"]
data = f"partition-id={options.partition - 1} num-partitions={options.partitions}"
os.execvp("flower-supernode", ["flower-supernode", *security, "--superlink", options.superlink, "--node-config", data,
                               *options.more])
