//! A set as an argument.

use qapi_core::qapi_command;

use std::collections::BTreeSet;

#[qapi_command]
fn start(names: BTreeSet<String>) {
    drop(names);
}

fn main() {}
