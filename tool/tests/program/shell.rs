//! `qapi shell` with lines from standard input.

use serde_json::json;

use crate::scripted::Scripted;
use crate::server::TestServer;
use crate::{Ended, qapi_with_input};

fn shell(address: &str, lines: &str) -> Ended {
    let ended = qapi_with_input(&["shell", address], lines);
    assert_eq!((ended.status, ended.err.as_str()), (0, ""), "{ended:?}");
    ended
}

#[test]
fn a_mistake_is_marked_and_nothing_is_sent() {
    let server = TestServer::start();
    for (line, expected) in [
        (
            "disk-ad name=a",
            "  disk-ad name=a\n  ^^^^^^^ the server has no `disk-ad`; did you mean `disk-add`?\n",
        ),
        (
            "disk-add name=a mode=off",
            "  disk-add name=a mode=off\n                  ^^^^^^^^ `mode` cannot be `off`; write \
             one of: read-only, read-write\n",
        ),
        (
            "disk-add name=a parts.0.name=b parts.0.size=x",
            "  disk-add name=a parts.0.name=b parts.0.size=x\n                                 \
             ^^^^^^^^^^^^^^ `parts.0.size` is an integer\n",
        ),
        ("disk-add", "  disk-add\n          ^ `name` is missing\n"),
        (
            "disk-add nam",
            "  disk-add nam\n           ^^^ `nam` is no argument; write KEY=VALUE or a \
             JSON object\n",
        ),
        (
            "{\"execute\": 1}",
            "  {\"execute\": 1}\n  ^^^^^^^^^^^^^^ write {\"execute\": COMMAND}\n",
        ),
    ] {
        assert_eq!(shell(&server.address(), line).out, expected, "{line}");
    }
}

#[test]
fn lines_are_commands_requests_and_own_words() {
    let server = TestServer::start();
    let added = "* DISK_ADDED {\"name\":\"a\"}\n{\"name\":\"a\"}\n";
    for (lines, expected) in [
        ("disk-add name=a", added),
        ("\n  \n{\"execute\": \"disk-add\", \"arguments\": {\"name\": \"a\"}}\n", added),
        ("events off\ndisk-add name=a", "{\"name\":\"a\"}\n"),
        ("events JOB_*\ndisk-add name=a", "{\"name\":\"a\"}\n"),
        ("events off\nevents DISK_*\ndisk-add name=a", added),
        ("disk-add name=full", "There is no space for a disk\n"),
        ("exit\ndisk-add name=a", ""),
    ] {
        assert_eq!(shell(&server.address(), lines).out, expected, "{lines}");
    }
}

#[test]
fn help_has_arguments_and_documentation() {
    let server = TestServer::start();
    assert_eq!(
        shell(&server.address(), "help disk-add").out,
        "disk-add: Adds a disk, and returns it.\n  name: a string\n      \
         The name of the new disk.\n  \
         mode: read-only|read-write, optional\n  parts: a list of objects, optional\n  \
         returns an object\n"
    );
    let overview = shell(&server.address(), "help").out;
    assert!(overview.contains("  transaction(  "), "{overview}");
}

#[test]
fn a_transaction_is_sent_when_it_is_complete() {
    let server = Scripted::new(|command| {
        vec![match command {
            "query-qmp-schema" => json!({
                "error": { "class": "CommandNotFound", "desc": "no such command" }
            }),
            command => json!({ "return": { "called": command } }),
        }]
    });
    let lines = "transaction(\nblock-dirty-bitmap-add node=n name=b\n)\n";
    assert_eq!(shell(&server.address(), lines).out, "{\"called\":\"transaction\"}\n");
}

#[test]
fn the_log_has_each_message() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let path = log.display().to_string();
    let ended = qapi_with_input(&["shell", &server.address(), "--log", &path], "disk-add name=a");
    assert_eq!(ended.status, 0, "{ended:?}");
    let log = std::fs::read_to_string(log).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines[0], "-> {\"execute\":\"disk-add\",\"arguments\":{\"name\":\"a\"}}");
    assert_eq!(lines[1], "<- {\"return\":{\"name\":\"a\"}}");
    assert!(lines[2].starts_with("<- {") && lines[2].contains("DISK_ADDED"), "{log}");
    assert_eq!(lines.len(), 3, "{log}");
}

#[test]
fn without_a_server_the_shell_does_not_start() {
    let ended = qapi_with_input(&["shell", "/no/such/socket"], "");
    assert_eq!(ended.status, 3, "{ended:?}");
}
