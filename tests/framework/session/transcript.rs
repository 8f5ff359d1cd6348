//! Replies byte for byte.

use qapi_core::session::SessionOptions;

use crate::support::session::SessionFixture;

#[test]
fn greeting_comes_first_and_once() {
    let mut session = SessionFixture::with_options(&SessionOptions::default());
    assert_eq!(
        session.output(),
        "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 2, \"minor\": 0, \"major\": 10}, \
         \"package\": \"test 1.0\"}, \"capabilities\": [\"oob\"]}}\r\n"
    );
    assert_eq!(session.output(), "");
}

/// Requests on a negotiated session, and their replies.
const EXCHANGES: &[(&str, &str)] = &[
    (r#"{"execute": "test-echo", "arguments": {"text": "a"}}"#, r#"{"return": "a"}"#),
    (
        r#"{"execute": "test-echo", "arguments": {"text": "a"}, "id": 1}"#,
        r#"{"return": "a", "id": 1}"#,
    ),
    (r#"{'execute': 'test-echo', 'arguments': {'text': '"'}}"#, r#"{"return": "\""}"#),
    (
        r#"{"execute": "test-echo", "arguments": {}, "id": null}"#,
        r#"{"id": null, "error": {"class": "GenericError", "desc": "Parameter 'text' is missing"}}"#,
    ),
    (
        r#"{"execute": "test-echo", "arguments": {"x": 1, "text": 2}}"#,
        r#"{"error": {"class": "GenericError", "desc": "Invalid parameter type for 'text', expected: string"}}"#,
    ),
    (
        r#"{"execute": "test-echo", "arguments": {"x": 1, "text": ""}}"#,
        r#"{"error": {"class": "GenericError", "desc": "Parameter 'x' is unexpected"}}"#,
    ),
    (
        r#"{"execute": "no-such"}"#,
        r#"{"error": {"class": "CommandNotFound", "desc": "The command no-such has not been found"}}"#,
    ),
    (
        r#"{"execute": "test-panic", "id": [1, {"a": "é"}]}"#,
        r#"{"id": [1, {"a": "\u00E9"}], "error": {"class": "GenericError", "desc": "The command test-panic failed unexpectedly"}}"#,
    ),
    (r#"{"execute": "test-silent", "arguments": {"fail": false}}"#, ""),
    (
        r#"{"execute": "test-silent", "arguments": {"fail": true}}"#,
        r#"{"error": {"class": "GenericError", "desc": "as asked"}}"#,
    ),
    (
        r#"{"exec-oob": "test-count-now"}"#,
        r#"{"error": {"class": "GenericError", "desc": "QMP input member 'exec-oob' is unexpected"}}"#,
    ),
];

#[test]
fn exchanges() {
    let mut session = SessionFixture::negotiated(false);
    for (sent, expected) in EXCHANGES {
        let expected =
            if expected.is_empty() { String::new() } else { format!("{expected}\r\n") };
        assert_eq!(session.ask(sent), expected, "{sent}");
    }
}

#[test]
fn a_json_error_has_no_id_and_the_session_continues() {
    let mut session = SessionFixture::negotiated(false);
    let output =
        session.ask(r#"{"execute": "test-echo", "id": 1,} {"execute": "test-count-now"}"#);
    assert_eq!(
        output,
        "{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error, expecting \
         value\"}}\r\n{\"return\": 0}\r\n"
    );
}

#[test]
fn pretty_replies_are_indented_by_four() {
    let mut session = SessionFixture::with_options(&SessionOptions::default().pretty(true));
    session.output();
    let output = session.ask(r#"{"execute": "qmp_capabilities", "id": {"a": 1}}"#);
    let expected = [
        "{",
        "    \"return\": {",
        "    },",
        "    \"id\": {",
        "        \"a\": 1",
        "    }",
        "}",
        "",
    ];
    assert_eq!(output, expected.join("\r\n"));
}

#[test]
fn every_kind_of_function_has_the_same_reply() {
    let mut session = SessionFixture::negotiated(false);
    for name in ["test-echo-later", "test-echo-elsewhere"] {
        let call = session.feed_call(format!(
            r#"{{"execute": "{name}", "arguments": {{"text": "a"}}, "id": 1}}"#
        ));
        session.run_call(call);
        assert_eq!(session.output(), "{\"return\": \"a\", \"id\": 1}\r\n", "{name}");
    }
}

#[test]
fn arguments_of_a_call_are_checked_before_the_session_returns_it() {
    let mut session = SessionFixture::negotiated(false);
    for name in ["test-echo-later", "test-echo-elsewhere"] {
        assert_eq!(
            session.ask(format!(r#"{{"execute": "{name}"}}"#)),
            "{\"error\": {\"class\": \"GenericError\", \"desc\": \"Parameter 'text' is \
             missing\"}}\r\n",
            "{name}"
        );
    }
}

#[test]
fn a_panic_in_a_call_is_answered() {
    let mut session = SessionFixture::negotiated(false);
    let call = session.feed_call(r#"{"execute": "test-panic-later", "id": 7}"#);
    session.run_call(call);
    assert_eq!(
        session.output(),
        "{\"id\": 7, \"error\": {\"class\": \"GenericError\", \"desc\": \"The command \
         test-panic-later failed unexpectedly\"}}\r\n"
    );
}

#[test]
fn sessions_of_one_service_have_different_ids() {
    let mut session = SessionFixture::negotiated(false);
    let first = session.ask(r#"{"execute": "test-who"}"#);
    assert_eq!(first, "{\"return\": 1}\r\n");
}
