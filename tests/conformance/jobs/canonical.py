"""The comparable form of what a daemon answered in a scenario, and the comparison. README.md says
what is compared and why."""

import copy
import difflib
import json
import re

from scenario_daemon import Failure, brief

ANY = "<any>"
UNFINISHED = ("created", "running", "paused", "aborting", "null")
PAUSES = ("job-pause", "block-job-pause")
RESUMES = ("job-resume", "block-job-resume", "job-cancel", "block-job-cancel")

OWN_TIME = {
    "snapshot-save": ("STOP", "RESUME"),
    "snapshot-load": ("STOP", "RESUME"),
    "block-export-del": ("BLOCK_EXPORT_DELETED",),
    "nbd-server-remove": ("BLOCK_EXPORT_DELETED",),
    "nbd-server-stop": ("BLOCK_EXPORT_DELETED",),
}
"""The events that come before or after the reply to the command that causes them."""


def clean(value, folder):
    """A value without the folder of the scenario and without numbers of generated nodes."""
    if isinstance(value, str):
        return re.sub(r"#block\d+", "#block*", value.replace(folder, "$DIR"))
    if isinstance(value, list):
        return [clean(one, folder) for one in value]
    if isinstance(value, dict):
        return {name: clean(one, folder) for name, one in value.items()}
    return value


def field(value, path):
    """The member at a path with dots; None if there is none."""
    for name in path.split("."):
        value = value[int(name)] if isinstance(value, list) else value.get(name)
        if value is None:
            return None
    return value


def mask_progress(job, current, total):
    """Progress that depends on timing need only be in range."""
    done, whole = job.get(current), job.get(total)
    if isinstance(done, int) and isinstance(whole, int):
        is_in_range = 0 <= done <= whole
        job[current] = "<in range>" if is_in_range else f"OUT OF RANGE {done}/{whole}"


# Events

def canonical_event(event, options):
    event = {"event": event["event"], "data": event.get("data", {})}
    name, data = event["event"], event["data"]
    if name == "BLOCK_JOB_CANCELLED" or (name == "BLOCK_JOB_COMPLETED" and "error" in data):
        mask_progress(data, "offset", "len")
    if not options.get("exact_len", True) and "len" in data:
        mask_progress(data, "offset", "len")
        data["len"] = ANY
    return event


def user_pauses(job, replies, sent):
    """The spans, in numbers of replies, in which a client had the job paused."""
    spans, start = [], None
    for index, (command, arguments) in enumerate(sent):
        arguments = arguments or {}
        has_succeeded = index < len(replies) and "return" in replies[index]
        if has_succeeded and arguments.get("id", arguments.get("device")) == job:
            if command in PAUSES:
                start = index
            elif command in RESUMES and start is not None:
                spans.append((start, index))
                start = None
    if start is not None:
        spans.append((start, 1 << 30))
    return spans


def drop_internal_pauses(streams, replies, sent):
    """A program may pause a job for a moment to change its graph, and announce it (paused, running
    or standby, ready). Such a pair is dropped unless a pause by the client, or a stop after an
    error, covers it."""
    for job, events in streams.items():
        spans = user_pauses(job, replies, sent)
        left, index = [], 0
        while index < len(events):
            event = events[index]
            follower = brief(events[index + 1]) if index + 1 < len(events) else None
            is_pause = (brief(event), follower) in (("paused", "running"), ("standby", "ready"))
            is_covered = any(first <= event["at"] <= last for first, last in spans) \
                or left and left[-1]["event"] == "BLOCK_JOB_ERROR"
            if is_pause and not is_covered:
                index += 2
                continue
            left.append(event)
            index += 1
        streams[job] = left


def collapse_errors(streams):
    """How many requests are in flight when an error strikes is not part of the protocol."""
    for job, events in streams.items():
        left = []
        for event in events:
            is_repeated = left and event["event"] == left[-1]["event"] == "BLOCK_JOB_ERROR" \
                and left[-1]["data"] == event["data"]
            if not is_repeated:
                left.append(event)
        streams[job] = left


# Replies

