//! Starts the program with a thousand commands, and tests that the registry does not depend on the
//! order in which the linker arranges definitions.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use qapi_core::registry::{Registry, registered};
use serde_json::{Value, json};
use thousand::PARTS;

/// The program, which a drop kills.
struct Program {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Program {
    fn start() -> Self {
        let mut command =
            Command::new(surroundings::program("thousand", env!("CARGO_BIN_EXE_thousand")));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, input, output }
    }

    fn message(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Executes the command and returns its return value.
    fn execute(&mut self, command: &str) -> Value {
        // One write for the whole line, as a program that quits does not read the rest of a line.
        let request = format!("{}\n", json!({ "execute": command }));
        self.input.write_all(request.as_bytes()).unwrap();
        self.message()["return"].take()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_starts_and_answers() {
    let mut program = Program::start();
    assert!(program.message()["QMP"].is_object());
    assert_eq!(program.execute("qmp_capabilities"), json!({}));

    let listed = program.execute("query-commands");
    let names: HashSet<_> =
        listed.as_array().unwrap().iter().map(|info| info["name"].as_str().unwrap()).collect();
    let expected: HashSet<_> = PARTS
        .iter()
        .flat_map(|part| (0..100).map(move |number| format!("{part}{number}")))
        .collect();
    assert_eq!(expected.len(), 1000);
    assert!(expected.iter().all(|name| names.contains(name.as_str())), "{names:?}");
    let others = names.iter().filter(|name| !expected.contains(**name)).count();
    assert_eq!(names.len() - others, 1000);

    for part in PARTS {
        let name = format!("{part}99");
        assert_eq!(program.execute(&name), json!({ "name": name }));
    }
    assert_eq!(program.execute("quit"), json!({}));
    assert!(program.child.wait().unwrap().success());
}

#[test]
fn a_library_that_is_missing_beside_its_binary_is_reported() {
    let built = env!("CARGO_BIN_EXE_without_library");
    let mut command = Command::new(surroundings::program("without_library", built));
    let output = command.stdin(Stdio::null()).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "{error}");
    assert!(error.contains("the library of package `thousand`"), "{error}");
    assert!(error.contains("write `use CRATE as _;` in the binary"), "{error}");
}

/// The linker determines the order of definitions. The registry is the same for every order.
#[test]
fn the_registry_does_not_depend_on_the_link_order() {
    let linked: Vec<_> = registered().collect();
    let named = |registry: &Registry| {
        registry.definitions().map(|definition| definition.name).collect::<Vec<_>>()
    };
    let expected = Registry::collect().unwrap();
    assert!(named(&expected).is_sorted());

    // Reversed, rotated within a crate, and interleaved.
    let reversed = linked.iter().rev().copied().collect();
    let rotated = [&linked[linked.len() / 3..], &linked[..linked.len() / 3]].concat();
    let interleaved: Vec<_> =
        (0..101).flat_map(|start| linked.iter().skip(start).step_by(101).copied()).collect();
    for order in [reversed, rotated, interleaved] {
        assert_eq!(order.len(), linked.len());
        let registry = Registry::from_registrations(order).unwrap();
        assert_eq!(named(&registry), named(&expected));
        assert_eq!(registry.introspection(), expected.introspection());
    }
}
