//! Errors about arguments: order, paths and texts equal to QEMU's.

mod definitions;
mod integer_widths;
mod recorded_exchanges;

use serde_json::Value;

use crate::support::session::SessionFixture;

/// A session with the commands of this module. It has negotiated.
fn negotiated() -> SessionFixture {
    SessionFixture::with_commands_of(module_path!())
}

/// The messages that the session answers to `input`.
fn answers(session: &mut SessionFixture, input: &[u8]) -> Vec<Value> {
    let output = session.ask(input);
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
