"""One run of a scenario."""

import json
import shlex
import shutil
import tempfile
import time

import scenario_clients
import scenario_images
import scenario_nbd
from canonical import (canonical_event, canonical_reply, clean, collapse_errors,
                       drop_internal_pauses)
from images import ToolError
from scenario_daemon import ANY_EXPORT, TIMEOUT, Daemon, Failure, brief, stream_of


class Run:
    """A scenario in a folder of its own, with a daemon that has started."""

    def __init__(self, scenario, program, folder):
        self.scenario, self.folder = scenario, folder
        self.program = shlex.split(program)
        self.commands = []
        """The command and the step of each recorded reply."""
        self.answers = []
        """What clients and tools answered, with the number of the step."""
        self.clients = {}
        """The clients that are connected, by name."""
        scenario_images.make(folder, scenario.get("images", []))
        self.daemon = Daemon(self.program, self.in_folder(scenario.get("args", [])), folder)

    def in_folder(self, value):
        """A JSON value in which `$DIR` is the folder."""
        return json.loads(json.dumps(value).replace("$DIR", self.folder))

    def step(self, index, step):
        """Does one step, see README.md. Records what a client or a tool answered."""
        step = self.in_folder(step)
        kind = step["do"]
        if kind not in STEPS:
            raise Failure(f"unknown step {kind!r}")
        result = STEPS[kind](self, step, step.get("timeout", TIMEOUT))
        if result is not None:
            self.answers.append({"step": index, **result})

    def command(self, step):
        reply = self.daemon.command(step["cmd"], step.get("args"))
        self.commands.append((step["cmd"], step))
        if "error" in reply:
            self.daemon.skip_failed_starts()

    def restart(self, step):
        arguments = step.get("args", self.scenario.get("args", []))
        self.daemon.restart(self.in_folder(arguments), step.get("kill", False))
        if not step.get("kill"):
            self.commands.append(("quit", {}))

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
            is_export = step["event"] == "BLOCK_EXPORT_DELETED"
            stream = step.get("id", ANY_EXPORT if is_export else "other")
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

    def client(self, step, timeout):
        """Executes commands of a client that stays connected. The first step of it connects."""
        name = step["name"]
        if name not in self.clients:
            self.clients[name] = scenario_clients.Client(step, self.folder)
        result = self.clients[name].run(step.get("run", []), timeout)
        if step.get("close"):
            self.clients.pop(name).close()
        return result if step.get("record", True) else None

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

    def close(self):
        for client in self.clients.values():
            client.close(timeout=1)
        self.clients.clear()
        self.daemon.close()

    def result(self):
        status, trouble = self.all_steps()
        replies, events = self.replies_and_events()
        result = {"replies": replies, "events": events, "exit": status}
        if self.answers:
            result["client"] = self.answers
        if self.daemon.exits:
            result["exits"] = self.daemon.exits
        if trouble:
            result["trouble"] = trouble
        result["order_violations"] = self.order_violations()
        self.close()
        verified = scenario_images.verify(self.folder, self.scenario.get("verify", []))
        result["images"] = clean(verified, self.folder)
        return result


STEPS = {
    "cmd": lambda run, step, _: run.command(step),
    "wait": Run.wait,
    "until": Run.wait_until,
    "sleep": lambda run, step, _: run.daemon.idle(step["seconds"]),
    "restart": lambda run, step, _: run.restart(step),
    "client": Run.client,
    "io": lambda run, step, timeout: scenario_clients.io(step, run.folder, timeout),
    "tool": lambda run, step, timeout: scenario_clients.tool(step, run.folder, timeout),
    "nbd": lambda run, step, timeout: scenario_nbd.run_script(step, run.folder, timeout),
    "start": lambda run, step, timeout: scenario_clients.failing_start(
        run.program, step, run.folder, timeout),
}
"""What each kind of step does, given the run, the step and a limit in seconds."""


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
            current.close()
        shutil.rmtree(folder, ignore_errors=True)
