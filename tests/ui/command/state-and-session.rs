//! A parameter with `state` and `session`.

use qapi_core::{SessionContext, qapi_command};

#[qapi_command]
fn run(#[qapi(state, session)] session: &SessionContext) {
    let _ = session;
}

fn main() {}
