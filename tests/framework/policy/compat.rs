//! Compatibility policies for deprecated and unstable parts of the schema.

use qapi_core::policy::{CompatPolicy, CompatPolicyInput, CompatPolicyOutput};
use qapi_core::prelude::*;
use qapi_core::session::SessionOptions;
use qapi_core::{Events, Policy};
use serde_json::Value;

use super::session_under;
use crate::support::session::SessionFixture;

#[qapi_enum]
#[derive(Clone, Copy)]
enum CompatMode {
    Plain,
    #[qapi(features(deprecated))]
    Old,
    #[qapi(features(unstable))]
    New,
}

#[qapi_struct]
struct CompatOptions {
    #[qapi(features(deprecated))]
    mandatory: Option<bool>,
    mode: CompatMode,
}

#[qapi_struct]
struct CompatInfo {
    plain: bool,
    #[qapi(features(deprecated))]
    old: bool,
    #[qapi(features(unstable))]
    new: Option<bool>,
}

/// Takes deprecated and unstable members.
#[qapi_command]
fn compat_take(
    mode: CompatMode,
    #[qapi(features(deprecated))] old: Option<u8>,
    #[qapi(features(unstable, deprecated))] both: Option<u8>,
    options: Option<CompatOptions>,
) {
    let _ = (mode, old, both, options.map(|options| (options.mandatory, options.mode)));
}

/// Takes a mandatory unstable argument.
#[qapi_command]
fn compat_want(#[qapi(features(unstable))] new: u8) {
    let _ = new;
}

#[qapi_command(features(deprecated))]
fn compat_old() {}

#[qapi_command(features(unstable))]
fn compat_new() {}

/// Returns deprecated and unstable members.
#[qapi_command]
fn compat_give() -> Vec<CompatInfo> {
    vec![CompatInfo { plain: true, old: true, new: Some(true) }]
}

/// Returns the same members from another thread.
#[qapi_command(blocking)]
fn compat_give_elsewhere() -> CompatInfo {
    CompatInfo { plain: true, old: true, new: Some(true) }
}

/// Emitted on request.
#[qapi_event]
struct CompatHappened {
    plain: bool,
    #[qapi(features(deprecated))]
    old: bool,
}

/// Emitted on request.
#[qapi_event(features(unstable))]
struct CompatNews;

/// Emits both events.
#[qapi_command]
fn compat_emit(#[qapi(state)] events: &Events) {
    events.emit(&CompatHappened { plain: true, old: true });
    events.emit(&CompatNews);
}

fn session(compat: CompatPolicy) -> SessionFixture {
    let policy = Policy::new().compat(compat);
    session_under(policy, "main::policy::compat", &SessionOptions::default())
}

const REJECT: CompatPolicy = CompatPolicy::new()
    .deprecated_input(CompatPolicyInput::Reject)
    .unstable_input(CompatPolicyInput::Reject);

const HIDE: CompatPolicy = CompatPolicy::new()
    .deprecated_output(CompatPolicyOutput::Hide)
    .unstable_output(CompatPolicyOutput::Hide);

