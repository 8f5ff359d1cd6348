//! Boxed arguments that are an alternate.

use qapi_core::{qapi_alternate, qapi_command};

#[qapi_alternate]
enum Choice {
    One(i64),
    Two(bool),
}

#[qapi_command(boxed)]
fn run(choice: Choice) {
    let _ = choice;
}

fn main() {}
