//! The schema as of an earlier release. Clients see and use no newer parts.

mod conflicts;
mod definitions;
mod every_release;
mod job_history;
mod package_releases;
mod sessions;

use std::sync::Arc;

use qapi_core::StateMap;
use qapi_core::session::SessionOptions;
use qapi_core::{Policy, Projection, Release, ServerVersion};

use crate::support::registry::registry_of;
use crate::support::session::SessionFixture;

/// The release 6.0, in which parts of `definitions` are new.
const NEW: Release = Release::new(6, 0, 0);

/// The release before [`NEW`].
const OLD: Release = Release::new(5, 2, 0);

/// A negotiated session with a server that presents `projection` under `policy`.
fn session_under(projection: impl Into<Projection>, policy: Policy) -> SessionFixture {
    let mut session = greeted(projection, policy);
    session.feed(r#"{"execute": "qmp_capabilities"}"#);
    session.output();
    session
}

/// Like [`session_under`], before the negotiation and with an unread greeting.
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
