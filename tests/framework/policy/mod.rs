//! Policies that restrict clients: access to commands, and compatibility.

mod access;
mod compat;
mod peer_credentials;

use std::sync::Arc;

use qapi_core::Policy;
use qapi_core::StateMap;
use qapi_core::session::SessionOptions;

use crate::support::registry::registry_of;
use crate::support::session::SessionFixture;

/// A negotiated session with the commands of `module` under `policy`.
fn session_under(policy: Policy, module: &str, options: &SessionOptions) -> SessionFixture {
    let mut states = StateMap::default();
    states.insert(Arc::new(policy));
    let mut session = SessionFixture::with_service(registry_of(module), states, options);
    session.feed(r#"{"execute": "qmp_capabilities"}"#);
    session.output();
    session
}
