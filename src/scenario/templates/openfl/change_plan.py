# SPDX-License-Identifier: Apache-2.0
"""change_plan.py PLAN a.b.c=VALUE ...: sets values in a plan of OpenFL. PyYAML comes with OpenFL."""
import sys

import yaml

path, changes = sys.argv[1], sys.argv[2:]
with open(path, encoding="utf-8") as file:
    plan = yaml.safe_load(file)
for change in changes:
    key, equals, value = change.partition("=")
    if not equals:
        sys.exit(f"change_plan: '{change}' is not of the form a.b.c=VALUE")
    *sections, last = key.split(".")
    where = plan
    for section in sections:
        where = where.setdefault(section, {})
        if not isinstance(where, dict):
            sys.exit(f"change_plan: '{section}' of '{key}' has a value, and no keys, in {path}")
    where[last] = yaml.safe_load(value)
with open(path, "w", encoding="utf-8") as file:
    yaml.safe_dump(plan, file, sort_keys=False)
