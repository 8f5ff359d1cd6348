//! State that is a mutable reference.

use qapi_core::qapi_command;

struct Counter;

#[qapi_command]
fn run(#[qapi(state)] counter: &mut Counter) {
    let _ = counter;
}

fn main() {}
