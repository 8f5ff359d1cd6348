//! A list of references.

use qapi_core::qapi_command;

#[qapi_command(client)]
fn set_names(names: &[&str]) {}

fn main() {}
