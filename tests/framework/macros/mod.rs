//! The attribute macros: each used, and what it makes checked by behaviour.

mod alternate;
mod based;
mod command;
mod conditions;
mod defaults;
mod enum_;
mod event;
mod field_types;
mod hygiene;
mod open;
mod parameters;
mod raw;
mod struct_;
mod ui;
mod union_;

use std::sync::Arc;

use qapi_core::context::States;
use qapi_core::descriptor::TypeRef;
use qapi_core::session::{Advance, Call, Session, SessionOptions};
use qapi_core::wire::Document;
use qapi_core::{Definition, Input, QapiType, Registry, Result, ServerVersion, Service, Type};
use serde_json::{Value, json};

/// Reads `json` as a `T`.
fn read<T: QapiType>(json: Value) -> Result<T> {
    let document = Document::from_json(&json).unwrap();
    T::visit(Input::new(document.root()))
}

/// The text of the error that `json` is no `T`.
fn refusal<T: QapiType>(json: Value) -> String {
    match read::<T>(json) {
        Ok(value) => panic!("taken as {}", write(&value)),
        Err(error) => error.to_string(),
    }
}

/// Writes `value` as JSON text.
fn write<T: QapiType>(value: &T) -> String {
    serde_json::to_string(value).unwrap()
}

/// The definition behind a type that was annotated.
fn definition_of<T: QapiType>() -> &'static Definition {
    match T::schema_type() {
        Type::Defined(definition) => definition,
        Type::Builtin(_) | Type::Array(_) => panic!("not annotated"),
    }
}

/// The name of a type, with brackets around that of a list's elements.
fn name_of(ty: TypeRef) -> String {
    match ty() {
        Type::Builtin(builtin) => builtin.as_str().to_owned(),
        Type::Array(element) => format!("[{}]", name_of(element)),
        Type::Defined(definition) => definition.name.to_owned(),
    }
}

/// The definition of a command or event.
fn registered(name: &str) -> &'static Definition {
    registry().definition(name).unwrap()
}

/// What this module and the framework itself define.
fn registry() -> Registry {
    let here = |definition: &&Definition| {
        definition.source.module.starts_with(module_path!())
            || definition.source.package == "qapi-core"
    };
    let everything = Registry::collect().unwrap();
    Registry::from_definitions(everything.definitions().filter(here)).unwrap()
}

/// Executes a command; `Err` holds the text of the error reply.
fn execute(command: &str, arguments: Value) -> Result<Value, String> {
    let mut states = States::default();
    states.insert(Arc::new(ServerVersion::with_package("test 1.0")));
    let service = Service::new(registry(), states).unwrap();
    let mut session = Session::new(Arc::new(service), &SessionOptions::default());
    let negotiate = json!({ "execute": "qmp_capabilities" }).to_string();
    let execute = json!({ "execute": command, "arguments": arguments }).to_string();
    let mut reply = json!(null);
    for message in [negotiate, execute] {
        hear(&mut session, message.as_bytes());
        reply = last_line(&mut session);
    }
    match &reply["error"]["desc"] {
        Value::String(text) => Err(text.clone()),
        _ => Ok(reply["return"].clone()),
    }
}

/// Gives the session `input` and carries out the calls that it hands out.
fn hear(session: &mut Session, mut input: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    loop {
        let call = match session.advance(&mut input) {
            Advance::NeedInput => return,
            Advance::Call(call) => call,
            step => panic!("neither input nor a call but {step:?}"),
        };
        let result = runtime.block_on(async {
            match call {
                Call::Async(call) => tokio::spawn(call).await.ok(),
                Call::Blocking(call) => tokio::task::spawn_blocking(call).await.ok(),
            }
        });
        session.complete(result);
    }
}

/// The last line that the session has to say.
fn last_line(session: &mut Session) -> Value {
    let (mut all, mut buffer) = (Vec::new(), Vec::new());
    while session.take_output(&mut buffer).unwrap() {
        session.sent(buffer.len());
        all.append(&mut buffer);
    }
    let text = String::from_utf8(all).unwrap();
    serde_json::from_str(text.lines().last().unwrap_or("null")).unwrap()
}
