//! State with the words of an argument.

use qapi_core::qapi_command;

struct Counter;

#[qapi_command]
fn run(#[qapi(state, name = "counter", since = "1.0")] counter: &Counter) {
    let _ = counter;
}

fn main() {}
