//! Sessions: whatever comes in, what goes out is messages, and there is an end.

use std::cell::RefCell;
use std::sync::Arc;

use qapi_core::StateMap;
use qapi_core::session::{Advance, Session, SessionOptions};
use qapi_core::{Registry, Service};
use serde_json::Value;

/// Lets a session hear `input`, its first byte telling whether it has negotiated before.
///
/// # Panics
/// The session says something that is no message, or asks for the same input for ever.
pub fn run(input: &[u8]) {
    let Some((&first, rest)) = input.split_first() else { return };
    let mut session = session();
    match first % 3 {
        0 => {}
        1 => hear(&mut session, b"{'execute': 'qmp_capabilities'}"),
        _ => hear(&mut session, b"{'execute':'qmp_capabilities','arguments':{'enable':['oob']}}"),
    }
    hear(&mut session, rest);
}

/// A session that knows the recorded cases' commands.
pub(crate) fn session() -> Session {
    thread_local!(static SERVICE: RefCell<Arc<Service>> = RefCell::new(service()));
    SERVICE.with(|shared| {
        // One that was told to quit serves nobody else.
        if shared.borrow().shutdown().is_requested() {
            shared.replace(service());
        }
        Session::new(Arc::clone(&shared.borrow()), &SessionOptions::default())
    })
}

fn service() -> Arc<Service> {
    let registry = Registry::collect().expect("the definitions agree");
    Arc::new(Service::new(registry, StateMap::default()).expect("no command wants state"))
}

/// Gives the session all of `input`.
pub(crate) fn hear(session: &mut Session, mut input: &[u8]) {
    // Each step but the last serves a request or more, and a request takes bytes.
    for _ in 0..=2 * input.len() + 2 {
        match session.advance(&mut input) {
            Advance::NeedInput => {
                assert!(input.is_empty(), "a session that wants more has taken all");
                return check_output(session);
            }
            Advance::Ended => return check_output(session),
            Advance::OutputFull => check_output(session),
            Advance::Call(_) | Advance::Busy => session.complete(None),
        }
    }
    panic!("the session does not come to an end");
}

/// Reads what the session has to say.
fn check_output(session: &Session) {
    let mut output = Vec::new();
    while session.take_output(&mut output).expect("no events, so nothing overflows") {
        session.sent(output.len());
        for line in output.split_inclusive(|byte| *byte == b'\n') {
            assert!(line.is_ascii() && line.ends_with(b"\r\n"), "{line:?}");
            if let Err(error) = serde_json::from_slice::<Value>(line) {
                // Deeper than serde_json reads, which is no fault of the session's.
                assert!(error.to_string().contains("recursion limit"), "{error}: {line:?}");
            }
        }
        output.clear();
    }
}
