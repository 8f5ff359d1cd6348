//! A command that returns what cannot be extended, by a name that tells nothing of it.

use qapi_core::{qapi_command, qapi_enum};

#[qapi_enum]
enum RunState {
    Running,
}

#[qapi_command]
fn query_run_states() -> qapi_core::Result<Vec<RunState>> {
    Ok(vec![RunState::Running])
}
