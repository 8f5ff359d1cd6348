//! The commands of the protocol.

use serde_json::{Value, json};

use crate::support::session::SessionFixture;

/// The reply to a command.
fn reply(session: &mut SessionFixture, command: &str, arguments: &Value) -> Value {
    let request = json!({ "execute": command, "arguments": arguments });
    serde_json::from_str(&session.ask(request.to_string())).unwrap()
}

#[test]
fn a_refused_negotiation_can_be_tried_again() {
    let refused = [
        (json!({ "enable": ["zz"] }), "Parameter 'null' does not accept value 'zz'"),
        (json!({ "enable": null }), "Invalid parameter type for 'enable', expected: array"),
        (json!({ "enable": [1] }), "Invalid parameter type for 'enable[0]', expected: string"),
        (json!({ "oob": true }), "Parameter 'oob' is unexpected"),
    ];
    let mut session = SessionFixture::new();
    for (arguments, text) in refused {
        let found = reply(&mut session, "qmp_capabilities", &arguments);
        assert_eq!(found, json!({ "error": { "class": "GenericError", "desc": text } }));
    }
    let found = reply(&mut session, "qmp_capabilities", &json!({ "enable": ["oob", "oob"] }));
    assert_eq!(found, json!({ "return": {} }));
}

#[test]
fn a_second_negotiation_fails_and_changes_nothing() {
    let mut session = SessionFixture::negotiated(false);

    let found = reply(&mut session, "qmp_capabilities", &json!({ "enable": ["oob"] }));

    let text = "Capabilities negotiation is already complete, command ignored";
    assert_eq!(found, json!({ "error": { "class": "CommandNotFound", "desc": text } }));
    let found = session.ask(r#"{"exec-oob": "test-count-now"}"#);
    assert!(found.contains("QMP input member 'exec-oob' is unexpected"), "{found}");
}

#[test]
fn the_version_is_that_of_the_greeting() {
    let mut session = SessionFixture::negotiated(false);

    let found = reply(&mut session, "query-version", &json!({}));

    let qemu = json!({ "major": 10, "minor": 0, "micro": 2 });
    assert_eq!(found, json!({ "return": { "qemu": qemu, "package": "test 1.0" } }));
}

#[test]
fn commands_are_listed_by_name() {
    let mut session = SessionFixture::negotiated(false);

    let found = reply(&mut session, "query-commands", &json!({}));

    let infos = found["return"].as_array().unwrap();
    let names: Vec<_> = infos.iter().map(|info| info["name"].as_str().unwrap()).collect();
    assert!(names.is_sorted(), "{names:?}");
    for own in ["qmp_capabilities", "query-commands", "query-qmp-schema", "query-version", "quit"]
    {
        assert!(names.contains(&own), "{own}");
    }
    assert!(names.contains(&"test-echo"), "{names:?}");
}

#[test]
fn the_schema_has_every_listed_command() {
    let mut session = SessionFixture::negotiated(false);

    let schema = reply(&mut session, "query-qmp-schema", &json!({}));
    let listed = reply(&mut session, "query-commands", &json!({}));

    let infos = schema["return"].as_array().unwrap();
    let commands = infos.iter().filter(|info| info["meta-type"] == "command");
    let commands: Vec<_> = commands.map(|info| json!({ "name": info["name"] })).collect();
    assert_eq!(commands, *listed["return"].as_array().unwrap());
}

#[test]
fn the_schema_is_the_same_on_a_pretty_session() {
    let options = qapi_core::session::SessionOptions::default().pretty(true);
    let mut pretty = SessionFixture::with_options(&options);
    pretty.ask(r#"{"execute": "qmp_capabilities"}"#);
    let mut plain = SessionFixture::negotiated(false);

    let found = pretty.ask(r#"{"execute": "query-qmp-schema"}"#);

    assert!(found.lines().count() > 100);
    let found: Value = serde_json::from_str(&found).unwrap();
    assert_eq!(found, reply(&mut plain, "query-qmp-schema", &json!({})));
}