def canonical_reply(command, message, options):
    if "error" in message:
        error = {"class": message["error"].get("class"), "desc": message["error"].get("desc")}
        if options.get("desc") is False:
            error["desc"] = ANY
        return {"error": error}
    value = copy.deepcopy(message.get("return"))
    if command == "query-jobs":
        value = canonical_jobs(value, "id", ("current-progress", "total-progress"), options)
    elif command == "query-block-jobs":
        for job in value:
            if job.get("status") in ("running", "ready"):
                job["busy"] = ANY
            if job.get("status") in ("waiting", "pending"):
                job["paused"] = ANY  # A finished mirror still drains its nodes.
        value = canonical_jobs(value, "device", ("offset", "len"), options)
    elif command == "query-named-block-nodes" and "pick" in options:
        value = picked_nodes(value, options)
    elif command == "query-block-exports":
        value = canonical_exports(value, options)
    if options.get("mask"):
        value = masked(value, set(options["mask"]))
    return {"return": value}


def canonical_jobs(jobs, key, progress, options):
    for job in jobs:
        if job.get("error") or job.get("status") in UNFINISHED:
            mask_progress(job, *progress)
    return jobs if options.get("ordered") else sorted(jobs, key=lambda job: job[key])


def canonical_exports(exports, options):
    for export in exports:
        if export.get("node-name", "").startswith("#"):
            export["node-name"] = ANY  # A filter of the program's own.
    return exports if options.get("ordered") else sorted(exports, key=lambda one: one["id"])


def picked_nodes(nodes, options):
    """The members that the step names, of nodes with names given by clients."""
    def is_wanted(name):
        skipped = options.get("skip")
        return not name.startswith("#") and not (skipped and re.search(skipped, name))

    found = [{name: picked(node, name) for name in options["pick"]} for node in nodes
             if is_wanted(node.get("node-name", "#"))]
    return sorted(found, key=lambda node: node["node-name"])


def picked(node, name):
    value = field(node, name) if "." in name else node.get(name)
    if name == "dirty-bitmaps" and value:
        # Bitmaps have no order.
        value = sorted(value, key=lambda bitmap: bitmap.get("name", ""))
    return value


def masked(value, names):
    if isinstance(value, list):
        return [masked(one, names) for one in value]
    if isinstance(value, dict):
        return {name: ANY if name in names else masked(one, names)
                for name, one in value.items()}
    return value


# Comparison

def merge(one, other, path="", notes=None):
    """The common part of two runs. A number or flag that differs becomes a wildcard."""
    if type(one) is dict and type(other) is dict and one.keys() == other.keys():
        return {name: merge(one[name], other[name], f"{path}/{name}", notes) for name in one}
    if type(one) is list and type(other) is list and len(one) == len(other):
        return [merge(*pair, f"{path}/{index}", notes)
                for index, pair in enumerate(zip(one, other))]
    if one == other:
        return one
    leaf = path.rsplit("/", 1)[-1]
    if leaf in ("at", "offset", "len", "current-progress", "total-progress", "busy"):
        if notes is not None:
            notes.add(path)
        return ANY
    if ANY in (one, other):
        return ANY
    raise Failure(f"unstable at {path}: {json.dumps(one)[:200]} / {json.dumps(other)[:200]}")


def overlay(expected, actual):
    """The actual result under the wildcards of the expected one."""
    if expected == ANY:
        return ANY
    if type(expected) is dict and type(actual) is dict:
        return {name: overlay(expected.get(name), one) for name, one in actual.items()}
    if type(expected) is list and type(actual) is list:
        padded = expected + [None] * (len(actual) - len(expected))
        return [overlay(*pair) for pair in zip(padded, actual)]
    return actual


def text(value, *without):
    if without:
        value = {name: one for name, one in value.items() if name not in without}
    return json.dumps(value, sort_keys=True)


