//! The session without its mark.

use qapi_core::SessionContext;
use qapi_core::qapi_command;

#[qapi_command]
fn whoami(session: &SessionContext) {}

fn main() {}
