use qapi_core::schema::definition::{Builtin, DefinitionKind, Member, Part};
use qapi_core::{Type, qapi_struct};
use serde_json::json;

use super::enum_::MacroStage;
use super::{definition_of, name_of, read, refusal, write};

/// A base.
#[qapi_struct]
#[derive(Debug, PartialEq)]
pub(super) struct MacroBase {
    /// The identifier.
    pub(super) id: String,
    pub(super) size_hint: Option<u64>,
}

/// A struct with every kind of member.
#[qapi_struct(since = "1.0")]
#[derive(Debug, PartialEq)]
struct MacroInfo {
    #[qapi(base)]
    base: MacroBase,
    /// The stage.
    #[qapi(since = "1.5", features(unstable))]
    stage: MacroStage,
    r#type: Option<bool>,
    #[qapi(name = "other_ones", name_exception)]
    others: Option<Vec<MacroNested>>,
}

#[qapi_struct]
#[derive(Debug, PartialEq)]
struct MacroNested {
    inner: Option<Box<MacroNested>>,
}

#[qapi_struct]
#[derive(Debug, PartialEq)]
struct MacroEmpty {}

#[test]
fn members_are_read_and_written_base_first() {
    let text = r#"{"id":"a","size-hint":7,"stage":"qcow2","type":true,"other_ones":[{}]}"#;
    let info: MacroInfo = read(serde_json::from_str(text).unwrap()).unwrap();
    assert_eq!(info.base, MacroBase { id: "a".to_owned(), size_hint: Some(7) });
    assert_eq!(info.others.as_deref(), Some(&[MacroNested { inner: None }][..]));
    assert_eq!(write(&info), text);
}

#[test]
fn absent_members_are_none_and_not_written() {
    let info: MacroInfo = read(json!({ "stage": "2nd", "id": "a" })).unwrap();
    assert_eq!(info.r#type, None);
    assert_eq!(write(&info), r#"{"id":"a","stage":"2nd"}"#);
    assert_eq!(write(&read::<MacroEmpty>(json!({})).unwrap()), "{}");
}

#[test]
fn errors_are_found_in_the_order_of_members() {
    let refusal = |json| refusal::<MacroInfo>(json);
    for (json, text) in [
        (json!({}), "Parameter 'id' is missing"),
        (json!({ "id": 1 }), "Invalid parameter type for 'id', expected: string"),
        (json!({ "id": "a", "size-hint": "1" }), "Parameter 'size-hint' expects uint64"),
        (json!({ "id": "a", "odd": 1 }), "Parameter 'stage' is missing"),
        (
            json!({ "id": "a", "stage": "third" }),
            "Parameter 'stage' does not accept value 'third'",
        ),
        (json!({ "id": "a", "stage": "2nd", "odd": 1 }), "Parameter 'odd' is unexpected"),
        (
            json!({ "id": "a", "stage": "2nd", "other_ones": [{}, { "inner": { "odd": 1 } }] }),
            "Parameter 'other_ones[1].inner.odd' is unexpected",
        ),
    ] {
        assert_eq!(refusal(json), text);
    }
}

#[test]
fn the_definition_has_all_parts() {
    let definition = definition_of::<MacroInfo>();
    assert_eq!((definition.name, definition.since), ("MacroInfo", Some("1.0")));
    assert_eq!(definition.doc, "A struct with every kind of member.");
    let DefinitionKind::Struct(body) = &definition.kind else { panic!("expected: a struct") };
    assert_eq!(body.base.map(name_of), Some("MacroBase".to_owned()));

    let names: Vec<_> = body.members.iter().map(|member| member.name).collect();
    assert_eq!(names, ["stage", "type", "other_ones"]);
    let Member { part: Part { doc, since, features, .. }, optional, .. } = &body.members[0];
    assert_eq!((*doc, *since, *optional), ("The stage.", Some("1.5"), false));
    assert_eq!(features[0].name, "unstable");
    assert!(body.members[1].optional);
    assert!(matches!(body.members[1].ty.get(), Type::Builtin(Builtin::Bool)));
    let Type::Array(element) = body.members[2].ty.get() else { panic!("expected: an array") };
    assert!(matches!(element.get(), Type::Defined(nested) if nested.name == "MacroNested"));
}
