//! Something of every kind that came with release 6.0, in what was there before.

use qapi_core::prelude::*;
use qapi_core::{Events, Null, OpenValue};
use serde_json::{Map, Value};

/// How something is done.
#[qapi_enum(since = "4.0")]
#[derive(Clone, Copy)]
enum PastMode {
    Slow,
    #[qapi(since = "6.0")]
    Fast,
    #[qapi(features(deprecated(since = "6.0")))]
    Silent,
}

/// What is added to by others.
#[qapi_enum(since = "4.0")]
#[derive(Clone, Copy)]
enum PastKind {
    Own,
    #[qapi(open)]
    Other(OpenValue<PastKind>),
}

/// What others add.
#[qapi_enum(extends = PastKind)]
enum AddedKind {
    Plain,
    #[qapi(since = "6.0")]
    Newer,
    #[qapi(name = "__org.example_vendor", since = "6.0")]
    Vendor,
}

/// What slow things have.
#[qapi_struct(since = "4.0")]
struct PastSlow {
    #[qapi(since = "6.0")]
    patience: Option<u8>,
}

/// What fast things have.
#[qapi_struct(since = "6.0")]
struct PastFast {
    speed: u8,
}

/// Something to do.
#[qapi_union(discriminator = "mode", tag = PastMode, since = "4.0")]
enum PastTask {
    Slow(PastSlow),
    Fast(PastFast),
    Silent,
}

/// A thing by its name, or none.
#[qapi_alternate(since = "4.0")]
enum PastReference {
    Name(String),
    #[qapi(since = "6.0")]
    Nothing(Null),
}

/// What there is to tell.
#[qapi_struct(since = "4.0")]
struct PastInfo {
    plain: bool,
    #[qapi(since = "6.0")]
    fast: Option<bool>,
    /// Always there, from then on.
    #[qapi(since = "6.0")]
    sure: PastSure,
    #[qapi(features(deprecated(since = "6.0"), odd(since = "6.0") = "It is."))]
    old: bool,
}

/// What came with a member.
#[qapi_struct(since = "6.0")]
struct PastSure {
    yes: bool,
}

/// Takes things.
#[qapi_command(since = "4.0")]
fn past_take(
    mode: Option<PastMode>,
    task: Option<PastTask>,
    thing: Option<PastReference>,
    kind: Option<PastKind>,
    #[qapi(since = "6.0")] more: Option<bool>,
    #[qapi(since = "6.0", unit = "ms")] timeout: Option<std::time::Duration>,
    #[qapi(features(deprecated(since = "6.0")))] less: Option<bool>,
) {
    let _ = (mode, task, thing, kind, more, timeout, less);
}

/// Takes whatever there is, and gives it back.
#[qapi_command(gen = false, data = PastInfo, returns = PastInfo, since = "4.0")]
fn past_take_raw(arguments: Map<String, Value>) -> Value {
    arguments.into()
}

/// Tells.
#[qapi_command(since = "4.0", features(deprecated(since = "6.0")))]
fn past_tell() -> Vec<PastInfo> {
    vec![info()]
}

/// Tells from another thread.
#[qapi_command(since = "4.0", blocking)]
fn past_tell_elsewhere() -> PastInfo {
    info()
}

/// Tells what is newer than its caller knows of.
#[qapi_command(since = "4.0", returns_exception)]
fn past_tell_kinds() -> Vec<PastMode> {
    PastMode::ALL.to_vec()
}

fn info() -> PastInfo {
    PastInfo { plain: true, fast: Some(true), sure: PastSure { yes: true }, old: true }
}

/// Came with what is newer.
#[qapi_command(since = "6.0")]
fn past_new() -> PastSure {
    PastSure { yes: true }
}

/// Nobody knows when it came.
#[qapi_command]
fn past_timeless() {}

/// The vendor's own.
#[qapi_command(name = "__org.example_past", since = "2024.1")]
fn past_vendor(#[qapi(since = "2024.2")] more: Option<bool>) {
    let _ = more;
}

/// Emitted on request.
#[qapi_event(since = "4.0")]
struct PastHappened {
    plain: bool,
    #[qapi(since = "6.0")]
    sure: PastSure,
}

/// Emitted on request.
#[qapi_event(since = "6.0")]
struct PastNews;

/// Emits both events.
#[qapi_command(since = "4.0")]
fn past_emit(#[qapi(state)] events: &Events) {
    events.emit(&PastNews);
    events.emit(&PastHappened { plain: true, sure: PastSure { yes: true } });
}
