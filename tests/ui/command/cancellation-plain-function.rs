//! The token of a function that nothing can interrupt.

use qapi_core::call::Cancellation;
use qapi_core::qapi_command;

#[qapi_command]
fn disk_check(#[qapi(cancellation)] cancellation: &Cancellation) {}

fn main() {}
