//! The schema as of an earlier release: what is left out of it, and that all which tell of it
//! agree.

mod conflicts;
mod definitions;
mod job_history;
mod package_releases;
mod sessions;

use std::sync::Arc;

use qapi_core::StateMap;
use qapi_core::session::SessionOptions;
use qapi_core::{Policy, Projection, Release, ServerVersion};

use crate::support::registry::registry_of;
use crate::support::session::SessionFixture;

/// The release 6.0, from which on `definitions` has what is newer.
const NEW: Release = Release::new(6, 0, 0);

/// The one before.
const OLD: Release = Release::new(5, 2, 0);

/// A negotiated session with a server that presents `projection` under `policy`.
fn session_under(projection: impl Into<Projection>, policy: Policy) -> SessionFixture {
    let mut session = greeted(projection, policy);
    session.feed(r#"{"execute": "qmp_capabilities"}"#);
    session.output();
    session
}

/// The same before it negotiates, with the greeting unread.
fn greeted(projection: impl Into<Projection>, policy: Policy) -> SessionFixture {
    greeted_with(projection, policy, &SessionOptions::default())
}

fn greeted_with(
    projection: impl Into<Projection>,
    policy: Policy,
    options: &SessionOptions,
) -> SessionFixture {
    let mut states = StateMap::default();
    states.insert(Arc::new(policy));
    states.insert(Arc::new(ServerVersion::with_package("test 1.0")));
    let registry = registry_of("main::projection::definitions").project(projection).unwrap();
    SessionFixture::with_service(registry, states, options)
}

fn session(projection: impl Into<Projection>) -> SessionFixture {
    session_under(projection, Policy::new())
}
