//! A word that arguments do not have.

use qapi_core::qapi_command;

#[qapi_command]
fn run(#[qapi(default = 3)] one: Option<i64>, #[qapi(status)] two: i64) {
    let _ = (one, two);
}

fn main() {}
