#!/usr/bin/env python3
"""Checks the cases of one file that apply to a program.

    applicable.py --prog 'CMD ... {sock} ...' --reference 'CMD ... {sock} ...' [--list] FILE.jsonl

The cases were recorded from REFERENCE, which may have more commands, branches and members than
PROG.  A case applies to PROG if it uses no command, member or enumeration value that REFERENCE has
in its introspection and PROG has not.  wire.py checks these cases, and its exit status is ours.
--list prints their names instead.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

from exchange import Server, qmp


def introspect(prog):
    """The program's schema, by name."""
    server = Server(prog)
    server.start()
    try:
        client = server.process.connect().negotiate()
        entries = client.execute("query-qmp-schema")
        client.close()
        return {entry["name"]: entry for entry in entries}
    finally:
        server.stop()


class Comparison:
    """Whether a case applies: each method is false for a value that uses anything which the
    reference has and the program has not."""

    def __init__(self, reference, program):
        self.reference, self.program = reference, program

    def command(self, name, arguments):
        if name not in self.reference:
            return True
        if name not in self.program:
            return False
        return self.value(self.reference[name]["arg-type"], self.program[name]["arg-type"],
                          arguments)

    def value(self, reference, program, value):
        reference, program = self.reference[reference], self.program[program]
        if reference["meta-type"] != program["meta-type"]:
            return False
        return getattr(self, reference["meta-type"])(reference, program, value)

    def builtin(self, reference, program, value):
        return True

    def enum(self, reference, program, value):
        return not isinstance(value, str) or (
            value in enum_values(program) or value not in enum_values(reference))

    def array(self, reference, program, value):
        return not isinstance(value, list) or all(
            self.value(reference["element-type"], program["element-type"], one) for one in value)

    def alternate(self, reference, program, value):
        types = [[(schema, name) for name in alternatives(schema, entry, value)] for schema, entry
                 in ((self.reference, reference), (self.program, program))]
        if bool(types[0]) != bool(types[1]):
            return False
        return all(self.value(one[1], two[1], value) for one, two in zip(*types))

    def object(self, reference, program, value):
        if not isinstance(value, dict):
            return True
        known = members(self.reference, reference, value)
        own = members(self.program, program, value)
        tag = reference.get("tag")
        # The tag comes first: a foreign value of it selects foreign members.
        for name in ([tag] if tag else []) + list(known):
            used = name in value or "default" not in known[name]
            if used and name not in own:
                return False
            if name in value and not self.value(known[name]["type"], own[name]["type"],
                                                value[name]):
                return False
        return True


def enum_values(entry):
    return [member["name"] for member in entry["members"]]


def members(schema, entry, value):
    """The members of an object, including those of the branch that it selects."""
    found = {member["name"]: member for member in entry["members"]}
    for variant in entry.get("variants", []):
        if variant["case"] == value.get(entry["tag"]):
            found.update(members(schema, schema[variant["type"]], value))
    return found


def alternatives(schema, entry, value):
    """The types of an alternate that accept the value."""
    wanted = {dict: "object", list: "array", str: ("enum", "str"), bool: "bool",
              type(None): "null"}.get(type(value), ("int", "number"))
    for member in entry["members"]:
        target = schema[member["type"]]
        kind = target["name"] if target["meta-type"] == "builtin" else target["meta-type"]
        if kind in wanted:
            yield member["type"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--prog", required=True)
    parser.add_argument("--reference", required=True)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("file")
    options = parser.parse_args()
    comparison = Comparison(introspect(options.reference), introspect(options.prog))
    with open(options.file) as file:
        lines = file.readlines()
    applicable = []
    for line in lines:
        request = json.loads(json.loads(line)["send"][0]["send"])
        if comparison.command(request["execute"], request.get("arguments", {})):
            applicable.append(line)
    if options.list:
        print("\n".join(json.loads(line)["name"] for line in applicable))
        return 0
    print(f"{len(applicable)} of {len(lines)} cases apply to the program", flush=True)
    with tempfile.TemporaryDirectory(prefix="qmpwire.") as folder:
        path = os.path.join(folder, os.path.basename(options.file))
        with open(path, "w") as file:
            file.writelines(applicable)
        harness = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wire.py")
        return subprocess.call([sys.executable, harness, "check", "--prog", options.prog, path])


if __name__ == "__main__":
    sys.exit(main())
