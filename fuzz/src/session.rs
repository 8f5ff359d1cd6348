//! Sessions: for any input, the output consists of messages, and the session consumes all input.

use std::cell::RefCell;
use std::sync::Arc;

use qapi_core::StateMap;
use qapi_core::session::{Advance, Session, SessionOptions};
use qapi_core::{Registry, Service};
use serde_json::Value;

/// Feeds `input` to a session. The first byte of `input` selects the negotiation that precedes the
/// rest. A second session gets the same input in small pieces, which no fast path takes.
///
/// # Panics
/// Output is not a message, the session does not consume its input, or the replies of the second
/// session differ.
pub fn run(input: &[u8]) {
    let Some((&first, rest)) = input.split_first() else { return };
    let outputs = [rest.len().max(1), 3].map(|size| {
        let mut session = session();
        let mut output = match first % 3 {
            0 => Vec::new(),
            1 => feed(&mut session, b"{'execute': 'qmp_capabilities'}"),
            _ => feed(
                &mut session,
                b"{'execute':'qmp_capabilities','arguments':{'enable':['oob']}}",
            ),
        };
        for piece in rest.chunks(size) {
            output.extend(feed(&mut session, piece));
        }
        output
    });
    let [whole, pieces] = outputs;
    assert_eq!(whole, pieces, "{:?}", String::from_utf8_lossy(rest));
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

/// Feeds the session all of `input`. Returns the output.
pub(crate) fn feed(session: &mut Session, mut input: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    // Each step but the last serves at least one request, and a request has bytes.
    for _ in 0..=2 * input.len() + 2 {
        match session.advance(&mut input) {
            Advance::NeedInput => {
                assert!(input.is_empty(), "a session that needs more has consumed all");
                output.extend(checked_output(session));
                return output;
            }
            Advance::Ended => {
                output.extend(checked_output(session));
                return output;
            }
            Advance::OutputFull => output.extend(checked_output(session)),
            Advance::Call(_) | Advance::Busy => session.complete(None),
        }
    }
    panic!("the session does not consume its input");
}

/// The output of the session, which consists of messages.
fn checked_output(session: &Session) -> Vec<u8> {
    let (mut all, mut output) = (Vec::new(), Vec::new());
    while session.take_output(&mut output).expect("no events, so nothing overflows") {
        session.sent(output.len());
        for line in output.split_inclusive(|byte| *byte == b'\n') {
            assert!(line.is_ascii() && line.ends_with(b"\r\n"), "{line:?}");
            if let Err(error) = serde_json::from_slice::<Value>(line) {
                // serde_json has a limit of depth of its own.
                assert!(error.to_string().contains("recursion limit"), "{error}: {line:?}");
            }
        }
        all.append(&mut output);
    }
    all
}
