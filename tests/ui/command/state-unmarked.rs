//! State without the word `state`.

use qapi_core::qapi_command;

struct Counter;

#[qapi_command]
fn run(counter: &Counter) {
    let _ = counter;
}

fn main() {}
