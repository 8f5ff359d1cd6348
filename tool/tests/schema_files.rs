//! The subcommands for schema files, as a shell sees them.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// The output of `qapi` with these words, in a folder with the file `a.json`.
fn qapi(text: &str, words: &[&str]) -> (TempDir, Output) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.json"), text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_qapi"));
    let output = command.args(words).current_dir(folder.path()).output().unwrap();
    (folder, output)
}

const VALID: &str = "{ 'command': 'a', 'returns': ['Ab'] }\n{ 'struct': 'Ab', 'data': {} }\n";
const WRONG: &str = "{ 'command': 'a',\n  'returns': 'No' }\n{ 'event': 'lower' }\n";

#[test]
fn check_reports_errors_by_its_status() {
    for (text, words, status) in [
        (VALID, &["check", "a.json"][..], 0),
        (VALID, &["check", "--deny", "undocumented-definition", "a.json"], 1),
        (VALID, &["check", "--warn", "all", "a.json"], 0),
        (VALID, &["check", "--warn", "nothing", "a.json"], 2),
        (WRONG, &["check", "a.json"], 1),
        (VALID, &["check", "b.json"], 1),
    ] {
        let (_folder, output) = qapi(text, words);
        assert_eq!(output.status.code(), Some(status), "{words:?}: {output:?}");
    }
}

#[test]
fn check_draws_the_wrong_token() {
    let (_folder, output) = qapi(WRONG, &["check", "a.json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let expected = "error: command's `returns` uses unknown type `No`\n \
        --> a.json:2:14\n  |\n2 |   'returns': 'No' }\n  |              ^^^^\n";
    assert!(text.contains(expected), "{text}");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "qapi: 2 errors\n");
}

#[test]
fn check_writes_an_object_for_each_finding() {
    let (_folder, output) = qapi(WRONG, &["check", "--format", "json", "a.json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let found: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [name, unknown] = found.as_slice() else { panic!("{text}") };
    assert_eq!((&name["line"], &name["level"]), (&3.into(), &"error".into()));
    assert_eq!((&unknown["file"], &unknown["line"]), (&"a.json".into(), &1.into()));
    assert_eq!(unknown["token"]["line"], 2);
    assert_eq!(unknown["message"], "command's `returns` uses unknown type `No`");
    let (_folder, output) = qapi(WRONG, &["check", "--format", "github", "a.json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("::error file=a.json,line=3,col=12::name of event"), "{text}");
}

#[test]
fn fmt_writes_files_that_are_not_formatted() {
    let wide = "{ 'event' : 'A' }\n";
    let (folder, output) = qapi(wide, &["fmt", "--check", "a.json"]);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b"a.json\n"[..]));
    assert_eq!(fs::read_to_string(folder.path().join("a.json")).unwrap(), wide);
    let (folder, output) = qapi(wide, &["fmt", "a.json"]);
    assert_eq!(output.status.code(), Some(0));
    let written = fs::read_to_string(folder.path().join("a.json")).unwrap();
    assert_eq!(written, "{ 'event': 'A' }\n");
    let (folder, output) = qapi("{ 'event' }\n", &["fmt", "a.json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read_to_string(folder.path().join("a.json")).unwrap(), "{ 'event' }\n");
}

#[test]
fn introspect_prints_a_file_as_a_server_would() {
    let (_folder, output) = qapi(VALID, &["introspect", "--unmask", "a.json"]);
    let entities: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(entities[0]["ret-type"], "[Ab]");
    let (_folder, output) = qapi(VALID, &["introspect", "--schema", "a.json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("{ 'command': 'a', 'returns': ['AReturn'] }\n"), "{text}");
    let (_folder, output) = qapi(WRONG, &["introspect", "a.json"]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn fmt_reads_standard_input_and_replaces_files_at_once() {
    use std::io::Write;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::process::Stdio;

    for (words, text, status, out) in [
        (&["fmt", "-"][..], "{ 'event' : 'A' }\n", 0, "{ 'event': 'A' }\n"),
        (&["fmt", "--check", "-"], "{ 'event' : 'A' }\n", 1, "-\n"),
        (&["fmt", "--check", "-"], "{ 'event': 'A' }\n", 0, ""),
        (&["fmt", "-"], "{ 'event' }\n", 1, ""),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qapi"));
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{words:?} {output:?}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), out, "{words:?}");
    }

    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("real.json"), folder.path().join("link.json"));
    fs::write(&file, "{ 'event' : 'A' }\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.json", &link).unwrap();
    let before = fs::metadata(&file).unwrap().ino();
    let mut command = Command::new(env!("CARGO_BIN_EXE_qapi"));
    let output = command.arg("fmt").arg(&link).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    let after = fs::metadata(&file).unwrap();
    assert_eq!(after.permissions().mode() & 0o777, 0o640);
    // Another file took the place of the old one, which a reader may still have open.
    assert_ne!(after.ino(), before);
    assert_eq!(fs::read_to_string(&file).unwrap(), "{ 'event': 'A' }\n");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}
