use qapi_core::call::Handler;
use qapi_core::schema::definition::{Arguments, Command, DefinitionKind, SectionKind};
use qapi_core::{Error, ErrorClass, Result, qapi_command};
use serde_json::json;

use super::enum_::MacroStage;
use super::struct_::MacroBase;
use super::{execute, name_of, registered, registry};

/// Joins its arguments.
///
/// # Returns
/// The whole text.
///
/// # Examples
/// ```text
/// # Errors
/// ```
#[qapi_command(since = "4.0", features(unstable), allow_oob, allow_preconfig, returns_exception)]
fn macro_join(
    /// The beginning.
    first: &str,
    #[qapi(name = "part-2", since = "4.1", features(deprecated))] second: Option<&str>,
    r#type: Option<MacroStage>,
) -> String {
    let kind = r#type.map_or("none", |stage| stage.as_str());
    format!("{first}{}{kind}", second.unwrap_or("-"))
}

/// Takes the members of a struct.
#[qapi_command(boxed, returns_exception)]
fn macro_boxed(base: &MacroBase) -> u64 {
    base.size_hint.unwrap_or(0)
}

#[qapi_command]
fn macro_nothing() {}

#[qapi_command]
fn macro_fails(how: &str) -> Result<(), Failure> {
    Err(Failure(how.to_owned()))
}

#[qapi_command(returns_exception)]
async fn macro_later(first: &str, second: Option<&str>, stages: &[MacroStage]) -> Result<String> {
    tokio::task::yield_now().await;
    Ok(format!("{first}{}{}", second.unwrap_or("-"), stages.len()))
}

#[qapi_command(blocking, returns_exception)]
fn macro_elsewhere(first: &str, second: Option<&[i64]>) -> Result<Vec<String>, String> {
    match second {
        Some(numbers) => Ok(numbers.iter().map(|number| format!("{first}{number}")).collect()),
        None => Err("nothing to do".to_owned()),
    }
}

#[qapi_command(success_response = false, name = "macro_odd", name_exception)]
fn macro_silent() -> Result<()> {
    Ok(())
}

/// An error type of the application.
struct Failure(String);

impl From<Failure> for Error {
    fn from(Failure(how): Failure) -> Self {
        Self::with_class(ErrorClass::DeviceNotFound, how)
    }
}

fn command(name: &str) -> &'static Command {
    match &registered(name).kind {
        DefinitionKind::Command(command) => command,
        kind => panic!("expected: a command, found: {kind:?}"),
    }
}

#[test]
fn the_function_stays_a_function() {
    assert_eq!(macro_join("a", None, Some(MacroStage::Qcow2)), "a-qcow2");
    assert_eq!(macro_boxed(&MacroBase { id: String::new(), size_hint: Some(7) }), 7);
    macro_nothing();
    macro_silent().unwrap();
}

#[test]
fn arguments_reach_the_function() {
    let arguments = json!({ "first": "a", "part-2": "b", "type": "not-yet" });
    assert_eq!(execute("macro-join", arguments), Ok(json!("abnot-yet")));
    assert_eq!(execute("macro-join", json!({ "first": "a" })), Ok(json!("a-none")));
    assert_eq!(execute("macro-boxed", json!({ "id": "a", "size-hint": 9 })), Ok(json!(9)));
    assert_eq!(execute("macro-nothing", json!({})), Ok(json!({})));
}

#[test]
fn arguments_reach_an_async_function() {
    let arguments = json!({ "first": "a", "second": "b", "stages": ["2nd", "2nd"] });
    assert_eq!(execute("macro-later", arguments), Ok(json!("ab2")));
    assert_eq!(execute("macro-later", json!({ "first": "a", "stages": [] })), Ok(json!("a-0")));
}

#[test]
fn arguments_reach_a_blocking_function() {
    let arguments = json!({ "first": "a", "second": [1, 2] });
    assert_eq!(execute("macro-elsewhere", arguments), Ok(json!(["a1", "a2"])));
}

