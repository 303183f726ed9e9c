# SPDX-License-Identifier: Apache-2.0
"""rename_host.py FOLDER HOST: in the start-up files below FOLDER, localhost becomes HOST."""
import pathlib
import sys

folder, host = pathlib.Path(sys.argv[1]), sys.argv[2]
changed = 0
for path in folder.rglob("fed_*.json"):
    text = path.read_text(encoding="utf-8")
    if "localhost" in text:
        path.write_text(text.replace("localhost", host), encoding="utf-8")
        changed += 1
if not changed:
    sys.exit(f"rename_host.py: no fed_*.json below {folder} names localhost; was it made by another version?")
