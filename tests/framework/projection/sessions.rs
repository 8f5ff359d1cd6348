//! Sessions of a server that presents an earlier release.

use qapi_core::policy::{Access, CompatPolicy, CompatPolicyInput, CompatPolicyOutput};
use qapi_core::session::SessionOptions;
use qapi_core::{Policy, Release};
use serde_json::{Value, json};

use super::{NEW, OLD, greeted, greeted_with, session, session_under};
use crate::support::registry::registry_of;
use crate::support::session::SessionFixture;

fn returned(session: &mut SessionFixture, command: &str) -> Value {
    let output = session.ask(format!(r#"{{"execute": "{command}"}}"#));
    let mut reply: Value = serde_json::from_str(&output).unwrap();
    reply["return"].take()
}

#[test]
fn the_greeting_and_query_version_have_the_numbers_of_the_release() {
    let greeting = greeted(OLD, Policy::new()).output();
    let version = json!({
        "qemu": { "micro": 0, "minor": 2, "major": 5 }, "package": "test 1.0",
    });
    let expected = json!({ "QMP": { "version": version, "capabilities": ["oob"] } });
    assert_eq!(serde_json::from_str::<Value>(&greeting).unwrap(), expected);
    assert_eq!(returned(&mut session(OLD), "query-version"), version);
}

#[test]
fn the_latest_release_presents_the_version_of_the_server() {
    let greeting = greeted(Release::LATEST, Policy::new()).output();
    let greeting: Value = serde_json::from_str(&greeting).unwrap();
    let own = json!({ "micro": 2, "minor": 0, "major": 10 });
    assert_eq!(greeting["QMP"]["version"]["qemu"], own);
}

#[test]
fn a_release_without_out_of_band_execution_does_not_offer_it() {
    let registry = registry_of("nowhere").project(Release::new(2, 11, 0)).unwrap();
    let (states, options) = Default::default();
    let mut session = SessionFixture::with_service(registry, states, &options);
    assert!(session.output().contains(r#""capabilities": []"#));
    let enable = r#"{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}}"#;
    assert!(session.ask(enable).contains("Parameter 'enable' is unexpected"));
}

/// Requests, and their errors as of the earlier release.
const INPUTS: &[(&str, &str)] = &[
    (r#""past-new""#, "The command past-new has not been found"),
    (r#""past-take", "arguments": {"more": true}"#, "Parameter 'more' is unexpected"),
    (r#""past-take", "arguments": {"timeout": 1}"#, "Parameter 'timeout' is unexpected"),
    (
        r#""past-take", "arguments": {"mode": "fast"}"#,
        "Parameter 'mode' does not accept value 'fast'",
    ),
    (
        r#""past-take", "arguments": {"kind": "newer"}"#,
        "Parameter 'kind' does not accept value 'newer'",
    ),
    (
        r#""past-take", "arguments": {"task": {"mode": "fast", "speed": 1}}"#,
        "Parameter 'mode' does not accept value 'fast'",
    ),
    (
        r#""past-take", "arguments": {"task": {"mode": "slow", "patience": 1}}"#,
        "Parameter 'task.patience' is unexpected",
    ),
    (
        r#""past-take", "arguments": {"thing": null}"#,
        "Invalid parameter type for 'thing', expected: PastReference",
    ),
    // Errors are found in the order of the schema; unexpected members come last.
    (
        r#""past-take", "arguments": {"more": true, "mode": "none"}"#,
        "Parameter 'mode' does not accept value 'none'",
    ),
];

#[test]
fn newer_input_has_the_error_of_the_earlier_release() {
    let mut before = session(OLD);
    for (request, refusal) in INPUTS {
        let output = before.ask(format!("{{\"execute\": {request}}}"));
        assert!(output.contains(&format!(r#""desc": "{refusal}""#)), "{request}: {output}");
    }
}

#[test]
fn input_of_the_newer_release_is_accepted() {
    let mut since = session(NEW);
    let (_, accepted) = INPUTS.split_last().unwrap();
    for (request, _) in accepted {
        let output = since.ask(format!("{{\"execute\": {request}}}"));
        assert!(output.starts_with(r#"{"return": {"#), "{request}: {output}");
    }
}

#[test]
fn older_input_is_accepted() {
    let mut before = session(OLD);
    for request in [
        r#""past-timeless""#,
        r#""__org.example_past", "arguments": {"more": true}"#,
        r#""past-take", "arguments": {"kind": "plain"}"#,
        r#""past-take", "arguments": {"kind": "__org.example_vendor"}"#,
        r#""past-take", "arguments": {"mode": "slow", "task": {"mode": "slow"}, "thing": "a"}"#,
    ] {
        let output = before.ask(format!("{{\"execute\": {request}}}"));
        assert_eq!(output, "{\"return\": {}}\r\n", "{request}");
    }
}

#[test]
fn results_have_no_newer_members() {
    let older = json!({ "plain": true, "old": true });
    let newer = json!({ "plain": true, "fast": true, "sure": { "yes": true }, "old": true });
    assert_eq!(returned(&mut session(OLD), "past-info"), json!([older]));
    assert_eq!(returned(&mut session(NEW), "past-info"), json!([newer]));
}

#[test]
fn results_from_other_threads_have_no_newer_members() {
    let mut session = session(OLD);
    let call = session.feed_call(r#"{"execute": "past-info-elsewhere"}"#);
    session.run_call(call);
    assert_eq!(session.output(), "{\"return\": {\"plain\": true, \"old\": true}}\r\n");
}

#[test]
fn results_may_have_newer_enum_values() {
    let all = json!(["slow", "fast", "silent"]);
    assert_eq!(returned(&mut session(OLD), "past-info-kinds"), all);
}

#[test]
fn newer_events_and_members_of_events_are_not_sent() {
    let output = session(OLD).ask(r#"{"execute": "past-emit"}"#);
    assert!(!output.contains("PAST_NEWS"), "{output}");
    assert!(output.contains(r#""event": "PAST_HAPPENED", "data": {"plain": true}}"#), "{output}");

    let output = session(NEW).ask(r#"{"execute": "past-emit"}"#);
    assert!(output.contains("PAST_NEWS"), "{output}");
    assert!(output.contains(r#""data": {"plain": true, "sure": {"yes": true}}}"#), "{output}");
}

#[test]
fn raw_arguments_are_not_checked() {
    let request = r#"{"execute": "past-take-raw", "arguments": {"sure": 1}}"#;
    assert_eq!(session(OLD).ask(request), "{\"return\": {\"sure\": 1}}\r\n");
}

#[test]
fn query_commands_lists_the_executable_commands() {
    let mut before = session(OLD);
    let listed = returned(&mut before, "query-commands");
    let names: Vec<_> = listed.as_array().unwrap().iter().map(|info| &info["name"]).collect();
    assert!(names.contains(&&json!("past-take")) && !names.contains(&&json!("past-new")));
    for name in names {
        let output = before.ask(format!(r#"{{"execute": {name}, "arguments": {{"no": 1}}}}"#));
        assert!(!output.contains("has not been found"), "{name}: {output}");
    }
}

/// The entity with the name `name`.
fn entity<'a>(schema: &'a Value, name: &str) -> &'a Value {
    let found = schema.as_array().unwrap().iter().find(|info| info["name"] == name);
    found.unwrap_or_else(|| panic!("the schema has no {name}: {schema}"))
}

/// The entity of the arguments or the return value of a command.
fn behind<'a>(schema: &'a Value, command: &str, which: &str) -> &'a Value {
    entity(schema, entity(schema, command)[which].as_str().unwrap())
}

fn listed<'a>(object: &'a Value, list: &str, key: &str) -> Vec<&'a str> {
    let entries = object[list].as_array().unwrap().iter();
    entries.map(|entry| entry[key].as_str().unwrap()).collect()
}

fn member<'a>(schema: &'a Value, object: &'a Value, name: &str) -> &'a Value {
    let members = object["members"].as_array().unwrap();
    let found = members.iter().find(|member| member["name"] == name).unwrap();
    entity(schema, found["type"].as_str().unwrap())
}

#[test]
fn query_qmp_schema_shows_the_accepted_parts() {
    let schema = returned(&mut session(OLD), "query-qmp-schema");
    let names: Vec<_> = schema.as_array().unwrap().iter().map(|info| &info["name"]).collect();
    for absent in ["past-new", "PAST_NEWS"] {
        assert!(!names.contains(&&json!(absent)), "{absent}");
    }
    let arguments = behind(&schema, "past-take", "arg-type");
    assert_eq!(listed(arguments, "members", "name"), ["mode", "task", "thing", "kind", "less"]);
    assert!(!arguments.to_string().contains("deprecated"), "{arguments}");

    let mode = member(&schema, arguments, "mode");
    assert_eq!(mode["values"], json!(["slow", "silent"]));
    // Enumerations had no `members` before 6.2, and `values` was not deprecated.
    assert_eq!(mode.get("members"), None);
    let kind = member(&schema, arguments, "kind");
    assert_eq!(kind["values"], json!(["own", "plain", "__org.example_vendor"]));

    let task = member(&schema, arguments, "task");
    assert_eq!(listed(task, "variants", "case"), ["slow", "silent"]);
    let thing = member(&schema, arguments, "thing");
    assert_eq!(thing["members"], json!([{ "type": "str" }]));

    assert_eq!(entity(&schema, "past-info").get("features"), None);
    let info = behind(&schema, "past-info-elsewhere", "ret-type");
    assert_eq!(listed(info, "members", "name"), ["plain", "old"]);
    assert_eq!(info["members"][1].get("features"), None);
}

#[test]
fn query_qmp_schema_of_the_newer_release_has_all_parts() {
    let schema = returned(&mut session(NEW), "query-qmp-schema");
    assert_eq!(entity(&schema, "past-info")["features"], json!(["deprecated"]));
    let info = behind(&schema, "past-info-elsewhere", "ret-type");
    assert_eq!(listed(info, "members", "name"), ["plain", "fast", "sure", "old"]);
    assert_eq!(info["members"][3]["features"], json!(["deprecated", "odd"]));
    let arguments = behind(&schema, "past-take", "arg-type");
    let mode = member(&schema, arguments, "mode");
    assert_eq!(mode["values"], json!(["slow", "fast", "silent"]));
}

/// Refuses deprecated input and hides deprecated output.
fn strict() -> Policy {
    let compat = CompatPolicy::new()
        .deprecated_input(CompatPolicyInput::Reject)
        .deprecated_output(CompatPolicyOutput::Hide);
    Policy::new().compat(compat)
}

#[test]
fn the_policy_ignores_later_deprecations() {
    let tell = r#"{"execute": "past-info"}"#;
    let less = r#"{"execute": "past-take", "arguments": {"less": true}}"#;
    let silent = r#"{"execute": "past-take", "arguments": {"mode": "silent"}}"#;

    let mut before = session_under(OLD, strict());
    assert_eq!(before.ask(tell), "{\"return\": [{\"plain\": true, \"old\": true}]}\r\n");
    for request in [less, silent] {
        assert_eq!(before.ask(request), "{\"return\": {}}\r\n", "{request}");
    }

    let mut since = session_under(NEW, strict());
    for request in [tell, less, silent] {
        let output = since.ask(request);
        assert!(output.contains("disabled by policy"), "{request}: {output}");
    }
    let call = since.feed_call(r#"{"execute": "past-info-elsewhere"}"#);
    since.run_call(call);
    assert!(!since.output().contains("old"));
}

#[test]
fn a_policy_may_name_a_newer_command() {
    let policy = Policy::new().command("past-new", Access::none());
    let output = session_under(OLD, policy).ask(r#"{"execute": "past-new"}"#);
    assert!(output.contains("The command past-new has not been found"), "{output}");
}

#[test]
fn pretty_output_has_no_newer_parts() {
    let options = SessionOptions::default().pretty(true);
    let mut session = greeted_with(OLD, Policy::new(), &options);
    session.feed(r#"{"execute": "qmp_capabilities"}"#);
    session.output();

    let output = session.ask(r#"{"execute": "query-qmp-schema"}"#);
    assert!(output.contains("past-take") && !output.contains("past-new"), "{output}");
    let output = session.ask(r#"{"execute": "past-info"}"#);
    assert!(output.contains("old") && !output.contains("fast"), "{output}");
}
