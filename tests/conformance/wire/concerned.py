#!/usr/bin/env python3
"""Checks the cases of one file that concern a program's own commands.

    concerned.py --prog 'CMD ... {sock} ...' --reference 'CMD ... {sock} ...' [--list] FILE.jsonl

The cases were recorded from a program with more commands, branches and members than PROG may
have.  Both programs' introspection tells which cases PROG can answer: those that use no command,
member or enumeration value that REFERENCE knows and PROG does not.  They are handed to wire.py;
its exit status is ours.  --list names them instead.
"""
import argparse, json, os, subprocess, sys, tempfile

import wire

TIMEOUT = 10


def introspect(prog):
    """The program's schema, by name."""
    server = wire.Server(prog)
    server.start()
    session = wire.Session(server, TIMEOUT)
    try:
        session.open()
        wire.handshake(session, {})
        session.write(b'{"execute": "query-qmp-schema", "id": 1}\n')
        # Not wait_id, which passes over lines as long as this one.
        session.wait(lambda line: line.startswith(b'{"return": ['), "the schema")
        reply = wire.parse(session.lines[-1])
        return {entry["name"]: entry for entry in reply["return"]}
    finally:
        session.close()
        server.stop()


class Comparison:
    """Whether a value uses anything that the reference knows and the program does not."""

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
        # The tag first: where its value is foreign, so are the members that follow from it.
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
    """The members of an object, those of the branch that it selects included."""
    found = {member["name"]: member for member in entry["members"]}
    for variant in entry.get("variants", []):
        if variant["case"] == value.get(entry["tag"]):
            found.update(members(schema, schema[variant["type"]], value))
    return found


def alternatives(schema, entry, value):
    """The types of an alternate that take the value."""
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
    concerned = []
    for line in lines:
        request = json.loads(json.loads(line)["send"][0]["send"])
        if comparison.command(request["execute"], request.get("arguments", {})):
            concerned.append(line)
    if options.list:
        print("\n".join(json.loads(line)["name"] for line in concerned))
        return 0
    print("%d of %d cases concern the program" % (len(concerned), len(lines)), flush=True)
    with tempfile.TemporaryDirectory(prefix="qmpwire.") as folder:
        path = os.path.join(folder, os.path.basename(options.file))
        with open(path, "w") as file:
            file.writelines(concerned)
        harness = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wire.py")
        return subprocess.call([sys.executable, harness, "check", "--prog", options.prog, path])


if __name__ == "__main__":
    sys.exit(main())
