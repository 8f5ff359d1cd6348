//! Definitions in a module without the names of the prelude.
#![no_implicit_prelude]
#![allow(dead_code, reason = "only some of the items are used")]

use ::qapi_core::{qapi_alternate, qapi_command, qapi_enum, qapi_event, qapi_struct, qapi_union};
use ::std::convert::Into;
use ::std::option::Option;

/// A struct.
#[qapi_struct]
struct MacroBareInfo {
    #[qapi(default = 5)]
    size: i64,
    known: Option<bool>,
    #[qapi(default)]
    level: u8,
    #[qapi(unit = "ms")]
    wait: Option<::std::time::Duration>,
}

/// An enum.
#[qapi_enum]
enum MacroBareKind {
    Info,
    #[qapi(since = "1.0")]
    Nothing,
}

/// A union.
#[qapi_union(discriminator = "type", tag = MacroBareKind)]
enum MacroBareUnion {
    Info(MacroBareInfo),
    Nothing,
}

/// An alternate.
#[qapi_alternate]
enum MacroBareChoice {
    Text(::std::string::String),
    Info(MacroBareInfo),
}

/// An event.
#[qapi_event(rate_limit = "1s", key = "count")]
struct MacroBareChanged {
    count: i64,
}

/// A command.
#[qapi_command(client)]
fn macro_bare_inline(
    text: &str,
    other: Option<&str>,
    numbers: &[i64],
    #[qapi(default = 5)] size: i64,
) -> MacroBareInfo {
    let _ = (text, other, numbers);
    MacroBareInfo { size, known: Option::None, level: 0, wait: Option::None }
}

/// A command.
#[qapi_command(client, blocking)]
fn macro_bare_blocking(union: MacroBareUnion) -> ::qapi_core::Result<()> {
    let _ = union;
    ::std::result::Result::Ok(())
}

/// A command.
#[qapi_command(client)]
async fn macro_bare_async(text: &str, #[qapi(fd)] file: Option<::std::os::fd::OwnedFd>) {
    let _ = (text, file);
}

/// A command of another program.
#[qapi_command]
fn macro_bare_declared(choice: MacroBareChoice, number: Option<i64>) -> MacroBareInfo;

#[test]
fn commands_have_their_defaults() {
    let arguments = ::serde_json::json!({ "text": "a", "numbers": [] });
    let reply = super::execute("macro-bare-inline", arguments);
    let expected = ::serde_json::json!({ "size": 5, "level": 0 });
    ::std::assert_eq!(reply, ::std::result::Result::Ok(expected));
    let command = macro_bare_inline::new("a", &[]).size(6);
    ::std::assert!(command.size == Option::Some(6) && command.other.is_none());
}
