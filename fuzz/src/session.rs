//! Sessions: for any input, the output consists of messages, and the session consumes all input.

use std::cell::RefCell;
use std::sync::Arc;

use qapi_core::StateMap;
use qapi_core::session::{Advance, Session, SessionOptions};
use qapi_core::{Registry, Service};
use serde_json::Value;

/// Feeds `input` to a session. The first byte of `input` selects the negotiation that precedes the
/// rest.
///
/// # Panics
/// Output is not a message, or the session does not consume its input.
pub fn run(input: &[u8]) {
    let Some((&first, rest)) = input.split_first() else { return };
    let mut session = session();
    match first % 3 {
        0 => {}
        1 => feed(&mut session, b"{'execute': 'qmp_capabilities'}"),
        _ => feed(&mut session, b"{'execute':'qmp_capabilities','arguments':{'enable':['oob']}}"),
    }
    feed(&mut session, rest);
}

/// A session with the commands of the recorded cases.
pub(crate) fn session() -> Session {
    thread_local!(static SERVICE: RefCell<Arc<Service>> = RefCell::new(service()));
    SERVICE.with(|shared| {
        // A service accepts no session after `quit`.
        if shared.borrow().shutdown().is_requested() {
            shared.replace(service());
        }
        Session::new(Arc::clone(&shared.borrow()), &SessionOptions::default())
    })
}

fn service() -> Arc<Service> {
    let registry = Registry::collect().expect("the definitions agree");
    Arc::new(Service::new(registry, StateMap::default()).expect("no command needs a state"))
}

/// Feeds the session all of `input`.
pub(crate) fn feed(session: &mut Session, mut input: &[u8]) {
    // Each step but the last serves at least one request, and a request has bytes.
    for _ in 0..=2 * input.len() + 2 {
        match session.advance(&mut input) {
            Advance::NeedInput => {
                assert!(input.is_empty(), "a session that needs more has consumed all");
                return check_output(session);
            }
            Advance::Ended => return check_output(session),
            Advance::OutputFull => check_output(session),
            Advance::Call(_) | Advance::Busy => session.complete(None),
        }
    }
    panic!("the session does not consume its input");
}

/// Checks the output of the session.
fn check_output(session: &Session) {
    let mut output = Vec::new();
    while session.take_output(&mut output).expect("no events, so nothing overflows") {
        session.sent(output.len());
        for line in output.split_inclusive(|byte| *byte == b'\n') {
            assert!(line.is_ascii() && line.ends_with(b"\r\n"), "{line:?}");
            if let Err(error) = serde_json::from_slice::<Value>(line) {
                // serde_json has a limit of depth of its own.
                assert!(error.to_string().contains("recursion limit"), "{error}: {line:?}");
            }
        }
        output.clear();
    }
}
