//! Misspelt special features.

use qapi_core::qapi_command;

#[qapi_command(features(depreciated = "Use another."))]
fn run(#[qapi(features(unstabel))] first: Option<i64>) {
    let _ = first;
}

fn main() {}