/// Requests and their errors. The error is empty if every policy accepts the request.
const INPUTS: &[(&str, &str)] = &[
    (
        r#"{"execute": "compat-old"}"#,
        r#"{"class": "CommandNotFound", "desc": "Deprecated command compat-old disabled by policy"}"#,
    ),
    (
        r#"{"execute": "compat-new"}"#,
        r#"{"class": "CommandNotFound", "desc": "Unstable command compat-new disabled by policy"}"#,
    ),
    (r#"{"execute": "compat-take", "arguments": {"mode": "plain"}}"#, ""),
    (
        r#"{"execute": "compat-take", "arguments": {"mode": "old"}}"#,
        r#"{"class": "GenericError", "desc": "Deprecated value old disabled by policy"}"#,
    ),
    (
        r#"{"execute": "compat-take", "arguments": {"mode": "new"}}"#,
        r#"{"class": "GenericError", "desc": "Unstable value new disabled by policy"}"#,
    ),
    (
        r#"{"execute": "compat-take", "arguments": {"mode": "plain", "old": "no number"}}"#,
        r#"{"class": "GenericError", "desc": "Deprecated parameter old disabled by policy"}"#,
    ),
    (
        r#"{"execute": "compat-take", "arguments": {"mode": "plain", "both": 1}}"#,
        r#"{"class": "GenericError", "desc": "Deprecated parameter both disabled by policy"}"#,
    ),
    (
        r#"{"execute": "compat-take", "arguments": {"mode": "plain", "options": {"mode": "old"}}}"#,
        r#"{"class": "GenericError", "desc": "Deprecated value old disabled by policy"}"#,
    ),
    (
        r#"{"execute": "compat-take", "arguments": {"mode": "plain", "options": {"mandatory": true, "mode": "plain"}}}"#,
        r#"{"class": "GenericError", "desc": "Deprecated parameter mandatory disabled by policy"}"#,
    ),
    (
        r#"{"execute": "compat-want"}"#,
        r#"{"class": "GenericError", "desc": "Unstable parameter new disabled by policy"}"#,
    ),
];

#[test]
fn rejected_input_has_the_error_of_qemu() {
    let mut session = session(REJECT);
    for (sent, refusal) in INPUTS {
        let expected = if refusal.is_empty() {
            "{\"return\": {}}\r\n".to_owned()
        } else {
            format!("{{\"error\": {refusal}}}\r\n")
        };
        assert_eq!(session.ask(sent), expected, "{sent}");
    }
}

#[test]
fn accepted_input_is_executed() {
    let mut session = session(CompatPolicy::default());
    for (sent, _) in INPUTS {
        let output = session.ask(sent);
        assert!(!output.contains("disabled by policy"), "{sent}: {output}");
    }
}

#[test]
fn each_policy_applies_to_its_own_feature() {
    let deprecated = REJECT.unstable_input(CompatPolicyInput::Accept);
    let mut session = session(deprecated);
    assert!(session.ask(r#"{"execute": "compat-old"}"#).contains("CommandNotFound"));
    assert_eq!(session.ask(r#"{"execute": "compat-new"}"#), "{\"return\": {}}\r\n");
}

#[test]
fn hidden_members_are_left_out_of_replies() {
    let ask = r#"{"execute": "compat-give"}"#;
    assert_eq!(session(HIDE).ask(ask), "{\"return\": [{\"plain\": true}]}\r\n");
    let whole = "{\"return\": [{\"plain\": true, \"old\": true, \"new\": true}]}\r\n";
    assert_eq!(session(REJECT).ask(ask), whole);
}

#[test]
fn hidden_members_are_left_out_of_replies_from_other_threads() {
    let mut session = session(HIDE);
    let call = session.feed_call(r#"{"execute": "compat-give-elsewhere"}"#);
    session.run_call(call);
    assert_eq!(session.output(), "{\"return\": {\"plain\": true}}\r\n");
}

#[test]
fn hidden_events_and_their_members_are_not_sent() {
    let without_time = |output: String| -> Vec<Value> {
        let messages = output.lines().map(|line| {
            let mut message: Value = serde_json::from_str(line).unwrap();
            message.as_object_mut().unwrap().remove("timestamp");
            message
        });
        messages.collect()
    };
    let hidden = without_time(session(HIDE).ask(r#"{"execute": "compat-emit"}"#));
    let expected = [
        serde_json::json!({"event": "COMPAT_HAPPENED", "data": {"plain": true}}),
        serde_json::json!({"return": {}}),
    ];
    assert_eq!(hidden, expected);
    let shown = without_time(session(REJECT).ask(r#"{"execute": "compat-emit"}"#));
    assert_eq!(shown.len(), 3);
}

#[test]
fn introspection_hides_commands_that_query_commands_lists() {
    let mut session = session(HIDE);
    let schema = session.ask(r#"{"execute": "query-qmp-schema"}"#);
    for hidden in ["compat-old", "compat-new", "COMPAT_NEWS", "\"both\"", "\"old\", \"type\""] {
        assert!(!schema.contains(hidden), "{hidden}");
    }
    for shown in ["compat-take", "COMPAT_HAPPENED", "\"plain\""] {
        assert!(schema.contains(shown), "{shown}");
    }
    assert!(session.ask(r#"{"execute": "query-commands"}"#).contains("compat-old"));
    assert_eq!(session.ask(r#"{"execute": "compat-old"}"#), "{\"return\": {}}\r\n");
}

/// The environment variable that marks the child process, which aborts.
const CRASHING: &str = "QAPI_TEST_CRASH";

#[test]
fn input_may_abort_the_process() {
    if std::env::var_os(CRASHING).is_some() {
        let crash = REJECT.deprecated_input(CompatPolicyInput::Crash);
        session(crash).ask(r#"{"execute": "compat-old"}"#);
        return;
    }
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "policy::compat::input_may_abort_the_process"])
        .env(CRASHING, "1")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    use std::os::unix::process::ExitStatusExt;
    assert_eq!(status.signal(), Some(6), "{status}: the process ends by SIGABRT");
}
