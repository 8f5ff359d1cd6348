//! Two arguments of the same name.

use qapi_core::qapi_command;

#[qapi_command]
fn run(a_b: i64, #[qapi(name = "a-b")] other: i64) {
    let _ = (a_b, other);
}

fn main() {}
