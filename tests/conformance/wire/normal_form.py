"""The comparable form of what a server sent in one case, and the comparison."""

import hashlib
import json
import re

from exchange import canonical

LONG = 4096
"""Messages beyond this many bytes are recorded as length and hash."""
BASE_COMMANDS = ["job-cancel", "job-complete", "job-dismiss", "job-finalize",
                 "job-pause", "job-resume", "qmp_capabilities",
                 "query-commands", "query-jobs", "query-qmp-schema",
                 "query-version", "quit"]


def is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


def without_version(value):
    """`<version>` for the version of a server, other values as they are."""
    is_version = (
        isinstance(value, dict) and set(value) == {"qemu", "package"}
        and isinstance(value["package"], str) and isinstance(value["qemu"], dict)
        and set(value["qemu"]) == {"major", "minor", "micro"}
        and all(is_int(number) for number in value["qemu"].values()))
    return "<version>" if is_version else value


def base_commands(value):
    """The reply to `query-commands` without commands that not every server has."""
    if not (isinstance(value, list) and value and
            all(isinstance(entry, dict) and set(entry) == {"name"} for entry in value)):
        return value
    names = [entry["name"] for entry in value]
    return {"<commands>": sorted(name for name in names if name in BASE_COMMANDS),
            "duplicates": len(names) - len(set(names))}


class Schema:
    """The reply to `query-qmp-schema`. Types are resolved by structure, so that masked names,
    order and other entities do not matter."""

    def __init__(self, entries):
        self.entries = {entry["name"]: entry for entry in entries}
        self.names = [entry["name"] for entry in entries]

    def type(self, name, seen=()):
        entry = self.entries[name]
        meta_type = entry["meta-type"]
        if meta_type == "builtin":
            return f"builtin:{name}:{entry['json-type']}"
        if name in seen:
            return "<recursive>"
        seen = seen + (name,)
        if meta_type == "array":
            return [self.type(entry["element-type"], seen)]
        if meta_type == "enum":
            values = sorted(entry["values"])
            members = sorted(member["name"] for member in entry["members"])
            return {"enum": values, "members-agree": values == members}
        if meta_type == "alternate":
            types = (self.type(member["type"], seen) for member in entry["members"])
            return {"alternate": sorted(canonical(one) for one in types)}
        return self.object(entry, seen)

    def object(self, entry, seen):
        found = {"members": {member["name"]: {"type": self.type(member["type"], seen),
                                              "optional": "default" in member,
                                              "default": member.get("default")}
                             for member in entry["members"]}}
        if "tag" in entry:
            found["tag"] = entry["tag"]
            found["variants"] = {variant["case"]: self.type(variant["type"], seen)
                                 for variant in entry["variants"]}
        return found

    def base(self):
        """The base commands and JOB_STATUS_CHANGE."""
        found = {}
        for name in BASE_COMMANDS:
            entry = self.entries[name]
            found[name] = {"meta-type": entry["meta-type"], "arg": self.type(entry["arg-type"]),
                           "ret": self.type(entry["ret-type"]),
                           "allow-oob": entry.get("allow-oob", False)}
        entry = self.entries["JOB_STATUS_CHANGE"]
        found["JOB_STATUS_CHANGE"] = {"meta-type": entry["meta-type"],
                                      "arg": self.type(entry["arg-type"])}
        found["duplicates"] = len(self.names) - len(set(self.names))
        return {"<schema>": found}


def base_schema(value):
    try:
        return Schema(value).base()
    except (KeyError, TypeError) as error:
        return {"<bad schema>": repr(error)}


def normal_message(message, norms):
    """A message without what differs between servers or runs."""
    if not isinstance(message, dict):
        return message
    message = dict(message)
    if "QMP" in message and isinstance(message["QMP"], dict):
        greeting = dict(message["QMP"])
        greeting["version"] = without_version(greeting.get("version"))
        message["QMP"] = greeting
    if "event" in message and "timestamp" in message:
        time = message["timestamp"]
        if (isinstance(time, dict) and set(time) == {"seconds", "microseconds"}
                and all(is_int(number) for number in time.values())):
            message["timestamp"] = "<ts>"
    if "return" in message:
        value = without_version(message["return"])
        if "commands" in norms:
            value = base_commands(value)
        if "schema" in norms and isinstance(value, list):
            value = base_schema(value) if value else []
        message["return"] = value
    return message


