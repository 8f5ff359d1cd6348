//! What reaches a function besides its arguments.

use std::any::TypeId;
use std::sync::Arc;

use qapi_core::descriptor::{Arguments, DefinitionKind};
use qapi_core::{ServerVersion, SessionContext, qapi_command};
use serde_json::json;

use super::{execute, registered};

#[qapi_command]
fn macro_state(
    #[qapi(state)] version: &ServerVersion,
    text: &str,
    #[qapi(state)] shared: Arc<ServerVersion>,
    #[qapi(session)] session: &SessionContext,
    #[qapi(session)] shared_session: Arc<SessionContext>,
) -> bool {
    let _ = text;
    version.package == shared.package && session.id() == shared_session.id()
}

#[qapi_command]
async fn macro_state_later(
    #[qapi(state)] version: &ServerVersion,
    #[qapi(state)] shared: Arc<ServerVersion>,
    mut text: String,
    #[qapi(session)] session: &SessionContext,
    #[qapi(session)] shared_session: Arc<SessionContext>,
) -> String {
    text.push_str(&version.package);
    assert_eq!(version.package, shared.package);
    assert_eq!(session.id(), shared_session.id());
    text
}

#[qapi_command(blocking)]
fn macro_state_elsewhere(
    #[qapi(session)] session: &SessionContext,
    #[qapi(state)] version: &ServerVersion,
) -> String {
    assert!(session.is_negotiated());
    version.package.clone()
}

#[test]
fn state_and_session_reach_the_function() {
    assert_eq!(execute("macro-state", json!({ "text": "" })), Ok(json!(true)));
    assert_eq!(execute("macro-state-later", json!({ "text": "a" })), Ok(json!("atest 1.0")));
    assert_eq!(execute("macro-state-elsewhere", json!({})), Ok(json!("test 1.0")));
}

#[test]
fn they_are_no_arguments() {
    let DefinitionKind::Command(command) = &registered("macro-state").kind else {
        panic!("no command")
    };
    let Arguments::Members(members) = command.arguments else { panic!("no members") };
    assert_eq!(members.iter().map(|member| member.name).collect::<Vec<_>>(), ["text"]);
    let text = Err("Parameter 'version' is unexpected".to_owned());
    assert_eq!(execute("macro-state", json!({ "text": "", "version": "" })), text);
}

#[test]
fn the_definition_says_which_state_is_wanted() {
    let DefinitionKind::Command(command) = &registered("macro-state").kind else {
        panic!("no command")
    };
    let needs: Vec<_> = command.needs.iter().map(|need| (need.type_id)()).collect();
    assert_eq!(needs, [TypeId::of::<ServerVersion>(); 2]);
    assert!((command.needs[0].type_name)().ends_with("ServerVersion"));
}
