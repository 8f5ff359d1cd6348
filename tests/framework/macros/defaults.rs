//! Optional members and arguments with default values.

use std::time::Duration;

use qapi_core::schema::definition::{Arguments, DefinitionKind, Member};
use qapi_core::{qapi_command, qapi_enum, qapi_event, qapi_struct, qapi_union};
use serde_json::json;

use super::{definition_of, execute, read, refusal, registered, write};

#[qapi_enum]
#[derive(Debug, Default, PartialEq)]
enum MacroDefaultMode {
    #[default]
    Off,
    On,
}

const TRIES: i64 = 3;

#[qapi_struct]
#[derive(Debug, PartialEq)]
struct MacroDefaults {
    #[qapi(default)]
    mode: MacroDefaultMode,
    #[qapi(default = TRIES + 1, since = "1.1")]
    tries: i64,
    #[qapi(default = "none".to_owned(), features(unstable))]
    name: String,
    #[qapi(default = Duration::from_millis(1500), unit = "ms")]
    wait: Duration,
    #[qapi(default, base64)]
    data: Vec<u8>,
    #[qapi(default = vec![MacroDefaultMode::On])]
    modes: Vec<MacroDefaultMode>,
}

#[qapi_struct]
#[derive(Debug, PartialEq)]
struct MacroDefaultOn {
    #[qapi(default = TRIES)]
    tries: i64,
}

#[qapi_union(tag = MacroDefaultMode)]
#[derive(Debug, PartialEq)]
enum MacroDefaultBranch {
    Off,
    On(MacroDefaultOn),
}

#[qapi_union]
#[derive(Debug, PartialEq)]
struct MacroDefaultUnion {
    #[qapi(default = 7)]
    weight: u8,
    #[qapi(discriminator)]
    mode: MacroDefaultBranch,
}

#[qapi_event]
#[allow(dead_code, reason = "only the definition is tested")]
struct MacroDefaulted {
    #[qapi(default = 1)]
    count: i64,
}

/// The arguments that a command received. The command returns them.
#[qapi_struct]
struct MacroDefaultsGiven {
    text: String,
    numbers: Vec<i64>,
    must: bool,
}

#[test]
fn absent_members_have_their_defaults() {
    let absent: MacroDefaults = read(json!({})).unwrap();
    let expected = MacroDefaults {
        mode: MacroDefaultMode::Off,
        tries: 4,
        name: "none".to_owned(),
        wait: Duration::from_millis(1500),
        data: Vec::new(),
        modes: vec![MacroDefaultMode::On],
    };
    assert_eq!(absent, expected);
    let given: MacroDefaults = read(json!({"tries": 9, "data": "AQ==", "wait": 0})).unwrap();
    let changed = MacroDefaults { tries: 9, data: vec![1], wait: Duration::ZERO, ..expected };
    assert_eq!(given, changed);
}

#[test]
fn a_present_value_is_checked_and_null_is_refused() {
    let wrong = refusal::<MacroDefaults>(json!({"tries": "9"}));
    assert_eq!(wrong, "Invalid parameter type for 'tries', expected: integer");
    let null = refusal::<MacroDefaults>(json!({"mode": null}));
    assert_eq!(null, "Invalid parameter type for 'mode', expected: string");
}

#[test]
fn members_with_defaults_are_always_written() {
    let sent = json!({
        "mode": "off", "tries": 4, "name": "none", "wait": 1500, "data": "", "modes": ["on"],
    });
    assert_eq!(write(&read::<MacroDefaults>(json!({})).unwrap()), sent.to_string());
}

#[test]
fn the_members_of_a_union_have_defaults_too() {
    let union: MacroDefaultUnion = read(json!({"mode": "on"})).unwrap();
    assert_eq!(union.weight, 7);
    assert_eq!(union.mode, MacroDefaultBranch::On(MacroDefaultOn { tries: 3 }));
    assert_eq!(refusal::<MacroDefaultUnion>(json!({})), "Parameter 'mode' is missing");
}

/// The names of `members`. A star marks optional members, as in the schema language.
fn starred(members: &[Member]) -> Vec<String> {
    let star = |member: &Member| if member.optional { "*" } else { "" };
    members.iter().map(|member| format!("{}{}", star(member), member.name)).collect()
}

#[test]
fn the_schema_shows_members_with_defaults_as_optional() {
    let DefinitionKind::Struct(structure) = &definition_of::<MacroDefaults>().kind else {
        panic!("expected: a struct");
    };
    let all = ["*mode", "*tries", "*name", "*wait", "*data", "*modes"];
    assert_eq!(starred(structure.members), all);
    let DefinitionKind::Command(command) = &registered("macro-default").kind else {
        panic!("expected: a command");
    };
    let Arguments::Members(members) = command.arguments else {
        panic!("expected: listed members")
    };
    assert_eq!(starred(members), ["*text", "*speed", "*list", "must"]);
    let DefinitionKind::Event(event) = &registered("MACRO_DEFAULTED").kind else {
        panic!("expected: an event");
    };
    let Arguments::Members(members) = event.arguments else { panic!("expected: listed members") };
    assert_eq!(starred(members), ["*count"]);
}

#[qapi_command(client)]
fn macro_default(
    #[qapi(default = "plain")] text: &str,
    #[qapi(default = 10)] speed: i64,
    #[qapi(default = &[1, 2])] list: &[i64],
    must: bool,
) -> MacroDefaultsGiven {
    MacroDefaultsGiven { text: text.to_owned(), numbers: [&[speed], list].concat(), must }
}

#[qapi_command]
async fn macro_default_later(
    #[qapi(default = "plain")] text: &str,
    #[qapi(default)] rest: &str,
) -> MacroDefaultsGiven {
    MacroDefaultsGiven { text: format!("{text}{rest}"), numbers: Vec::new(), must: false }
}

#[test]
fn absent_arguments_have_their_defaults() {
    let absent = execute("macro-default", json!({"must": true}));
    assert_eq!(absent, Ok(json!({"text": "plain", "numbers": [10, 1, 2], "must": true})));
    let all = json!({"must": false, "text": "b", "speed": 1, "list": []});
    let given = execute("macro-default", all);
    assert_eq!(given, Ok(json!({"text": "b", "numbers": [1], "must": false})));
    let later = execute("macro-default-later", json!({}));
    assert_eq!(later, Ok(json!({"text": "plain", "numbers": [], "must": false})));
}
