//! An argument that is a list of a type that does not exist.

use qapi_core::qapi_command;

#[qapi_command]
fn run(array: Vec<NoSuchType>) {
    let _ = array;
}

fn main() {}
