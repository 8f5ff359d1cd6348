//! The phase before the daemon is configured.

use std::sync::Arc;

use qapi_core::StateMap;
use qapi_core::prelude::*;
use qapi_core::session::SessionOptions;
use qapi_core::{Preconfig, Result};
use serde_json::{Value, json};

use crate::support::registry::registry_of;
use crate::support::session::SessionFixture;

#[qapi_command(allow_preconfig)]
fn preconfig_exit(#[qapi(state)] preconfig: &Preconfig) -> Result<()> {
    if preconfig.exit() { Ok(()) } else { Err("it is over".into()) }
}

#[qapi_command(allow_oob)]
fn preconfig_late(word: &str) {
    let _ = word;
}

/// A negotiated session of a server in `phase`.
fn talk_in(phase: Preconfig) -> SessionFixture {
    let mut states = StateMap::default();
    states.insert(Arc::new(phase));
    let registry = registry_of("main::session::preconfig");
    let mut session = SessionFixture::with_service(registry, states, &SessionOptions::default());
    session.output();
    session.negotiate(true);
    session
}

/// The class and text of the error that `message` is answered with, or nothing.
fn refusal(session: &mut SessionFixture, message: &Value) -> Option<(String, String)> {
    session.feed(&message.to_string());
    let reply: Value = serde_json::from_str(&session.output()).unwrap();
    let text = |key: &str| reply["error"][key].as_str().map(str::to_owned);
    Some((text("class")?, text("desc")?))
}

#[test]
fn a_command_waits_for_its_end_unless_it_may_be_executed_before() {
    let late = json!({ "execute": "preconfig-late", "arguments": { "word": "a" } });
    let exit = json!({ "execute": "preconfig-exit" });
    let mut session = talk_in(Preconfig::begin());

    let text = "The command 'preconfig-late' is permitted only after machine initialization has \
                completed";
    let too_early = Some(("GenericError".to_owned(), text.to_owned()));
    assert_eq!(refusal(&mut session, &late), too_early);
    let out_of_band = json!({ "exec-oob": "preconfig-late", "arguments": {} });
    assert_eq!(
        refusal(&mut session, &out_of_band),
        too_early,
        "before its arguments are looked at"
    );
    assert_eq!(refusal(&mut session, &json!({ "execute": "query-commands" })), None);

    assert_eq!(refusal(&mut session, &exit), None);
    assert_eq!(refusal(&mut session, &late), None);
    let again = Some(("GenericError".to_owned(), "it is over".to_owned()));
    assert_eq!(refusal(&mut session, &exit), again);
}

#[test]
fn what_is_not_there_is_not_found_in_any_phase() {
    let message = json!({ "execute": "preconfig-none" });
    let (class, _) = refusal(&mut talk_in(Preconfig::begin()), &message).unwrap();
    assert_eq!(class, "CommandNotFound");
}

#[test]
fn a_server_is_past_it_unless_told_otherwise() {
    let late = json!({ "execute": "preconfig-late", "arguments": { "word": "a" } });
    assert_eq!(refusal(&mut talk_in(Preconfig::default()), &late), None);
}
