//! A client struct of a command without a response.

use qapi_core::qapi_command;

/// Ends everything.
#[qapi_command(client, success_response = false)]
fn end_everything() {}

fn main() {}
