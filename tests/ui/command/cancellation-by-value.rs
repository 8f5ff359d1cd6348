//! A token by value.

use qapi_core::call::Cancellation;
use qapi_core::qapi_command;

#[qapi_command(blocking)]
fn disk_check(#[qapi(cancellation)] cancellation: Cancellation) {}

fn main() {}
