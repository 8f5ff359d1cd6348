//! The command that returns the documentation of a schema.

#![allow(dead_code, reason = "fields and variants that only a schema needs")]

mod definitions;

use std::sync::Arc;

use qapi_core::StateMap;
use qapi_core::commands::documentation;
use qapi_core::policy::{Access, CompatPolicy, CompatPolicyOutput, Policy};
use qapi_core::registry::registered;
use qapi_core::session::SessionOptions;
use qapi_core::{Definition, Projection, Registry, Release};
use serde_json::{Value, json};

use crate::support::session::SessionFixture;

const COMMAND: &str = "__org.qapi-rs_query-documentation";

fn is_here(definition: &&Definition) -> bool {
    definition.source.module.starts_with(module_path!())
}

/// The definitions of this module and of the framework, including the command.
fn registry() -> Registry {
    let own = registered().filter(|found| {
        let definition = found.definition();
        is_here(&definition) || definition.source.package == "qapi-core"
    });
    Registry::from_registrations(own.chain(documentation::registrations())).unwrap()
}

/// Returns the return value of the command under `policy`, or its error object.
fn ask(policy: Policy, arguments: &Value) -> Value {
    ask_of(registry(), policy, arguments)
}

fn ask_of(registry: Registry, policy: Policy, arguments: &Value) -> Value {
    let mut states = StateMap::default();
    states.insert(Arc::new(policy));
    let mut session = SessionFixture::with_service(registry, states, &SessionOptions::default());
    session.output();
    session.negotiate(false);
    session.feed(json!({ "execute": COMMAND, "arguments": arguments }).to_string());
    serde_json::from_str(&session.output()).unwrap()
}

/// The entries of the return value for definitions of this module.
fn lanterns(policy: Policy) -> Vec<Value> {
    let reply = ask(policy, &json!({}));
    let all = reply["return"].as_array().unwrap().iter();
    let names = registered().map(|found| found.definition());
    let names: Vec<_> = { names }.filter(is_here).map(|definition| definition.name).collect();
    all.filter(|found| names.contains(&found["name"].as_str().unwrap())).cloned().collect()
}

fn names(documented: &[Value]) -> Vec<&str> {
    documented.iter().map(|one| one["name"].as_str().unwrap()).collect()
}

#[test]
fn each_definition_is_documented_with_its_parts() {
    let expected: Vec<Value> = serde_json::from_str(include_str!("lanterns.json")).unwrap();
    let found = lanterns(Policy::new());
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected, "{}", serde_json::to_string_pretty(found).unwrap());
    }
    assert_eq!(names(&found), names(&expected));
}

#[test]
fn one_definition_is_selected_by_name() {
    let expected = lanterns(Policy::new());
    let lantern_wall = expected.iter().find(|found| found["name"] == "LanternWall");
    let reply = ask(Policy::new(), &json!({ "name": "LanternWall" }));
    assert_eq!(reply, json!({ "return": [lantern_wall.unwrap()] }));
}

#[test]
fn an_unknown_name_is_refused() {
    let reply = ask(Policy::new(), &json!({ "name": "LanternMoon" }));
    let error = json!({ "class": "GenericError", "desc": "Definition 'LanternMoon' not found" });
    assert_eq!(reply, json!({ "error": error }));
}

#[test]
fn commands_that_the_caller_may_not_execute_are_left_out() {
    let refuse = || Policy::new().command("lantern-repair", Access::none());
    for name in ["lantern-repair", "LanternRepair"] {
        let reply = ask(refuse(), &json!({ "name": name }));
        let desc = format!("Definition '{name}' not found");
        assert_eq!(reply["error"]["desc"], desc);
    }
    let (all, allowed) = (lanterns(Policy::new()), lanterns(refuse()));
    let left: Vec<_> = all.into_iter().filter(|one| !allowed.contains(one)).collect();
    assert_eq!(names(&left), ["LanternRepair", "lantern-repair"]);
}

#[test]
fn hidden_parts_are_left_out() {
    let compat = CompatPolicy::new()
        .deprecated_output(CompatPolicyOutput::Hide)
        .unstable_output(CompatPolicyOutput::Hide);
    let found = lanterns(Policy::new().compat(compat));
    assert!(!names(&found).contains(&"lantern-show"));
    let lantern_info = found.iter().find(|one| one["name"] == "LanternInfo").unwrap();
    assert_eq!(names(lantern_info["members"].as_array().unwrap()), ["id", "colour"]);
}

#[test]
fn newer_parts_are_left_out() {
    let part_names = |registry: Registry, name: &str| {
        let reply = ask_of(registry, Policy::new(), &json!({ "name": name }));
        let documented = reply["return"][0]["members"].as_array().unwrap().clone();
        names(&documented).join(" ")
    };
    assert_eq!(part_names(registry(), "LanternInfo"), "id colour lumen");
    const EARLIER: Projection =
        Projection::to(Release::new(10, 0, 0)).packages(&[("qapi-tests", Release::new(1, 0, 0))]);
    let earlier = || registry().project(EARLIER).unwrap();
    assert_eq!(part_names(earlier(), "LanternInfo"), "id colour");
    assert_eq!(part_names(earlier(), "LanternColour"), "yellow blue");
}

#[test]
fn the_command_is_registered_on_request_only() {
    let all = documentation::registrations().map(|found| found.definition());
    let all = Registry::from_registrations(all).unwrap();
    assert!(all.command(COMMAND).is_some());
    let here: Vec<_> = all.definitions().map(|definition| definition.name).collect();
    assert_eq!(here.iter().filter(|name| name.starts_with("__org.qapi-rs_")).count(), here.len());
    assert!(registered().all(|found| !here.contains(&found.definition().name)));
}
