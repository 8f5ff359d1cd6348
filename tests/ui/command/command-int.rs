//! A name that the schema language has taken.

use qapi_core::qapi_command;

#[qapi_command]
fn int() {}

fn main() {}
