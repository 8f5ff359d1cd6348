//! Commands without a body: declarations for clients, and their comparison with a server.

use std::borrow::Cow;

use qapi_core::client::{Client, ClientError, QapiCommand, compare_schema};
use qapi_core::introspection::Mask;
use qapi_core::{
    Definition, QapiEvent, qapi_command, qapi_enum, qapi_event, qapi_struct, testing,
};
use serde_json::json;

use super::lamp::service;
use crate::support::registry::registry_of;

/// The lamp, as a client in another crate declares it.
mod declared {
    use super::*;

    #[qapi_enum(register = false)]
    #[derive(Debug, PartialEq)]
    pub(super) enum LampMood {
        Dark,
        Bright,
    }

    #[qapi_struct(register = false)]
    #[derive(Debug, PartialEq)]
    pub(super) struct LampInfo {
        pub(super) brightness: i64,
        pub(super) mood: LampMood,
        pub(super) owner: Option<String>,
    }

    #[qapi_event(register = false)]
    pub(super) struct LampChanged {
        pub(super) lamp: LampInfo,
        pub(super) was: Option<i64>,
    }

    #[qapi_command]
    pub(super) fn query_lamp() -> LampInfo;

    #[qapi_command]
    pub(super) fn set_lamp(brightness: i64);

    #[qapi_command(returns_exception)]
    pub(super) fn describe_lamps(
        names: &[String],
        case: Cow<str>,
        first: serde_json::Value,
        owner: Option<&str>,
    ) -> Vec<String>;
}

/// The same command with types whose names hide a lifetime.
mod named {
    use super::*;

    type Text<'a> = Cow<'a, str>;
    type MaybeText<'a> = Option<Text<'a>>;

    #[qapi_command(returns_exception)]
    pub(super) fn describe_lamps(
        names: &[String],
        case: Text,
        first: serde_json::Value,
        owner: MaybeText,
    ) -> Vec<String>;
}

/// The lamp, with mistakes.
mod mistaken {
    use super::*;

    #[qapi_struct(register = false)]
    pub(super) struct LampInfo {
        pub(super) brightness: String,
        pub(super) mood: String,
        pub(super) colour: i64,
    }

    #[qapi_event(register = false)]
    pub(super) struct LampChanged {
        pub(super) was: i64,
    }

    #[qapi_command]
    pub(super) fn query_lamp() -> LampInfo;

    #[qapi_command]
    pub(super) fn set_lamp(brightness: Option<i64>, slowly: bool);

    #[qapi_command]
    pub(super) fn query_lamps() -> Vec<LampInfo>;
}

const DECLARED: [&Definition; 3] = [
    declared::query_lamp::DEFINITION,
    declared::set_lamp::DEFINITION,
    declared::LampChanged::DEFINITION,
];

const MISTAKEN: [&Definition; 4] = [
    mistaken::query_lamp::DEFINITION,
    mistaken::set_lamp::DEFINITION,
    mistaken::query_lamps::DEFINITION,
    mistaken::LampChanged::DEFINITION,
];

/// The differences of [`MISTAKEN`].
const DIFFERENCES: [&str; 7] = [
    "`LAMP_CHANGED.was`: it is optional for the server",
    "`query-lamp (return value).brightness`: the type is `string`, and for the server `int`",
    "`query-lamp (return value).colour`: the server does not have it",
    "`query-lamp (return value).mood`: the type is `string`, and for the server an enum",
    "`query-lamps`: the server has no such command",
    "`set-lamp.brightness`: the server requires it",
    "`set-lamp.slowly`: the server does not have it",
];

async fn client() -> Client {
    Client::over(testing::connect(&service())).await.unwrap()
}

#[tokio::test]
async fn a_declared_command_is_executed() {
    let mut client = client().await;
    client.execute(&declared::set_lamp::new(7)).await.unwrap();
    let lamp = client.execute(&declared::query_lamp::default()).await.unwrap();
    let mood = declared::LampMood::Bright;
    assert_eq!(lamp, declared::LampInfo { brightness: 7, mood, owner: None });
    assert_eq!(client.next::<declared::LampChanged>().await.unwrap().was, Some(0));

    let names = ["a".to_owned()];
    let first = json!({ "brightness": 1 });
    let describe = declared::describe_lamps::new(&names, "dark".into(), first).owner("me");
    let text = client.execute(&describe).await.unwrap();
    assert_eq!(text, [r#"["a"] dark LampSetting { brightness: 1 } Some("me") None None"#]);
}

#[tokio::test]
async fn the_name_of_a_type_may_hide_a_lifetime() {
    let (names, first) = (["a".to_owned()], json!({ "brightness": 1 }));
    let case = Cow::Borrowed("dark");
    let describe = named::describe_lamps { names: &names, case, first, owner: None };
    let text = client().await.execute(&describe).await.unwrap();
    assert_eq!(text, [r#"["a"] dark LampSetting { brightness: 1 } None None None"#]);
}

#[test]
fn a_declaration_is_no_command_of_the_program() {
    let registered = qapi_core::registry::registered();
    let found =
        registered.filter(|found| found.definition().source.module.contains("declarations"));
    assert_eq!(found.count(), 0);
}

#[tokio::test]
async fn a_server_is_compared_with_the_declarations() {
    let mut client = client().await;
    client.check_schema(&DECLARED).await.unwrap();
    let error = client.check_schema(&MISTAKEN).await.unwrap_err();
    let ClientError::Schema(differences) = error else { panic!("{error}") };
    let texts: Vec<_> = differences.iter().map(ToString::to_string).collect();
    assert_eq!(texts, DIFFERENCES);
}

#[test]
fn a_registry_is_compared_with_the_declarations() {
    let served = registry_of("main::client::lamp").introspect(Mask::Unmasked);
    assert_eq!(compare_schema(&DECLARED, &served), []);
    assert_eq!(compare_schema(&MISTAKEN, &served).len(), 7);
}

#[test]
fn a_package_knows_its_declarations() {
    let found = qapi_core::client::declarations(env!("CARGO_PKG_NAME"));
    let names: Vec<_> = found.iter().map(|definition| definition.part.name).collect();
    assert!(names.is_sorted(), "{names:?}");
    for declared in [declared::query_lamp::DEFINITION, declared::set_lamp::DEFINITION] {
        assert!(found.iter().any(|definition| std::ptr::eq(*definition, declared)));
    }
    // A command with a body is no declaration.
    assert!(!names.contains(&"macro-join"), "{names:?}");
    assert!(qapi_core::client::declarations("another-package").is_empty());
}
