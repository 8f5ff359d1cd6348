//! Arguments checked as QEMU checks them: order, paths and words.

mod definitions;
mod recorded;
mod widths;

use std::sync::Arc;

use qapi_core::Service;
use qapi_core::context::States;
use qapi_core::session::{Advance, Session, SessionOptions};
use serde_json::Value;

use crate::registered::registry_of;

/// A session that has negotiated and knows the commands of this module.
fn negotiated() -> Session {
    let service = Service::new(registry_of(module_path!()), States::default()).unwrap();
    let mut session = Session::new(Arc::new(service), &SessionOptions::default());
    assert_eq!(answers(&mut session, br#"{"execute": "qmp_capabilities"}"#).len(), 2);
    session
}

/// What the session says to `input`.
fn answers(session: &mut Session, mut input: &[u8]) -> Vec<Value> {
    let step = session.advance(&mut input);
    assert!(matches!(step, Advance::NeedInput), "{step:?}");
    let (mut said, mut buffer) = (Vec::new(), Vec::new());
    while session.take_output(&mut buffer).unwrap() {
        session.sent(buffer.len());
        said.append(&mut buffer);
    }
    said.split_inclusive(|byte| *byte == b'\n')
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}
