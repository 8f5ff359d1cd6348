//! State by value.

use qapi_core::qapi_command;

struct Counter;

#[qapi_command]
fn run(#[qapi(state)] counter: Counter) {
    let _ = counter;
}

fn main() {}
