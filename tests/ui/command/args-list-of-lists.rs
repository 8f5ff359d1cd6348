//! An argument that is a list of lists.

use qapi_core::qapi_command;

#[qapi_command]
fn run(rows: &[Vec<i64>]) {
    let _ = rows;
}

fn main() {}
