//! An attribute that does not exist, above one that does.

use qapi_core::{qapi_command, qapi_struct};

#[derive_all(Debug)]
#[qapi_struct]
struct Info {
    id: String,
}

#[inlined]
#[qapi_command]
fn run(info: Info) {
    let _ = info;
}

fn main() {}
