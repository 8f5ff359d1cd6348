//! A name with underscores.

use qapi_core::qapi_command;

#[qapi_command(name = "block_resize")]
fn block_resize() {}

fn main() {}