RAW_SUBSTITUTIONS = [
    (re.compile(rb'"timestamp": \{"seconds": \d+, "microseconds": \d+\}'),
     b'"timestamp": <ts>'),
    (re.compile(rb'("(?:version|return)": )\{"qemu": \{"micro": \d+, "minor": \d+, '
                rb'"major": \d+\}, "package": "[^"]*"\}'), rb'\1<version>'),
]


def normal_form(lines, case):
    """The list that `expect` of a case records, from the lines and markers of a session."""
    item = raw_item if case.get("compare", "exact") == "bytes" else parsed_item
    norms = case.get("norm", [])
    return squeeze([{"@": line} if isinstance(line, str) else item(line, norms)
                    for line in lines])


def raw_item(line, norms):
    for pattern, substitute in RAW_SUBSTITUTIONS:
        line = pattern.sub(substitute, line)
    if len(line) > LONG:
        return {"raw-len": len(line), "raw-sha256": hashlib.sha256(line).hexdigest(),
                "head": line[:60].decode("latin-1"), "tail": line[-60:].decode("latin-1")}
    return line.decode("latin-1")


def parsed_item(line, norms):
    if not line.endswith(b"\n"):
        return {"unterminated": line[:200].decode("latin-1")}
    try:
        message = json.loads(line.decode("utf-8"),
                             parse_float=lambda text: {"<float>": repr(float(text))},
                             parse_constant=lambda text: 1 / 0)
    except (ValueError, ZeroDivisionError, RecursionError):
        return {"not-json": line[:200].decode("latin-1")}
    message = normal_message(message, norms)
    text = canonical(message)
    if len(text) > LONG and not norms:
        return {"json-len": len(text), "json-sha256": hashlib.sha256(text.encode()).hexdigest(),
                "head": text[:60]}
    return message


def squeeze(items):
    """Stores runs of 6 or more equal messages as {"repeat": N, "of": item}."""
    squeezed, start = [], 0
    while start < len(items):
        end = start
        while end < len(items) and items[end] == items[start] \
                and type(items[end]) is type(items[start]):
            end += 1
        if end - start >= 6:
            squeezed.append({"repeat": end - start, "of": items[start]})
        else:
            squeezed += items[start:end]
        start = end
    return squeezed


def expand(items):
    """The inverse of `squeeze`."""
    expanded = []
    for item in items:
        if isinstance(item, dict) and set(item) == {"repeat", "of"}:
            expanded += [item["of"]] * item["repeat"]
        else:
            expanded.append(item)
    return expanded


def keys(items, case):
    """What is compared of each item."""
    found = [key(item, case.get("compare", "exact")) for item in expand(items)]
    return sorted(found) if case.get("unordered") else found


def key(item, mode):
    if mode == "class-only" and isinstance(item, dict) and isinstance(item.get("error"), dict):
        error = dict(item["error"])
        if isinstance(error.get("desc"), str) and error["desc"]:
            error["desc"] = "*"
        item = dict(item, error=error)
    return canonical(item)


def difference(case, got):
    """The first difference from the recording, as text; None if there is none."""
    if keys(case["expect"], case) == keys(got, case):
        return None
    want, got = expand(case["expect"]), expand(got)
    mode = case.get("compare", "exact")
    first = 0
    while first < min(len(want), len(got)) and key(want[first], mode) == key(got[first], mode):
        first += 1
    wanted, found = shown(want, first), shown(got, first)
    common = 0
    while common < min(len(wanted), len(found)) and wanted[common] == found[common]:
        common += 1
    # A long common beginning is of no interest.
    cut = max(0, common - 60) if max(len(wanted), len(found)) > 300 else 0
    dots = "..." if cut else ""
    return (f"message {first + 1} of {len(want)} expected/{len(got)} got\n"
            f"    want: {dots}{wanted[cut:cut + 300]}\n"
            f"    got:  {dots}{found[cut:cut + 300]}")


def shown(items, index):
    if index >= len(items):
        return "(nothing)"
    item = items[index]
    return item.encode("unicode_escape").decode() if isinstance(item, str) else canonical(item)
