"""One run of a scenario."""

import json
import re
import shlex
import shutil
import subprocess
import tempfile
import time

import scenario_images
from canonical import (canonical_event, canonical_reply, clean, collapse_errors,
                       drop_internal_pauses, field)
from images import QEMU_IMG, QEMU_IO, ToolError, run
from scenario_daemon import TIMEOUT, Daemon, Failure, brief, stream_of


class Run:
    """A scenario in a folder of its own, with a daemon that has started."""

    def __init__(self, scenario, program, folder):
        self.scenario, self.folder = scenario, folder
        self.program = shlex.split(program)
        self.commands = []
        """The command and the step of each recorded reply."""
        self.tools = []
        scenario_images.make(folder, scenario.get("images", []))
        self.daemon = Daemon(self.program, self.in_folder(scenario.get("args", [])), folder)

    def in_folder(self, value):
        """A JSON value in which `$DIR` is the folder."""
        return json.loads(json.dumps(value).replace("$DIR", self.folder))

    def step(self, index, step):
        """Does one step, see README.md."""
        timeout = step.get("timeout", TIMEOUT)
        do = step["do"]
        if do == "cmd":
            reply = self.daemon.command(step["cmd"], self.in_folder(step.get("args")))
            self.commands.append((step["cmd"], step))
            if "error" in reply:
                self.daemon.skip_failed_starts()
        elif do == "wait":
            self.wait(step, timeout)
        elif do == "until":
            self.wait_until(step, timeout)
        elif do == "sleep":
            self.daemon.idle(step["seconds"])
        elif do == "io":
            self.io(step, timeout)
        elif do == "restart":
            arguments = step.get("args", self.scenario.get("args", []))
            self.daemon.restart(self.in_folder(arguments), step.get("kill", False))
            if not step.get("kill"):
                self.commands.append(("quit", {}))
        elif do == "tool":
            self.tools.append({"step": index, **self.tool(step, timeout)})
        elif do == "start":
            self.tools.append({"step": index, **self.failing_start(step, timeout)})
        else:
            raise Failure(f"unknown step {do!r}")

    def wait(self, step, timeout):
        daemon, ident, status = self.daemon, step.get("id"), step.get("status")
        if status in ("paused", "standby"):
            # These states last. An event may belong to a short pause of the program's own.
            daemon.wait_for_status(ident, status, timeout)
        elif status is not None:
            if status in ("running", "ready"):
                daemon.skip_before_last_command(ident)
            daemon.wait(lambda event: event["event"] == "JOB_STATUS_CHANGE"
                        and event["data"]["status"] == status,
                        f"{ident} to be {status}", timeout, ident)
        else:
            stream = step.get("id", "other")
            daemon.wait(lambda event: event["event"] == step["event"],
                        f"{step['event']} of {stream}", timeout, stream)

    def wait_until(self, step, timeout):
        """Repeats a query until the named job shows the wanted members."""
        deadline = time.monotonic() + timeout
        while True:
            jobs = self.daemon.jobs(step["cmd"])
            job = jobs.get(step.get("id"), {})
            wanted, above = step.get("want", {}).items(), step.get("above", {}).items()
            is_gone = "gone" in step and step["gone"] not in jobs
            if is_gone or "gone" not in step \
                    and all(job.get(name) == value for name, value in wanted) \
                    and all((job.get(name) or 0) > value for name, value in above):
                return
            if time.monotonic() > deadline:
                raise Failure(f"waited in vain until {json.dumps(step)}; "
                              f"last {json.dumps(list(jobs.values()))}")
            time.sleep(0.02)

    def io(self, step, timeout):
        """Does client I/O through an NBD export."""
        url = f"nbd+unix:///{step['export']}?socket={self.folder}/nbd.sock"
        commands = [word for one in step["run"] for word in ("-c", one)]
        try:
            ran = run(QEMU_IO, "-f", "raw", *commands, url, check=False, timeout=timeout)
        except subprocess.TimeoutExpired as error:
            raise Failure("client I/O hangs") from error
        if ran.returncode:
            raise Failure(f"client I/O failed: {(ran.stdout + ran.stderr).decode()}")

    def tool(self, step, timeout):
        """Runs a program beside the daemon."""
        command = self.in_folder(step["run"])
        command[0] = {"qemu-img": QEMU_IMG, "qemu-io": QEMU_IO}.get(command[0], command[0])
        try:
            ran = run(*command, check=False, timeout=timeout, cwd=self.folder)
        except subprocess.TimeoutExpired:
            return {"rc": "timeout", "out": []}
        result = {"rc": ran.returncode}
        if ran.returncode or not (step.get("map") or step.get("json")):
            lines = self.lines(ran.stdout + ran.stderr)
            shown = step.get("keep", "")
            return {**result, "out": [line for line in lines if re.search(shown, line)]}
        try:
            report = json.loads(ran.stdout)
        except ValueError:
            return {**result, "out": ["no JSON"]}
        if step.get("map"):
            return {**result, "map": scenario_images.joined(report, step["map"])}
        values = {path: clean(field(report, path), self.folder) for path in step["json"]}
        return {**result, "json": {path: by_name(value) for path, value in values.items()}}

    def lines(self, output):
        """The output of a tool without its timings."""
        tools = "|".join(re.escape(name) for name in (QEMU_IO, "qemu-io", "qemu-img"))
        lines = clean(output.decode(errors="replace"), self.folder).splitlines()
        lines = [re.sub(rf"^({tools}): ", "", line.strip()) for line in lines]
        return [line for line in lines if line and not re.search("ops; .*sec", line)]

    def failing_start(self, step, timeout):
        """Starts the daemon a second time, with options that it refuses."""
        arguments = self.in_folder(step["args"])
        try:
            ran = run(*self.program, *arguments, check=False, timeout=timeout, cwd=self.folder)
        except subprocess.TimeoutExpired:
            return {"rc": "timeout", "out": []}
        lines = clean(ran.stderr.decode(errors="replace"), self.folder).splitlines()
        return {"rc": ran.returncode, "out": [re.sub(r"^\S+: ", "", one) for one in lines[:1]]}

    def all_steps(self):
        """Does all steps and quits. Returns the exit status and the trouble, None without."""
        index = 0
        try:
            for index, step in enumerate(self.scenario["steps"]):
                if step["do"] == "quit":
                    break
                self.step(index, step)
            self.commands.append(("quit", {}))
            return self.daemon.quit(), None
        except Failure as error:
            trouble = f"step {index}: {clean(str(error), self.folder)}"
            status = self.daemon.exit_status()
            if status is not None:
                errors = clean(self.daemon.stderr(), self.folder)
                trouble += f" [daemon exit {status}: {errors}]"
            return None, trouble

    def replies_and_events(self):
        """The log in its comparable form: replies, and events by stream."""
        options, replies, streams = self.scenario.get("options", {}), [], {}
        for kind, at, message in self.daemon.log:
            if kind == "reply":
                command, step = self.commands[at] if at < len(self.commands) else ("?", {})
                reply = clean(canonical_reply(command, message, step), self.folder)
                replies.append({"cmd": command, **reply})
            else:
                event = clean(canonical_event(message, options), self.folder)
                streams.setdefault(str(stream_of(event)), []).append({"at": at, **event})
        if not options.get("keep_internal_pauses"):
            sent = [(command, step.get("args")) for command, step in self.commands]
            drop_internal_pauses(streams, replies, sent)
        collapse_errors(streams)
        return replies, streams

    def order_violations(self):
        """The pairs of `order` whose first did not come before the second."""
        seen = [[stream_of(message), brief(message)] for kind, _, message in self.daemon.log
                if kind == "event"]
        return [f"{':'.join(one)} not before {':'.join(other)}"
                for one, other in self.scenario.get("order", [])
                if one not in seen or other not in seen or seen.index(one) > seen.index(other)]

    def result(self):
        status, trouble = self.all_steps()
        replies, events = self.replies_and_events()
        result = {"replies": replies, "events": events, "exit": status}
        if self.tools:
            result["client"] = self.tools
        if self.daemon.exits:
            result["exits"] = self.daemon.exits
        if trouble:
            result["trouble"] = trouble
        result["order_violations"] = self.order_violations()
        self.daemon.close()
        verified = scenario_images.verify(self.folder, self.scenario.get("verify", []))
        result["images"] = clean(verified, self.folder)
        return result


def by_name(value):
    """A list of named objects sorted by name, other values as they are."""
    is_named = isinstance(value, list) and all(
        isinstance(one, dict) and "name" in one for one in value)
    return sorted(value, key=lambda one: one["name"]) if is_named else value


def run_once(scenario, program):
    """The result of a scenario. A failure before the first step is its only member."""
    folder, current = tempfile.mkdtemp(prefix="jobs-"), None
    try:
        current = Run(scenario, program, folder)
        return current.result()
    except (Failure, ToolError) as error:
        return {"replies": [], "events": {}, "exit": None, "trouble": clean(str(error), folder)}
    finally:
        if current:
            current.daemon.close()
        shutil.rmtree(folder, ignore_errors=True)
