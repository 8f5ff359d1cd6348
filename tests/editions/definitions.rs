//! One definition of each kind, in Rust that every edition has.

use qmp::testing::TestClient;
use qmp::{qapi_alternate, qapi_command, qapi_enum, qapi_event, qapi_struct, qapi_union};
use qmp::{Events, Registry, Service, StateMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

/// A kind of lamp.
#[qapi_enum(crate = qmp)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum LampKind {
    /// One colour.
    Plain,
    /// Any colour.
    Coloured,
}

/// A colour.
#[qapi_struct(crate = qmp)]
#[derive(Debug)]
pub(crate) struct Colour {
    /// The hue in degrees.
    #[qapi(default = 120)]
    pub hue: u16,
}

/// A lamp.
#[qapi_union(crate = qmp, discriminator = "kind", tag = LampKind)]
#[derive(Debug)]
pub(crate) enum Lamp {
    /// A plain one.
    Plain,
    /// A coloured one.
    Coloured(Colour),
}

/// The name of a lamp, or all lamps of a colour.
#[qapi_alternate(crate = qmp)]
#[derive(Debug)]
pub(crate) enum LampRef {
    /// The colour.
    Coloured(Colour),
    /// The name.
    Name(String),
}

/// Emitted when a lamp is lit.
#[qapi_event(crate = qmp)]
#[derive(Debug)]
pub(crate) struct LampLit {
    /// How many are lit.
    pub lit: u64,
}

/// How many lamps are lit.
#[derive(Default)]
pub(crate) struct Lit(AtomicU64);

/// Lights a lamp.
#[qapi_command(crate = qmp)]
pub(crate) fn lamp_light(
    #[qapi(state)] lit: &Lit,
    #[qapi(state)] events: &Events,
    /// The lamp.
    #[qapi(name = "ref")]
    by: LampRef,
    /// What it is.
    lamp: Option<Lamp>,
) -> Result<Colour, String> {
    if let LampRef::Name(name) = by {
        return Err(format!("Lamp '{}' not found", name));
    }
    let lit = lit.0.fetch_add(1, Ordering::Relaxed) + 1;
    events.emit(&LampLit { lit: lit });
    match lamp {
        Some(Lamp::Coloured(colour)) => Ok(colour),
        Some(Lamp::Plain) | None => Ok(Colour { hue: 0 }),
    }
}

/// Waits on another thread.
#[qapi_command(crate = qmp, blocking)]
pub(crate) fn lamp_wait(names: &[String]) -> Vec<Colour> {
    names.iter().map(|name| Colour { hue: name.len() as u16 }).collect()
}

/// Executes the commands.
pub(crate) fn commands_work() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let mut states = StateMap::default();
    states.insert(Arc::new(Lit::default()));
    let service = Arc::new(Service::new(Registry::collect().unwrap(), states).unwrap());
    let runtime = runtime.unwrap();
    let _guard = runtime.enter();
    let mut client = runtime.block_on(TestClient::negotiated(&service));
    for &(request, reply) in &[
        (
            "{'execute': 'lamp-light', 'arguments': {'ref': {}, 'lamp': {}}}",
            "Parameter 'lamp.kind' is missing",
        ),
        ("{'execute': 'lamp-light', 'arguments': {'ref': 'a'}}", "Lamp 'a' not found"),
        ("{'execute': 'lamp-wait', 'arguments': {'names': ['a']}}", r#"[{"hue":1}]"#),
        (
            "{'execute': 'lamp-light', 'arguments': {'ref': {}, 'lamp': {'kind': 'coloured'}}}",
            r#"{"hue":120}"#,
        ),
    ] {
        let answer = runtime.block_on(client.ask(request)).to_string();
        assert!(answer.contains(reply), "{}: {}", request, answer);
    }
    let event = runtime.block_on(client.event("LAMP_LIT"));
    assert_eq!(event.to_string(), r#"{"lit":1}"#);
}
