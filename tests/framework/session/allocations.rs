//! What serving a request takes from the allocator.

use allocation_counter::measure;
use qapi_core::prelude::*;
use qapi_core::session::{Advance, Session};

use crate::support::session::SessionFixture;

/// Tells how long a name is.
#[qapi_command(returns_exception)]
fn session_measure(name: &str, #[qapi(session)] session: &SessionContext) -> u64 {
    name.len() as u64 + u64::from(!session.is_negotiated())
}

/// Serves the bytes in `input`; `output` gets what there is to be said.
fn serve(session: &mut Session, mut input: &[u8], output: &mut Vec<u8>) {
    assert!(matches!(session.advance(&mut input), Advance::NeedInput));
    output.clear();
    session.take_output(output).unwrap();
    session.sent(output.len());
}

#[test]
fn a_request_with_borrowed_arguments_takes_nothing_once_another_was_served() {
    let mut session = SessionFixture::negotiated(false);
    let mut output = Vec::new();
    let request = br#"{"execute": "session-measure", "arguments": {"name": "abc"}, "id": [1]}"#;
    let mut turn = || {
        serve(&mut session, request, &mut output);
        assert_eq!(output, b"{\"return\": 3, \"id\": [1]}\r\n");
    };
    // Two buffers change places.
    turn();
    turn();
    assert_eq!(measure(turn).count_total, 0);
}
