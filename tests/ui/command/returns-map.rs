//! A map as the returned type.

use qapi_core::qapi_command;

use std::collections::HashMap;

#[qapi_command]
fn query_sizes() -> HashMap<String, u64> {
    HashMap::new()
}

fn main() {}
