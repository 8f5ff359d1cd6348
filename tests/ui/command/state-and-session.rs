//! A parameter that is two things.

use qapi_core::{SessionContext, qapi_command};

#[qapi_command]
fn run(#[qapi(state, session)] session: &SessionContext) {
    let _ = session;
}

fn main() {}
