//! Older definitions with parts of every kind that are new in release 6.0.

use qapi_core::prelude::*;
use qapi_core::{Events, Null, OpenValue};
use serde_json::{Map, Value};

/// A mode.
#[qapi_enum(since = "4.0")]
#[derive(Clone, Copy)]
enum PastMode {
    Slow,
    #[qapi(since = "6.0")]
    Fast,
    #[qapi(features(deprecated(since = "6.0")))]
    Silent,
}

/// An open enum.
#[qapi_enum(since = "4.0")]
#[derive(Clone, Copy)]
enum PastKind {
    Own,
    #[qapi(open)]
    Other(OpenValue<PastKind>),
}

/// Values of another crate.
#[qapi_enum(extends = PastKind)]
enum AddedKind {
    Plain,
    #[qapi(since = "6.0")]
    Newer,
    #[qapi(name = "__org.example_vendor", since = "6.0")]
    Vendor,
}

/// The members of slow things.
#[qapi_struct(since = "4.0")]
struct PastSlow {
    #[qapi(since = "6.0")]
    patience: Option<u8>,
}

/// The members of fast things.
#[qapi_struct(since = "6.0")]
struct PastFast {
    speed: u8,
}

/// A task.
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

/// Information with old and new members.
#[qapi_struct(since = "4.0")]
struct PastInfo {
    plain: bool,
    #[qapi(since = "6.0")]
    fast: Option<bool>,
    /// Always present since release 6.0.
    #[qapi(since = "6.0")]
    sure: PastSure,
    #[qapi(features(deprecated(since = "6.0"), odd(since = "6.0") = "It is."))]
    old: bool,
}

/// The type of a newer member.
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

/// Returns its arguments without checks.
#[qapi_command(gen = false, data = PastInfo, returns = PastInfo, since = "4.0")]
fn past_take_raw(arguments: Map<String, Value>) -> Value {
    arguments.into()
}

/// Returns information.
#[qapi_command(since = "4.0", features(deprecated(since = "6.0")))]
fn past_info() -> Vec<PastInfo> {
    vec![info()]
}

/// Returns information from another thread.
#[qapi_command(since = "4.0", blocking)]
fn past_info_elsewhere() -> PastInfo {
    info()
}

/// Returns newer values of an enum.
#[qapi_command(since = "4.0", returns_exception)]
fn past_info_kinds() -> Vec<PastMode> {
    PastMode::ALL.to_vec()
}

fn info() -> PastInfo {
    PastInfo { plain: true, fast: Some(true), sure: PastSure { yes: true }, old: true }
}

/// A newer command.
#[qapi_command(since = "6.0")]
fn past_new() -> PastSure {
    PastSure { yes: true }
}

/// A command without `since`.
#[qapi_command]
fn past_timeless() {}

/// A command of a vendor.
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
