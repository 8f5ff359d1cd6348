//! A session by value.

use qapi_core::{SessionContext, qapi_command};

#[qapi_command]
fn run(#[qapi(session)] session: SessionContext) {
    let _ = session;
}

fn main() {}
