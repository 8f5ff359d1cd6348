//! Commands without generated code (`gen = false`).

use qapi_core::introspection::Mask;
use qapi_core::schema::definition::DefinitionKind;
use qapi_core::schema::render::render;
use qapi_core::{qapi_command, qapi_struct};
use serde_json::{Map, Value, json};

use super::{execute, registered, registry};

/// The documented arguments of a device. Drivers take more.
#[qapi_struct]
struct MacroDevice {
    driver: String,
    bus: Option<String>,
}

/// The documented members of a device.
#[qapi_struct]
struct MacroDeviceInfo {
    count: i64,
}

/// Adds a device.
#[qapi_command(gen = false, data = MacroDevice, features(json_cli), returns_exception)]
fn macro_device_add(arguments: &Map<String, Value>) -> Result<Value, String> {
    match arguments.get("driver") {
        Some(Value::String(driver)) => Ok(json!({ "of": driver, "all": arguments })),
        Some(_) | None => Err("Device driver missing".to_owned()),
    }
}

/// Takes no arguments, and returns more than the documented members.
#[qapi_command(gen = false, returns = Vec<MacroDeviceInfo>)]
fn macro_query_devices() -> Value {
    json!([{ "count": 1 }])
}

/// Takes any arguments, asynchronously.
#[qapi_command(gen = false, returns_exception)]
async fn macro_device_any(mut arguments: Map<String, Value>) -> Value {
    arguments.remove("first").unwrap_or_default()
}

#[test]
fn the_function_receives_unchecked_arguments() {
    let arguments = json!({ "driver": "x", "whatever": [1, { "a": null }, 1.5], "bus": 7 });
    let expected = json!({ "of": "x", "all": arguments });
    assert_eq!(execute("macro-device-add", arguments), Ok(expected));
    assert_eq!(execute("macro-device-add", json!({})), Err("Device driver missing".to_owned()));
    assert_eq!(execute("macro-device-any", json!({ "first": 2, "b": 3 })), Ok(json!(2)));
}

#[test]
fn a_function_without_parameters_refuses_arguments() {
    assert_eq!(execute("macro-query-devices", json!({})), Ok(json!([{ "count": 1 }])));
    let refused = execute("macro-query-devices", json!({ "first": 1 }));
    assert_eq!(refused, Err("Parameter 'first' is unexpected".to_owned()));
}

#[test]
fn introspection_shows_the_annotated_types() {
    let infos = registry().introspect(Mask::Unmasked);
    let shown = |name: &str| {
        let info = infos.iter().find(|info| info.name == name).unwrap();
        serde_json::to_value(info).unwrap()
    };
    let add = shown("macro-device-add");
    assert_eq!((&add["arg-type"], &add["ret-type"]), (&json!("MacroDevice"), &json!("any")));
    assert_eq!(shown("macro-query-devices")["ret-type"], "[MacroDeviceInfo]");
    assert_eq!(shown("macro-device-any")["arg-type"], "q_empty");
}

#[test]
fn the_definition_has_gen_false() {
    let DefinitionKind::Command(command) = &registered("macro-device-add").kind else {
        panic!("expected: a command");
    };
    assert!(command.raw);
    let expression = json!({
        "command": "macro-device-add", "data": "MacroDevice", "returns": "any", "gen": false,
        "features": ["json-cli"],
    });
    assert_eq!(render(registered("macro-device-add")), expression);
}
