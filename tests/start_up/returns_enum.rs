//! A command that returns an enum. The macro cannot see that the type is an enum.

use qapi_core::{qapi_command, qapi_enum};

#[qapi_enum]
enum RunState {
    Running,
}

#[qapi_command]
fn query_run_states() -> qapi_core::Result<Vec<RunState>> {
    Ok(vec![RunState::Running])
}
