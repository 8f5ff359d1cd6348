//! `qapi call`.

use crate::server::TestServer;
use crate::{Ended, qapi, qapi_with_input};

fn call(server: &TestServer, words: &[&str], input: &str) -> Ended {
    let address = server.address();
    let all: Vec<&str> = ["call", &address].into_iter().chain(words.iter().copied()).collect();
    qapi_with_input(&all, input)
}

#[test]
fn arguments_have_the_types_of_the_schema() {
    let server = TestServer::start();
    let part = r#"{"name":"7","size":8}"#;
    for (words, input, expected) in [
        (&["disk-add", "name=a"][..], "", r#"{"name":"a"}"#),
        (&["disk-add", "name=5"], "", r#"{"name":"5"}"#),
        (
            &["disk-add", "name=true", "mode=read-only"],
            "",
            r#"{"name":"true","mode":"read-only"}"#,
        ),
        (&["disk-add", "{\"name\": \"5\"}"], "", r#"{"name":"5"}"#),
        (&["disk-add", "name:=\"5\""], "", r#"{"name":"5"}"#),
        (&["disk-add", "-"], "\n{\"name\":\n\"5\"}\n", r#"{"name":"5"}"#),
        (
            &["disk-add", "name=a", "-"],
            r#"{"mode": "read-only"}"#,
            r#"{"name":"a","mode":"read-only"}"#,
        ),
    ] {
        let ended = call(&server, words, input);
        assert_eq!(ended.out, format!("{expected}\n"), "{words:?}: {ended:?}");
        assert_eq!((ended.status, ended.err.as_str()), (0, ""), "{words:?}");
    }
    let ended = call(&server, &["disk-add", "name=a", "parts.0.name=7", "parts.0.size=8"], "");
    assert_eq!(ended.out, format!("{{\"name\":\"a\",\"parts\":[{part}]}}\n"), "{ended:?}");
}

#[test]
fn each_refusal_has_its_status_and_one_line() {
    let server = TestServer::start();
    for (words, status, error) in [
        (&["disk-add", "name=full"][..], 1, "qapi: There is no space for a disk\n"),
        (
            &["disk-add", "name=a", "mode=off"],
            1,
            "qapi: Parameter 'mode' does not accept value 'off'\n",
        ),
        (&["no-such"], 1, "qapi: The command no-such has not been found\n"),
        (
            &["disk-add", "name"],
            2,
            "qapi: `name` is no argument; write KEY=VALUE or a JSON object\n",
        ),
        (&["disk-add", "-"], 2, "qapi: `` is no argument; write KEY=VALUE or a JSON object\n"),
        (
            &["--check", "disk-add", "nam=a", "mode=off"],
            2,
            "qapi: there is no `nam`; write one of: mode, name, parts; `mode` cannot be `off`; \
             write one of: read-only, read-write; `name` is missing\n",
        ),
        (
            &["--check", "disk-ad"],
            2,
            "qapi: the server has no `disk-ad`; did you mean `disk-add`?\n",
        ),
    ] {
        let ended = call(&server, words, "");
        assert_eq!((ended.status, ended.err.as_str()), (status, error), "{words:?}");
        assert_eq!(ended.out, "", "{words:?}");
    }
}

#[test]
fn quiet_leaves_only_the_status() {
    let server = TestServer::start();
    let ended = call(&server, &["-q", "no-such"], "");
    assert_eq!((ended.status, ended.out.as_str(), ended.err.as_str()), (1, "", ""));
}

#[test]
fn a_server_without_a_schema_gets_plain_types() {
    let server = crate::scripted::Scripted::new(|command| {
        vec![match command {
            "query-qmp-schema" => serde_json::json!({
                "error": { "class": "CommandNotFound", "desc": "no such command" }
            }),
            _ => serde_json::json!({ "return": [command] }),
        }]
    });
    let ended = qapi(&["call", &server.address(), "any", "size=5"]);
    assert_eq!((ended.status, ended.out.as_str()), (0, "[\"any\"]\n"), "{ended:?}");
    let ended = qapi(&["call", "--check", &server.address(), "any", "size=5"]);
    assert_eq!(ended.status, 2, "{ended:?}");
}
