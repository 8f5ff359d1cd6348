//! A client would wait for the answer for ever.

use qapi_core::qapi_command;

/// Ends everything.
#[qapi_command(client, success_response = false)]
fn end_everything() {}

fn main() {}
