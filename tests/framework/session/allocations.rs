//! Allocations of a request.

use allocation_counter::measure;
use qapi_core::prelude::*;
use qapi_core::session::{Advance, Session};

use crate::support::session::SessionFixture;

/// Returns the length of a name.
#[qapi_command(returns_exception)]
fn session_measure(name: &str, #[qapi(session)] session: &SessionContext) -> u64 {
    name.len() as u64 + u64::from(!session.is_negotiated())
}

/// Serves `input`, and puts the session's output into `output`.
fn serve(session: &mut Session, mut input: &[u8], output: &mut Vec<u8>) {
    assert!(matches!(session.advance(&mut input), Advance::NeedInput));
    output.clear();
    session.take_output(output).unwrap();
    session.sent(output.len());
}

#[test]
fn a_request_with_borrowed_arguments_allocates_nothing_after_another() {
    let mut session = SessionFixture::negotiated(false);
    let mut output = Vec::new();
    let request = br#"{"execute": "session-measure", "arguments": {"name": "abc"}, "id": [1]}"#;
    let mut turn = || {
        serve(&mut session, request, &mut output);
        assert_eq!(output, b"{\"return\": 3, \"id\": [1]}\r\n");
    };
    // Two buffers are swapped.
    turn();
    turn();
    assert_eq!(measure(turn).count_total, 0);
}
