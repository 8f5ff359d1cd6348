//! The phase before the daemon is configured (`--preconfig`).

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

/// A session of a server in `phase`. It has negotiated.
fn session_in(phase: Preconfig) -> SessionFixture {
    let mut states = StateMap::default();
    states.insert(Arc::new(phase));
    let registry = registry_of("main::session::preconfig");
    let mut session = SessionFixture::with_service(registry, states, &SessionOptions::default());
    session.output();
    session.negotiate(true);
    session
}

/// The class and text of the error reply to `message`, if it is one.
fn refusal(session: &mut SessionFixture, message: &Value) -> Option<(String, String)> {
    session.feed(message.to_string());
    let reply: Value = serde_json::from_str(&session.output()).unwrap();
    let text = |key: &str| reply["error"][key].as_str().map(str::to_owned);
    Some((text("class")?, text("desc")?))
}

#[test]
fn a_command_is_refused_in_the_phase_unless_it_allows_preconfig() {
    let late = json!({ "execute": "preconfig-late", "arguments": { "word": "a" } });
    let exit = json!({ "execute": "preconfig-exit" });
    let mut session = session_in(Preconfig::begin());

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
fn an_unknown_command_is_not_found_in_any_phase() {
    let message = json!({ "execute": "preconfig-none" });
    let (class, _) = refusal(&mut session_in(Preconfig::begin()), &message).unwrap();
    assert_eq!(class, "CommandNotFound");
}

#[test]
fn a_server_is_configured_by_default() {
    let late = json!({ "execute": "preconfig-late", "arguments": { "word": "a" } });
    assert_eq!(refusal(&mut session_in(Preconfig::default()), &late), None);
}
