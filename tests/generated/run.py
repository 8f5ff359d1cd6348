"""Generates code from schemas, compiles it, and drives daemons through it.

    run.py [--qapi PROGRAM] [--daemon PROGRAM] [--only LANGUAGE]... [--schema NAME]...

The schemas are that of our storage daemon, as it tells it, and QEMU's in the folder of the
environment variable QAPI_QEMU_SCHEMA (by default ../shared/qemu-schema) if it is there.

- rust: compiles without a warning; the introspection of the compiled definitions is that of the
  file, and again after they are rendered to a schema file and generated from it
- python: passes mypy --strict, and drives qemu-storage-daemon and ours
- typescript: passes tsc --strict, and drives both
- json: is a valid JSON Schema, which accepts requests of the schema and refuses others

Python and TypeScript need packages from their registries. Without these, a language is skipped;
with QAPI_REQUIRE_PEERS=1 in the environment, that is a failure.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tests/support"))
from qmp import Daemon  # noqa: E402

OUT = ROOT / "target/generated"
PYTHON_PACKAGES = ["mypy==2.4.1", "qemu.qmp==0.0.6", "jsonschema==4.26.0"]
NODE_PACKAGES = ["typescript@5.9.3", "@types/node@20.19.43"]


class Skipped(Exception):
    """A language whose packages are not available."""


def run(*command, **options):
    """Runs a program. Returns its output; an error raises an exception with it."""
    options.setdefault("timeout", 1500)
    words = [str(word) for word in command]
    done = subprocess.run(words, text=True, capture_output=True, **options)
    if done.returncode:
        output = (done.stdout + done.stderr).strip()
        raise RuntimeError(f"{command[0]} ended with status {done.returncode}:\n{output[-4000:]}")
    return done.stdout


class Programs:
    """The programs to test, as the command line names them."""

    qapi = ROOT / "target/debug/qapi"
    daemon = ROOT / "target/release/storage-daemon"


def generate(language, schema, path, *options):
    run(Programs.qapi, "generate", language, *options, schema, "-o", path)


def schemas():
    """The schema files by name."""
    folder = OUT / "ours"
    folder.mkdir(parents=True, exist_ok=True)
    with Daemon(Programs.daemon, folder) as daemon:
        text = run(Programs.qapi, "introspect", "--schema", daemon.path)
    (folder / "schema.json").write_text(text)
    found = {"ours": folder / "schema.json"}
    # Names that the languages cannot have, and documentation. No daemon serves it.
    found["lamp"] = ROOT / "qapi-schema/tests/suite/generate/lamp.json"
    qemu = Path(os.environ.get("QAPI_QEMU_SCHEMA", ROOT.parent / "shared/qemu-schema"))
    for name in ["storage-daemon", "full"]:
        path = qemu / name / "qapi-schema.json"
        if path.exists():
            found[name] = path
        else:
            print(f"QEMU's schema {name} is not there")
    return found


def compiled(folder, schema, has_server=True):
    """What the Rust code for a schema contains, after it has been compiled."""
    (folder / "src").mkdir(parents=True, exist_ok=True)
    manifest = (HERE / "templates/Cargo.toml").read_text()
    (folder / "Cargo.toml").write_text(manifest.replace("FRAMEWORK", str(ROOT / "qapi-core")))
    # The versions of the dependencies are those of the repository.
    shutil.copy(ROOT / "Cargo.lock", folder)
    for name in ["lib.rs", "main.rs"]:
        shutil.copy(HERE / "templates" / name, folder / "src")
    generate("rust", schema, folder / "src/client.rs", "--client")
    server = folder / "src/server.rs"
    if has_server:
        generate("rust", schema, server)
    else:
        server.write_text("")
    target = os.environ.get("CARGO_TARGET_DIR", str(OUT / "target"))
    start = time.monotonic()
    run("cargo", "build", "--quiet", "--offline", cwd=folder, timeout=3600,
        env={**os.environ, "CARGO_TARGET_DIR": target})
    print(f"  compiled in {time.monotonic() - start:.0f} s", flush=True)
    return json.loads(run(Path(target) / "debug/generated"))


def introspected(schema, *options):
    return json.loads(run(Programs.qapi, "introspect", *options, schema))


def by_name(entities, renamed):
    """Entities by name. Arguments of a command with `gen` false have another name in Rust."""
    text = json.dumps(sorted(entities, key=lambda entity: entity["name"]))
    for old, new in renamed.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    return {entity["name"]: entity for entity in json.loads(text)}


def words(value):
    """The strings of a JSON value, among which are the types that an entity uses."""
    if isinstance(value, str):
        return {value}
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return {word for part in parts for word in words(part)}


def reachable(entities, commands):
    """The names of the commands and events, and of what they use."""
    found, left = set(), list(commands)
    while left:
        name = left.pop()
        if name in entities and name not in found:
            found.add(name)
            left.extend(words(entities[name]))
    return found


def with_written_names(entities, framework):
    """The entities without those that only commands of the framework use.

    These have their own names in a server. The schema file of a server has names made up.
    """
    calls = [name for name, entity in entities.items()
             if entity["meta-type"] in ("command", "event") and name not in framework]
    used = reachable(entities, calls)
    return {name: entity for name, entity in entities.items() if name in used}


# The keys by which an expression names the type that it defines.
KINDS = ["struct", "union", "enum", "alternate"]


def render(contents, path):
    """Writes a schema file with rendered definitions."""
    names = contents["names"]
    names += [found[kind] for found in contents["rendered"] for kind in KINDS if kind in found]
    kinds = ["command-name-exceptions", "command-returns-exceptions", "member-name-exceptions"]
    pragma = {"pragma": {kind: names for kind in kinds}}
    lines = [json.dumps(found) for found in [pragma, *contents["rendered"]]]
    path.write_text("\n".join(lines).replace('"', "'") + "\n")


def check_rust(name, schema):
    if name == "lamp":
        print("  compiled by the tests of qapi-schema")
        return
    folder = OUT / "rust" / name
    contents = compiled(folder, schema)
    expected = introspected(schema)
    if contents["client"] != expected:
        raise AssertionError("the client's introspection differs from that of the file")
    renamed = {"q_obj_device_add-arg": "DeviceAddArguments"}
    server = by_name(contents["server"], {})
    unmasked = by_name(introspected(schema, "--unmask"), renamed)
    if name == "ours":
        unmasked = with_written_names(unmasked, set(contents["framework"]))
    differing = [name for name, entity in unmasked.items() if server.get(name) != entity]
    if differing:
        raise AssertionError(f"entities of the server differ: {differing[:20]}")
    print(f"  {len(expected)} entities are equal for clients, {len(unmasked)} in a server")
    again = folder / "again.json"
    render(contents, again)
    rendered = compiled(OUT / "rust" / f"{name}-again", again, has_server=False)
    if rendered["client"] != expected:
        raise AssertionError("the introspection differs after rendering and generating again")
    print(f"  {len(expected)} entities are equal after rendering and generating again")


def python_peers():
    """The Python of a virtual environment with the packages."""
    venv = OUT / "venv"
    python = venv / "bin/python"
    try:
        if not python.exists():
            run(sys.executable, "-m", "venv", venv)
        run(python, "-m", "pip", "install", "--quiet", *PYTHON_PACKAGES)
    except (OSError, RuntimeError) as error:
        raise Skipped(f"Python packages: {str(error).splitlines()[-1]}") from error
    return python


def node_peers():
    """A folder with node_modules."""
    folder = OUT / "node"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"name": "generated", "private": true, "type": "module"}')
    try:
        run("npm", "install", "--silent", "--no-audit", "--no-fund", *NODE_PACKAGES, cwd=folder)
    except (OSError, RuntimeError) as error:
        raise Skipped(f"npm packages: {str(error).splitlines()[-1]}") from error
    return folder


def drive(*command):
    """Runs a driver with qemu-storage-daemon and with ours."""
    for program in ["qemu-storage-daemon", Programs.daemon]:
        folder = OUT / "daemon"
        folder.mkdir(exist_ok=True)
        with Daemon(program, folder) as daemon:
            # A monitor of QEMU serves one client at a time.
            daemon.client.close()
            print(f"  {Path(program).name}: " + "; ".join(run(*command, daemon.path).splitlines()))


def check_python(name, schema):
    python = python_peers()
    folder = OUT / "python" / name
    folder.mkdir(parents=True, exist_ok=True)
    generate("python", schema, folder / "generated.py")
    run(python, "-m", "mypy", "--strict", "generated.py", cwd=folder)
    print("  mypy --strict finds nothing")
    if name != "lamp":
        shutil.copy(HERE / "drive.py", folder)
        run(python, "-m", "mypy", "--strict", "drive.py", cwd=folder)
        drive(python, folder / "drive.py")


def check_typescript(name, schema):
    node = node_peers()
    folder = node / name
    folder.mkdir(parents=True, exist_ok=True)
    generate("typescript", schema, folder / "generated.ts")
    files = [f"{name}/generated.ts"]
    if name != "lamp":
        shutil.copy(HERE / "drive.ts", folder)
        files.append(f"{name}/drive.ts")
    options = ["--strict", "--target", "es2022", "--module", "nodenext", "--types", "node"]
    options += ["--noUncheckedIndexedAccess", "--noUnusedLocals", "--exactOptionalPropertyTypes"]
    run("node_modules/.bin/tsc", *options, *files, cwd=node)
    print("  tsc --strict finds nothing")
    if name != "lamp":
        drive("node", folder / "drive.js")


def check_json(name, schema):
    python = python_peers()
    folder = OUT / "json"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    generate("json-schema", schema, path)
    cases = [] if name == "lamp" else ["--messages"]
    print("  " + run(python, HERE / "validate.py", path, *cases).strip())


CHECKS = {
    "rust": check_rust,
    "python": check_python,
    "typescript": check_typescript,
    "json": check_json,
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--qapi", type=Path, default=Programs.qapi)
    parser.add_argument("--daemon", type=Path, default=Programs.daemon)
    parser.add_argument("--only", choices=CHECKS, action="append")
    parser.add_argument("--schema", action="append")
    options = parser.parse_args()
    Programs.qapi, Programs.daemon = options.qapi, options.daemon
    failed = []
    for name, schema in schemas().items():
        if options.schema and name not in options.schema:
            continue
        for language in options.only or CHECKS:
            print(f"{language} from the schema {name}", flush=True)
            try:
                CHECKS[language](name, schema)
            except Skipped as error:
                print(f"  skipped: {error}")
                if os.environ.get("QAPI_REQUIRE_PEERS") == "1":
                    failed.append(f"{language} from {name}: {error}")
            except (AssertionError, RuntimeError) as error:
                print(f"  failed: {error}")
                failed.append(f"{language} from {name}")
    if failed:
        print("Failed: " + "; ".join(failed))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
