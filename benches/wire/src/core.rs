//! The measured code of the framework: sessions without I/O, look-ups, start-up, and a server on a
//! socket.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use qapi_core::StateMap;
use qapi_core::observe::CallHook;
use qapi_core::registry::Registry;
use qapi_core::service::ServiceOptions;
use qapi_core::session::{Advance, Session, SessionOptions};
use qapi_core::{Listener, Server, Service};

use crate::commands::{definitions, registry};

/// The shapes of the measured requests, by name, with their replies.
const SHAPES: &[(&str, &[u8], &[u8])] = &[
    (
        "one",
        br#"{"execute":"bench-pause","arguments":{"id":"j0"},"id":17}"#,
        b"{\"return\": {}, \"id\": 17}\r\n",
    ),
    ("none", br#"{"execute":"bench-stop"}"#, b"{\"return\": {}}\r\n"),
    // Python's standard library writes these blanks, and libvirt such an id.
    (
        "two",
        concat!(
            r#"{"execute": "bench-set-speed", "#,
            r#""arguments": {"id": "j0", "speed": 65536}, "id": "libvirt-42"}"#,
        )
        .as_bytes(),
        b"{\"return\": {}, \"id\": \"libvirt-42\"}\r\n",
    ),
    ("nested", NESTED.as_bytes(), b"{\"return\": {}, \"id\": 17}\r\n"),
];

/// A request of 600 bytes, such as `blockdev-add` for an image with a backing file.
const NESTED: &str = concat!(
    r#"{"execute":"bench-add","arguments":{"options":{"driver":"qcow2","node-name":"disk0-format","#,
    r#""read-only":false,"discard":"unmap","cluster-size":65536,"#,
    r#""cache":{"direct":true,"no-flush":false},"#,
    r#""file":{"driver":"file","node-name":"disk0-storage","read-only":false,"discard":"unmap","#,
    r#""filename":"/var/lib/images/guests/disk0.qcow2","aio":"native","#,
    r#""cache":{"direct":true,"no-flush":false}},"#,
    r#""backing":{"driver":"qcow2","node-name":"base-format","read-only":true,"#,
    r#""file":{"driver":"file","node-name":"base-storage","read-only":true,"#,
    r#""filename":"/var/lib/images/base/debian-12-generic-amd64.qcow2"}}}},"id":17}"#,
);

/// A hook that does nothing.
pub(crate) struct EmptyHook;

impl CallHook for EmptyHook {}

/// Serves the request of this shape `count` times in one session among `commands` commands.
pub(crate) fn dispatch(shape: &str, count: usize, commands: usize, options: ServiceOptions) {
    let (_, request, reply) =
        SHAPES.iter().find(|(name, ..)| *name == shape).expect("core.rs lists the shapes");
    let service = Service::with_options(registry(commands), StateMap::default(), options)
        .expect("nothing is missing");
    let mut session = Session::new(Arc::new(service), &SessionOptions::default());
    let mut output = Vec::new();
    turn(&mut session, b"{\"execute\": \"qmp_capabilities\"}", &mut output);
    for _ in 0..count {
        turn(&mut session, request, &mut output);
        assert_eq!(output, *reply);
    }
}

fn turn(session: &mut Session, mut input: &[u8], output: &mut Vec<u8>) {
    let step = session.advance(&mut input);
    assert!(matches!(step, Advance::NeedInput));
    output.clear();
    session.take_output(output).expect("all was read");
    session.sent(output.len());
}

/// Looks up a command `count` times among `commands` commands.
pub(crate) fn look_up(count: usize, commands: usize) {
    let registry = registry(commands);
    for _ in 0..count {
        assert!(black_box(&registry).command(black_box("bench-pause")).is_some());
    }
}

/// Prints the time to create a service from `commands` linked definitions, in nanoseconds.
pub(crate) fn start_up(commands: usize) {
    let definitions = definitions(commands);
    let start = Instant::now();
    let registry = Registry::from_registrations(definitions).expect("no name comes twice");
    let service = Service::new(registry, StateMap::default()).expect("nothing is missing");
    let elapsed = start.elapsed();
    drop(black_box(service));
    println!("{}", elapsed.as_nanos());
}

/// Serves clients with `commands` commands until the process is killed.
pub(crate) fn serve(socket: &str, commands: usize) {
    let _ = std::fs::remove_file(socket);
    let listener = Listener::unix(socket).expect("the socket can be made");
    let server = Server::new().registry(registry(commands)).client_limit(10_000).listen(listener);
    server.run().expect("nothing is missing");
}
