//! Errors about arguments. Their order, paths and texts equal those of QEMU.

mod definitions;
mod depth;
mod integer_widths;
mod recorded_exchanges;

use serde_json::Value;

use crate::support::session::SessionFixture;

/// A negotiated session with the commands of this module.
fn negotiated() -> SessionFixture {
    SessionFixture::with_commands_of(module_path!())
}

/// Returns the messages that the session sends in reply to `input`.
fn answers(session: &mut SessionFixture, input: &[u8]) -> Vec<Value> {
    let output = session.ask(input);
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
