//! The attributes in a crate whose modules have no names but their own.

#![no_implicit_prelude]

use ::core::prelude::v1::{Clone, Copy, Debug, derive, test};
use ::qmp::testing::TestClient;
use ::qmp::{qapi_alternate, qapi_command, qapi_enum, qapi_event, qapi_struct, qapi_union};
use ::std::option::Option;
use ::std::result::Result;
use ::std::string::String;

/// A kind of door.
#[qapi_enum(crate = ::qmp)]
#[derive(Debug, Clone, Copy)]
pub(crate) enum DoorKind {
    /// With a lock.
    Locked,
    /// Without one.
    Plain,
}

/// A lock.
#[qapi_struct(crate = ::qmp)]
#[derive(Debug)]
pub(crate) struct DoorLock {
    /// The number of its keys.
    #[qapi(default = 2)]
    pub keys: u16,
    /// When it locks.
    #[qapi(unit = "ms")]
    pub delay: Option<::std::time::Duration>,
}

/// A door.
#[qapi_union(crate = ::qmp, discriminator = "kind", tag = DoorKind)]
#[derive(Debug)]
pub(crate) enum Door {
    /// With a lock.
    Locked(DoorLock),
    /// Without one.
    Plain,
}

/// A door or its name.
#[qapi_alternate(crate = ::qmp)]
#[derive(Debug)]
pub(crate) enum DoorRef {
    /// The door.
    Door(DoorLock),
    /// The name.
    Name(String),
}

/// Emitted when a door opens.
#[qapi_event(crate = ::qmp)]
#[derive(Debug)]
pub(crate) struct DoorOpened {
    /// The number of keys.
    pub keys: u64,
}

/// Opens a door.
#[qapi_command(crate = ::qmp, client)]
pub(crate) fn door_open(
    #[qapi(state)] events: &::qmp::Events,
    /// The door.
    door: Door,
    /// Another.
    other: Option<DoorRef>,
    /// Why.
    #[qapi(default)]
    reason: &str,
) -> Result<DoorLock, String> {
    let (Door::Locked(lock), Option::None) = (door, other) else {
        return Result::Err(::std::convert::From::from(reason));
    };
    events.emit(&DoorOpened { keys: ::core::convert::From::from(lock.keys) });
    Result::Ok(lock)
}

/// Waits on another thread.
#[qapi_command(crate = ::qmp, blocking, deadline = "5s")]
pub(crate) fn door_wait(
    names: &[String],
    #[qapi(cancellation)] token: &::qmp::call::Cancellation,
) {
    let _ = (names, token);
}

#[test]
fn commands_work() {
    let runtime = ::tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = Result::ok(runtime).expect("a runtime starts");
    let registry = ::qmp::Registry::collect().expect("the definitions have no conflicts");
    let states = ::core::default::Default::default();
    let service = ::qmp::Service::new(registry, states);
    let service = ::std::sync::Arc::new(service.expect("no state is missing"));
    let _guard = runtime.enter();
    let mut client = runtime.block_on(TestClient::negotiated(&service));
    for (request, reply) in [
        ("{'execute': 'door-open', 'arguments': {'door': {'kind': 'locked'}}}", "{\"keys\":2}"),
        (
            "{'execute': 'door-open', 'arguments': {'door': {'kind': 'plain'}, 'reason': 'no'}}",
            "\"desc\":\"no\"",
        ),
        ("{'execute': 'door-wait', 'arguments': {'names': ['a']}}", "{}"),
    ] {
        let answer = runtime.block_on(client.ask(request));
        let answer = ::std::string::ToString::to_string(&answer);
        ::std::assert!(answer.contains(reply), "{}: {}", request, answer);
    }
    let event = runtime.block_on(client.event("DOOR_OPENED"));
    ::std::assert_eq!(::std::string::ToString::to_string(&event), "{\"keys\":2}");
}
