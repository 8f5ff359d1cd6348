//! What the operator of a server allows.

mod access;
mod compat;
mod foreign;

use std::sync::Arc;

use qapi_core::Policy;
use qapi_core::context::States;
use qapi_core::session::SessionOptions;

use crate::registered::registry_of;
use crate::session::talk::Talk;

/// A negotiated session with the commands of `module`, under `policy`.
fn talk_under(policy: Policy, module: &str, options: &SessionOptions) -> Talk {
    let mut states = States::default();
    states.insert(Arc::new(policy));
    let mut talk = Talk::with_service(registry_of(module), states, options);
    talk.hear(r#"{"execute": "qmp_capabilities"}"#);
    talk.said();
    talk
}
