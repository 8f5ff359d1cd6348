//! Parameters for the call's token without its mark.

use qapi_core::call::Cancellation;
use qapi_core::qapi_command;

#[qapi_command(blocking)]
fn run(token: &Cancellation) {
    let _ = token;
}

#[qapi_command(blocking)]
fn run_all(#[qapi(state)] token: std::sync::Arc<Cancellation>) {
    let _ = token;
}

fn main() {}
