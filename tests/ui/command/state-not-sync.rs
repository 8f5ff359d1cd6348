//! State that is not `Sync`.

use qapi_core::qapi_command;

use std::cell::Cell;

#[qapi_command]
fn run(#[qapi(state)] counter: &Cell<i64>) {
    let _ = counter;
}

fn main() {}
