//! The session with the mark of state.

use std::sync::Arc;

use qapi_core::SessionContext;
use qapi_core::qapi_command;

#[qapi_command]
fn whoami(#[qapi(state)] session: Arc<SessionContext>) {}

fn main() {}
