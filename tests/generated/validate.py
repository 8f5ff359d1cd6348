"""Checks that a generated JSON Schema is one.

    validate.py FILE [--messages]

With --messages also what it accepts: the schema is that of a storage daemon.
"""

import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator

EVENT = {
    "event": "JOB_STATUS_CHANGE",
    "timestamp": {"seconds": 1, "microseconds": 0},
    "data": {"id": "a", "status": "running"},
}
NODE = {"driver": "null-co", "node-name": "a", "size": 1}
ACCEPTED = [
    {"execute": "query-jobs"},
    {"execute": "query-jobs", "arguments": {}, "id": 1},
    {"execute": "job-dismiss", "arguments": {"id": "a"}},
    {"execute": "blockdev-add", "arguments": NODE},
    EVENT,
]
REFUSED = [
    {"execute": "no-such-command"},
    {"execute": "job-dismiss"},
    {"execute": "job-dismiss", "arguments": {"id": 1}},
    {"execute": "job-dismiss", "arguments": {"id": "a", "force": True}},
    {"execute": "blockdev-add", "arguments": {**NODE, "driver": "absent"}},
    {"execute": "blockdev-add", "arguments": {**NODE, "filename": "a"}},
    {**EVENT, "data": {"id": "a", "status": "walking"}},
    {"event": "JOB_STATUS_CHANGE", "data": EVENT["data"]},
]


def main():
    schema = json.loads(Path(sys.argv[1]).read_text())
    Draft202012Validator.check_schema(schema)
    if "--messages" not in sys.argv:
        print(f"{len(schema['$defs'])} definitions are valid")
        return
    validator = Draft202012Validator(schema)
    wrong = [case for case in ACCEPTED if not validator.is_valid(case)]
    wrong += [case for case in REFUSED if validator.is_valid(case)]
    if wrong:
        sys.exit(f"wrong verdicts: {wrong}")
    print(f"{len(ACCEPTED)} messages are accepted, {len(REFUSED)} refused")


main()
