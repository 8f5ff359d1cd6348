#!/usr/bin/env python3
"""Measures the cost of an annotation in a dev build, relative to serde's two derives.

Writes small packages with many definitions of one kind each, builds them in turn, and compares
the CPU time of a definition with that of a plain struct with `#[derive(Serialize, Deserialize)]`.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

# One definition of each kind. `N` is a placeholder for its number.
SERDE_STRUCT = """
/// Information about a job.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct InfoN {
    /// The job identifier.
    pub id: String,
    /// Whether it waits.
    pub paused: bool,
    /// How much it has done.
    pub current_progress: i64,
    /// How much there is to do.
    pub total_progress: i64,
    /// Why it failed.
    pub error: Option<String>,
}
"""
QAPI_STRUCT = SERDE_STRUCT.replace(
    "#[derive(serde::Serialize, serde::Deserialize)]", '#[qapi_core::qapi_struct(since = "3.0")]'
)
QAPI_COMMAND = """
/// Changes how fast a job runs.
#[qapi_core::qapi_command(since = "2.12")]
pub fn job_set_speed_N(
    /// The job identifier.
    id: &str,
    /// Bytes a second at most.
    speed: u64,
    /// For how long it may be faster.
    burst: Option<u64>,
) -> qapi_core::Result<()> {
    let _ = (id, speed, burst);
    Ok(())
}
"""
PLAIN_FUNCTION = """
/// Changes how fast a job runs.
pub fn job_set_speed_N(id: &str, speed: u64, burst: Option<u64>) -> qapi_core::Result<()> {
    let _ = (id, speed, burst);
    Ok(())
}
"""
QAPI_CRATE = f'qapi-core = {{ path = "{REPOSITORY / "qapi-core"}" }}'
SERDE_CRATE = 'serde = { version = "1", features = ["derive"] }'

# Name, dependency, definition, and the package without definitions whose time is subtracted.
PACKAGES = [
    ("serde-empty", SERDE_CRATE, "", None),
    ("serde-struct", SERDE_CRATE, SERDE_STRUCT, "serde-empty"),
    ("qapi-empty", QAPI_CRATE, "", None),
    ("qapi-struct", QAPI_CRATE, QAPI_STRUCT, "qapi-empty"),
    ("plain-function", QAPI_CRATE, PLAIN_FUNCTION, "qapi-empty"),
    ("qapi-command", QAPI_CRATE, QAPI_COMMAND, "qapi-empty"),
]


def write_packages(folder, count):
    names = [name for name, *_ in PACKAGES]
    members = ", ".join(f'"{name}"' for name in names)
    (folder / "Cargo.toml").write_text(f'[workspace]\nresolver = "3"\nmembers = [{members}]\n')
    shutil.copy(REPOSITORY / "Cargo.lock", folder)
    for name, dependency, definition, _ in PACKAGES:
        (folder / name / "src").mkdir(parents=True)
        (folder / name / "Cargo.toml").write_text(
            f'[package]\nname = "{name}"\nversion = "0.0.0"\nedition = "2024"\n\n'
            f"[dependencies]\n{dependency}\n"
        )
        crate = "use qapi_core as _;\n" if dependency == QAPI_CRATE else "use serde as _;\n"
        text = "".join(definition.replace("N", str(n)) for n in range(count))
        (folder / name / "src/lib.rs").write_text(f"//! A measurement.\n{crate}{text}")


def build(folder, name, environment):
    """Builds the package, whose dependencies are built already, and returns the CPU time."""
    (folder / name / "src/lib.rs").touch()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = ["cargo", "build", "--offline", "--quiet", "--package", name]
    subprocess.run(command, cwd=folder, env=environment, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500, help="definitions a package")
    parser.add_argument("--rounds", type=int, default=7, help="times that each is built")
    options = parser.parse_args()
    # A complete build each time, with the settings of dev builds otherwise.
    environment = dict(os.environ, CARGO_INCREMENTAL="0")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        environment.setdefault("CARGO_TARGET_DIR", str(folder / "target"))
        write_packages(folder, options.count)
        times = {name: [] for name, *_ in PACKAGES}
        for name in times:
            build(folder, name, environment)
        for _ in range(options.rounds):
            for name, taken in times.items():
                taken.append(build(folder, name, environment))
    median = {name: statistics.median(taken) for name, taken in times.items()}
    unit = 0.0
    print(f"{options.count} definitions a package, median of {options.rounds} interleaved builds")
    for name, _, _, empty in PACKAGES:
        spread = f"{min(times[name]):.2f} to {max(times[name]):.2f}"
        line = f"{name:15} {median[name]:6.2f} s of CPU ({spread})"
        if empty is not None:
            each = (median[name] - median[empty]) / options.count
            unit = unit or each
            line += f"  {each * 1000:6.3f} ms each  {each / unit:5.2f} x serde's struct"
        print(line)


if __name__ == "__main__":
    main()