#[test]
fn errors_are_returned_in_every_mode() {
    assert_eq!(execute("macro-fails", json!({ "how": "so" })), Err("so".to_owned()));
    let text = Err("nothing to do".to_owned());
    assert_eq!(execute("macro-elsewhere", json!({ "first": "a" })), text);
}

#[test]
fn invalid_arguments_are_refused_in_the_order_of_parameters() {
    for (arguments, text) in [
        (json!({}), "Parameter 'first' is missing"),
        (json!({ "odd": 1 }), "Parameter 'first' is missing"),
        (json!({ "first": 1, "odd": 1 }), "Invalid parameter type for 'first', expected: string"),
        (
            json!({ "type": 1, "part-2": null, "first": "a" }),
            "Invalid parameter type for 'part-2', expected: string",
        ),
        (json!({ "first": "a", "type": "x" }), "Parameter 'type' does not accept value 'x'"),
        (json!({ "first": "a", "odd": 1 }), "Parameter 'odd' is unexpected"),
        (json!({ "first": "a", "second": "b" }), "Parameter 'second' is unexpected"),
    ] {
        assert_eq!(execute("macro-join", arguments), Err(text.to_owned()));
    }
    for (command, text) in [
        ("macro-nothing", "Parameter 'odd' is unexpected"),
        ("macro-boxed", "Parameter 'id' is missing"),
        ("macro-later", "Parameter 'first' is missing"),
        ("macro-elsewhere", "Parameter 'first' is missing"),
    ] {
        assert_eq!(execute(command, json!({ "odd": 1 })), Err(text.to_owned()), "{command}");
    }
}

#[test]
fn the_definition_has_all_parts() {
    let definition = registered("macro-join");
    assert_eq!((definition.doc, definition.since), ("Joins its arguments.", Some("4.0")));
    assert_eq!(definition.features[0].name, "unstable");
    assert_eq!(definition.source.line, 19);
    let Command { arguments, allow_oob, allow_preconfig, success_response, .. } =
        command("macro-join");
    assert_eq!(definition.section(SectionKind::Returns), Some("The whole text."));
    assert_eq!(definition.section(SectionKind::Errors), None);
    let example = "```text\n# Errors\n```";
    assert_eq!(definition.section(SectionKind::Examples), Some(example));
    assert_eq!((*allow_oob, *allow_preconfig, *success_response), (true, true, true));
    let Arguments::Members(members) = arguments else { panic!("expected: listed members") };
    let shown: Vec<_> =
        members.iter().map(|one| (one.name, name_of(one.ty), one.optional)).collect();
    let expected = [
        ("first", "str".to_owned(), false),
        ("part-2", "str".to_owned(), true),
        ("type", "MacroStage".to_owned(), true),
    ];
    assert_eq!(shown, expected);
    assert_eq!(members[0].doc, "The beginning.");
    assert_eq!((members[1].since, members[1].features[0].name), (Some("4.1"), "deprecated"));
}

#[test]
fn the_handler_has_the_execution_mode() {
    let registry = registry();
    let handler = |name| registry.handler(name).unwrap();
    assert!(matches!(handler("macro-join"), Handler::Inline(_)));
    assert!(matches!(handler("macro-later"), Handler::Async(_)));
    assert!(matches!(handler("macro-elsewhere"), Handler::Blocking(_)));
}

#[test]
fn the_definition_has_the_return_type() {
    let returns = |name| command(name).returns.get();
    assert!(returns("macro-nothing").is_none());
    assert!(returns("macro-fails").is_none());
    assert!(returns("macro-join").is_some());
    assert!(!command("macro_odd").success_response);
    let Arguments::Type(ty) = command("macro-boxed").arguments else {
        panic!("expected: a type")
    };
    assert_eq!(name_of(ty), "MacroBase");
}
