//! `qapi diff`.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::server::TestServer;
use crate::{Ended, qapi};

const OLD: &str = "{ 'command': 'disk-add', 'data': { 'name': 'str' } }\n{ 'command': 'stop' }\n";
const NEW: &str = "{ 'command': 'disk-add',\n  'data': { 'name': 'str', '*size': 'int' } }\n";

/// A folder with the files `old.json` and `new.json`.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("old.json"), OLD).unwrap();
    fs::write(folder.path().join("new.json"), NEW).unwrap();
    folder
}

/// Compares two files of a folder.
fn diff(folder: &Path, words: &[&str]) -> Ended {
    let files = ["old.json", "new.json"].map(|name| folder.join(name).display().to_string());
    let all: Vec<&str> = ["diff"]
        .into_iter()
        .chain(files.iter().map(String::as_str))
        .chain(words.iter().copied())
        .collect();
    let mut ended = qapi(&all);
    ended.out = ended.out.replace(&format!("{}/", folder.display()), "");
    ended
}

#[test]
fn each_form_names_each_difference() {
    let folder = folder();
    for (words, expected) in [
        (
            &[][..],
            "breaking: command `stop` was removed [command-removed]\n  --> old.json:2\n  stop\n\n\
            info: optional member `size` was added [sent-member-added]\n  --> new.json:2\n  \
            disk-add arguments.size\n\n",
        ),
        (
            &["--format", "markdown"],
            "## Breaking\n\n- command `stop` was removed (`command-removed`)\n  - `stop`\n\n\
            ## Compatible\n\n- optional member `size` was added (`sent-member-added`)\n  \
            - `disk-add arguments.size`\n",
        ),
        (
            &["--format", "github"],
            "::error title=command-removed::command `stop` was removed%0Astop\n\
            ::notice file=new.json,line=2,title=sent-member-added::optional member `size` was \
            added%0Adisk-add arguments.size\n",
        ),
        (
            &["--format", "junit"],
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite \
            name=\"qapi diff\" tests=\"2\" failures=\"1\">\n    \
            <testcase classname=\"command-removed\" name=\"stop\">\n      <failure \
            type=\"breaking\" message=\"command `stop` was removed\">command `stop` was removed\n\
            stop</failure>\n    </testcase>\n    \
            <testcase classname=\"sent-member-added\" name=\"disk-add arguments.size\"/>\n  \
            </testsuite>\n</testsuites>\n",
        ),
        (
            &["--changelog"],
            "## New arguments\n\n- `disk-add arguments.size`: optional member `size` was added\n\n\
            ## Removed\n\n- `stop`: command `stop` was removed\n",
        ),
    ] {
        let ended = diff(folder.path(), words);
        assert_eq!(ended.out, expected, "{words:?}");
        let error = "qapi: differences: 1 breaking, 1 info\n";
        assert_eq!((ended.status, ended.err.as_str()), (1, error), "{words:?}");
    }
    let ended = diff(folder.path(), &["--format", "json"]);
    let records: Vec<Value> =
        ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let place = |line: u32, file: &str| serde_json::json!({ "file": file, "line": line });
    assert_eq!(records[0]["rule"], "command-removed");
    assert_eq!(records[0]["old"], place(2, "old.json"));
    assert_eq!(records[1]["ways"][0], "disk-add arguments.size");
    assert_eq!(records[1]["new"], place(2, "new.json"));
}

#[test]
fn the_status_depends_on_levels_and_accepted_differences() {
    let folder = folder();
    let list = folder.path().join("accepted").display().to_string();
    for (level, status) in [("breaking", 1), ("warning", 1), ("info", 1), ("never", 0)] {
        assert_eq!(diff(folder.path(), &["--fail-on", level]).status, status, "{level}");
    }
    fs::write(&list, "command-removed st*\ncommand-removed never-was\n").unwrap();
    let ended = diff(folder.path(), &["--accepted", &list]);
    assert!(
        ended.err.ends_with("2: no difference is `command-removed never-was`\n"),
        "{ended:?}"
    );
    assert_eq!(ended.status, 0);
    assert_eq!(diff(folder.path(), &["--accepted", &list, "--fail-on", "info"]).status, 1);
    assert_eq!(diff(folder.path(), &["--accepted", &list, "--accept", &list]).status, 0);
    let text = fs::read_to_string(&list).unwrap();
    assert!(text.ends_with("never-was\nsent-member-added disk-add arguments.size\n"), "{text}");
    let ended = diff(folder.path(), &["--accepted", &list, "--fail-on", "info"]);
    assert_eq!((ended.status, ended.out.as_str()), (0, ""), "{ended:?}");
}

#[test]
fn a_server_and_its_introspection_are_schemas() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("saved.json");
    fs::write(&saved, qapi(&["introspect", &server.address()]).out).unwrap();
    let saved = saved.display().to_string();
    let unix = format!("unix:{}", server.address());
    for address in [&server.address(), &unix] {
        let ended = qapi(&["diff", &saved, address, "--fail-on", "info"]);
        assert_eq!((ended.status, ended.out.as_str()), (0, ""), "{ended:?}");
    }
    let file = folder.path().join("file.json");
    fs::write(&file, NEW).unwrap();
    let ended = qapi(&["diff", &file.display().to_string(), &server.address()]);
    assert!(ended.out.contains("disk-add arguments.size"), "{ended:?}");
    assert!(ended.out.contains("info: optional member `parts` was added"), "{ended:?}");
}

