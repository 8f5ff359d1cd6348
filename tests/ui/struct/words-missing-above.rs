//! `#[qapi]` without words above the attribute, beside one below another attribute.

use qapi_core::{qapi_command, qapi_enum, qapi_struct};

#[qapi]
#[qapi_struct]
struct Info {
    id: String,
}

#[qapi_enum]
#[qapi]
enum Kind {
    File,
}

#[qapi]
#[qapi_command]
fn run() {}

fn main() {}
