//! Parameters that the framework passes: state and session. They are not arguments of the command.

use std::any::TypeId;
use std::sync::Arc;

use qapi_core::schema::definition::{Arguments, DefinitionKind};
use qapi_core::{ServerVersion, SessionContext, qapi_command};
use serde_json::json;

use super::{execute, registered};

#[qapi_command(returns_exception)]
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

#[qapi_command(returns_exception)]
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

#[qapi_command(blocking, returns_exception)]
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
fn injected_parameters_are_not_arguments() {
    let DefinitionKind::Command(command) = &registered("macro-state").kind else {
        panic!("expected: a command")
    };
    let Arguments::Members(members) = command.arguments else {
        panic!("expected: listed members")
    };
    assert_eq!(members.iter().map(|member| member.name).collect::<Vec<_>>(), ["text"]);
    let text = Err("Parameter 'version' is unexpected".to_owned());
    assert_eq!(execute("macro-state", json!({ "text": "", "version": "" })), text);
}

#[test]
fn the_definition_names_the_required_state() {
    let DefinitionKind::Command(command) = &registered("macro-state").kind else {
        panic!("expected: a command")
    };
    let needs: Vec<_> = command.requires.iter().map(|need| need.type_id()).collect();
    assert_eq!(needs, [TypeId::of::<ServerVersion>(); 2]);
    assert!(command.requires[0].type_name().ends_with("ServerVersion"));
}

/// A command that joins its arguments. Its parameters have the names that expansions generate,
/// without `__`.
macro_rules! use_generated_names {
    ([$($kind:ident)?] $command:ident [$($keyword:tt)*]) => {
        #[qapi_command(returns_exception $(, $kind)?)]
        $($keyword)* fn $command(
            #[qapi(state)] context: &ServerVersion,
            #[qapi(features(unstable))] object: Option<String>,
            out: String,
            style: &str,
            qapi: &str,
            optional: Option<&str>,
            #[qapi(session)] members: &SessionContext,
        ) -> String {
            assert!(members.is_negotiated());
            let optional = optional.unwrap_or_default();
            let object = object.unwrap_or_default();
            format!("{}{object}{out}{style}{qapi}{optional}", context.package)
        }
    };
}

use_generated_names!([] macro_generated_names []);
use_generated_names!([blocking] macro_generated_names_elsewhere []);
use_generated_names!([] macro_generated_names_later [async]);

#[test]
fn parameters_may_have_the_names_that_expansions_generate() {
    let arguments = json!({
        "object": "a", "out": "b", "style": "c", "qapi": "d", "optional": "e",
    });
    for command in [
        "macro-generated-names",
        "macro-generated-names-elsewhere",
        "macro-generated-names-later",
    ] {
        assert_eq!(execute(command, arguments.clone()), Ok(json!("test 1.0abcde")), "{command}");
    }
}
