//! Commands that return a type without members.

use qapi_core::qapi_command;
use serde_json::{Map, Value};

#[qapi_command]
fn query_name() -> String {
    "a".to_owned()
}

#[qapi_command]
fn query_numbers() -> qapi_core::Result<Vec<u64>> {
    Ok(vec![1])
}

#[qapi_command(gen = false, returns = bool)]
fn query_all(arguments: Map<String, Value>) -> Value {
    arguments.into()
}

fn main() {}