#[test]
fn the_storage_daemon_is_compatible_with_qemus_schema() {
    if surroundings::peer("qemu-storage-daemon").is_none() {
        return;
    }
    let address = "exec:qemu-storage-daemon --chardev stdio,id=m --monitor chardev=m";
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let schema = shared.join("qemu-schema/storage-daemon/qapi-schema.json");
    if !schema.exists() {
        return;
    }
    let ended = qapi(&["diff", address, &schema.display().to_string()]);
    // The schema is newer than the daemon, and has the parts that its build leaves out.
    assert_eq!((ended.status, ended.err.as_str()), (0, ""), "{ended:?}");
    assert!(ended.out.contains("  blockdev-add arguments.driver=io_uring\n"), "{ended:?}");
}

#[test]
fn a_git_revision_is_a_schema() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let git = |words: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        let mut command = Command::new("git");
        let output = command.args(identity).args(words).current_dir(path).output().unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
    };
    git(&["init", "-q"]);
    fs::create_dir_all(path.join("qapi/parts")).unwrap();
    fs::write(path.join("qapi/main.json"), "{ 'include': 'parts/../parts/disk.json' }\n")
        .unwrap();
    fs::write(path.join("qapi/parts/disk.json"), OLD).unwrap();
    git(&["add", "."]);
    git(&["commit", "-qm", "old"]);
    fs::write(path.join("qapi/parts/disk.json"), NEW).unwrap();
    let run = |words: &[&str], folder: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qapi"));
        let output = command.arg("diff").args(words).current_dir(folder).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let (status, out, err) = run(&["HEAD:qapi/main.json", "qapi/main.json"], path);
    assert_eq!(status, 1, "{err}");
    assert!(out.contains("--> qapi/parts/../parts/disk.json:2"), "{out}");
    let (_, out, _) = run(&["HEAD:qapi/main.json", "qapi/main.json", "--format", "github"], path);
    assert!(out.contains("::notice file=qapi/parts/disk.json,line=2,"), "{out}");
    let same = run(&["HEAD:./main.json", "HEAD:qapi/main.json"], &path.join("qapi"));
    assert_eq!(same, (0, String::new(), String::new()));
    for name in ["HEAD:no.json", "no:no.json"] {
        let error =
            format!("qapi: {name}: can't read schema file `no.json`: git has no file `{name}`\n");
        assert_eq!(run(&[name, "qapi/main.json"], path), (2, String::new(), error));
    }
}

#[test]
fn wrong_schemas_are_refused() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("wrong.json"), "{ 'command': 'c',\n  'returns': 'No' }\n").unwrap();
    fs::write(path("array.json"), "[1,").unwrap();
    fs::write(path("object.json"), "{\"error\": {}}").unwrap();
    for (name, status, error) in [
        ("wrong.json", 2, "wrong.json:1: command's `returns` uses unknown type `No`\n"),
        ("array.json", 2, "array.json: EOF while parsing a value at line 1 column 3\n"),
        ("object.json", 2, "object.json: an introspection is an array\n"),
        ("none.json", 2, "none.json: No such file or directory (os error 2)\n"),
    ] {
        let ended = qapi(&["diff", &path("old.json"), &path(name)]);
        assert_eq!((ended.status, ended.out.as_str()), (status, ""), "{ended:?}");
        assert!(ended.err.ends_with(error) && ended.err.lines().count() == 1, "{ended:?}");
    }
    assert_eq!(qapi(&["diff", &path("old.json"), "unix:/no/socket"]).status, 3);
    assert_eq!(qapi(&["diff", &path("old.json")]).status, 2);
}

#[test]
fn documentation_by_the_rules_of_an_earlier_release_is_ignored() {
    let folder = folder();
    let text = "{ 'pragma': { 'doc-required': true } }\n##\n# @disk-add:\n#\n# Note: text\n##\n";
    fs::write(folder.path().join("old.json"), format!("{text}{OLD}")).unwrap();
    let ended = diff(folder.path(), &[]);
    let removed = "breaking: command `stop` was removed [command-removed]\n  --> old.json:8\n";
    assert!(ended.out.starts_with(removed), "{ended:?}");
}

#[test]
fn every_rule_is_in_the_help_and_in_the_book() {
    let list = qapi(&["diff", "--list-rules"]).out;
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/schema-diff.md");
    let book = fs::read_to_string(book).unwrap();
    let help = qapi(&["diff", "--help"]).out;
    for line in list.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let row = format!("| `{}` | {} | {} |", words[0], words[1], words[2..].join(" "));
        assert!(book.contains(&row), "{row}");
        assert!(help.contains(words[0]), "{line}");
    }
    let rows =
        book.lines().filter(|line| line.starts_with("| `") && line.matches(" | ").count() == 2);
    assert_eq!(rows.count(), list.lines().count());
}
