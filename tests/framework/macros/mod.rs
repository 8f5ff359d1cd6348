//! The attribute macros, tested by the behaviour of their expansions.

mod alternate;
mod command;
mod conditions;
mod defaults;
mod enum_;
mod error_conversion;
mod event;
mod field_types;
mod forwarded_fragments;
mod hygiene;
mod injected_parameters;
mod non_finite;
mod open_enum;
mod raw_command;
mod struct_;
mod ui;
mod union_;
mod union_base;
mod without_prelude;

use std::sync::Arc;

use qapi_core::StateMap;
use qapi_core::schema::definition::TypeRef;
use qapi_core::session::SessionOptions;
use qapi_core::wire::Document;
use qapi_core::{Definition, Input, QapiType, Registry, Result, ServerVersion, Type};
use serde_json::{Value, json};

use crate::support::registry::registry_of;
use crate::support::session::SessionFixture;

/// Reads `json` as a `T`.
fn read<T: QapiType>(json: Value) -> Result<T> {
    let document = Document::from_json(&json).unwrap();
    T::visit(Input::new(document.root()))
}

/// Returns the error text for `json`, which is not a valid `T`.
fn refusal<T: QapiType>(json: Value) -> String {
    match read::<T>(json) {
        Ok(value) => panic!("invalid input was read as {}", write(&value)),
        Err(error) => error.to_string(),
    }
}

/// Writes `value` as JSON text.
fn write<T: QapiType>(value: &T) -> String {
    serde_json::to_string(value).unwrap()
}

/// The definition of an annotated type.
fn definition_of<T: QapiType>() -> &'static Definition {
    match T::schema_type() {
        Type::Defined(definition) => definition,
        Type::Builtin(_) | Type::Array(_) => panic!("expected: an annotated type"),
    }
}

/// The name of a type. Brackets mark a list.
fn name_of(ty: TypeRef) -> String {
    match ty.get() {
        Type::Builtin(builtin) => builtin.as_str().to_owned(),
        Type::Array(element) => format!("[{}]", name_of(element)),
        Type::Defined(definition) => definition.name.to_owned(),
    }
}

/// The definition of a command or event.
fn registered(name: &str) -> &'static Definition {
    registry().definition(name).unwrap()
}

/// The definitions of this module and of the framework.
fn registry() -> Registry {
    registry_of(module_path!())
}

/// Executes a command, and returns its value or the text of the error reply.
fn execute(command: &str, arguments: Value) -> Result<Value, String> {
    let mut states = StateMap::default();
    states.insert(Arc::new(ServerVersion::with_package("test 1.0")));
    let options = SessionOptions::default();
    let mut session = SessionFixture::with_service(registry(), states, &options);
    session.output();
    session.negotiate(false);
    session.run(&json!({ "execute": command, "arguments": arguments }).to_string());
    let output = session.output();
    let reply: Value = serde_json::from_str(output.lines().last().unwrap_or("null")).unwrap();
    match &reply["error"]["desc"] {
        Value::String(text) => Err(text.clone()),
        _ => Ok(reply["return"].clone()),
    }
}