def flatten(result):
    """A result as lines, for the difference of two."""
    lines = [f"reply {index} {reply.get('cmd')}: {text(reply, 'cmd')}"
             for index, reply in enumerate(result.get("replies", []))]
    for job, events in sorted(result.get("events", {}).items()):
        for event in events:
            is_status = event["event"] == "JOB_STATUS_CHANGE"
            what = event["data"].get("status") if is_status else text(event["data"])
            lines.append(f"event {job} (after {event['at']} replies): {event['event']} {what}")
    lines += [f"client at step {ran['step']}: {text(ran, 'step')}"
              for ran in result.get("client", [])]
    if result.get("exits"):
        lines.append(f"exits before a restart: {text(result['exits'])}")
    lines.append(f"exit: {result.get('exit')}")
    lines += [f"image {name}: {text(image)}"
              for name, image in sorted((result.get("images") or {}).items())]
    lines += [f"order: {fault}" for fault in result.get("order_violations") or []]
    if result.get("trouble"):
        lines.append(f"trouble: {result['trouble']}")
    return lines


def without_order(result):
    result = copy.deepcopy(result)
    for events in result.get("events", {}).values():
        for event in events:
            event["at"] = ANY
    return result


def differences(expected, actual, is_loose=False):
    """The lines in which two results differ."""
    if is_loose:
        expected = without_order(expected)
    wanted, found = flatten(expected), flatten(overlay(expected, actual))
    lines = difflib.unified_diff(wanted, found, "expected", "actual", n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


# Recording

def soften(result, scenario):
    """Masks in a recording what another program need not repeat."""
    soften_errors(result["replies"])
    for events in result["events"].values():
        soften_starts(events)
        soften_resumes(events)
    # A restart that is no kill sends `quit`.
    sent = [step.get("cmd", "quit") for step in scenario["steps"]
            if step["do"] == "cmd" or step["do"] == "restart" and not step.get("kill")]
    for index, command in enumerate(sent):
        if command in (*PAUSES, "job-cancel", "block-job-cancel") \
                and "return" in result["replies"][index]:
            for events in result["events"].values():
                soften_interruption(events, command, index)
        for events in result["events"].values():
            soften_own_time(events, command, index)
    for image in result["images"].values():
        info = image.get("info") if type(image) is dict else None
        if type(info) is dict and str(info.get("backing-filename")).startswith("json:"):
            info["backing-filename"] = ANY
    return result


def soften_errors(replies):
    """Some texts speak of one program's inner graph."""
    texts = r"Permission conflict on|Failed to get|Conflicts with use by"
    for reply in replies:
        desc = reply.get("error", {}).get("desc") or ""
        is_inner = re.match(texts, desc) or "#block" in desc
        if is_inner and not desc.startswith("Block node is read-only"):
            reply["error"]["desc"] = ANY


def soften_starts(events):
    """What a new job does on its own races with the reply to the command that created it."""
    created = None
    for event in events:
        what = brief(event)
        if what == "created":
            created = event["at"]
        elif what not in ("running", "null") and created is not None \
                and event["at"] in (created, created + 1):
            event["at"] = ANY


def soften_resumes(events):
    """The reply to a resume after a read error follows the first read. On a fast disk, the job has
    then done more, so that what it does on its own races with the reply."""
    has_failed, resumed = False, None
    for event in events:
        what = brief(event)
        if what == "BLOCK_JOB_ERROR":
            has_failed = event["data"].get("operation") == "read"
            resumed = None
        elif what == "running" and has_failed:
            has_failed, resumed = False, event["at"]
        elif what != "paused" and isinstance(resumed, int) and event["at"] == resumed + 1:
            event["at"] = ANY


def soften_interruption(events, command, index):
    """A job that is asked to pause, or to stop while it runs, races with the reply."""
    status = None
    for event in events:
        what = brief(event)
        if event["at"] in (index, index + 1):
            if command in PAUSES and what in ("paused", "standby"):
                event["at"] = ANY
            elif "cancel" in command and status not in (None, "pending", "waiting"):
                event["at"] = ANY
                continue
        status = what if event["event"] == "JOB_STATUS_CHANGE" else status


def soften_own_time(events, command, index):
    """The snapshot job of a machine stops it and lets it continue, and an export ends, at a time of
    their own."""
    for event in events:
        if event["event"] in OWN_TIME.get(command, ()) and event["at"] in (index, index + 1):
            event["at"] = ANY
