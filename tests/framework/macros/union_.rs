use qapi_core::schema::definition::{Branch, DefinitionKind, Union};
use qapi_core::{QapiType, qapi_enum, qapi_struct, qapi_union};
use serde_json::json;

use super::struct_::MacroBase;
use super::{definition_of, name_of, read, refusal, write};

#[qapi_enum]
#[derive(Debug, PartialEq)]
pub(super) enum MacroDriver {
    File,
    NullCo,
    #[qapi(name = "raw-ish")]
    Raw,
}

#[qapi_struct]
#[derive(Debug, PartialEq)]
pub(super) struct MacroFile {
    filename: String,
}

#[qapi_struct]
#[derive(Debug, PartialEq)]
pub(super) struct MacroRaw {
    file: Box<MacroNode>,
}

/// The discriminator and its branches.
#[qapi_union(discriminator = "driver", tag = MacroDriver, since = "2.9")]
#[derive(Debug, PartialEq)]
pub(super) enum MacroPlainNode {
    File(MacroFile),
    NullCo,
    Raw(Box<MacroRaw>),
}

/// Branches for a struct with the other members.
#[qapi_union(tag = MacroDriver)]
#[derive(Debug, PartialEq)]
enum MacroNodeBranches {
    File(MacroFile),
    NullCo,
    Raw(MacroRaw),
}

/// Members before and after a discriminator.
#[qapi_union]
#[derive(Debug, PartialEq)]
struct MacroNode {
    #[qapi(base)]
    base: MacroBase,
    before: Option<bool>,
    /// The driver.
    #[qapi(since = "2.10")]
    #[qapi(discriminator)]
    driver: MacroNodeBranches,
    after: Option<bool>,
}

fn union_of<T: QapiType>() -> &'static Union {
    match &definition_of::<T>().kind {
        DefinitionKind::Union(body) => body,
        kind => panic!("expected: a union, found: {kind:?}"),
    }
}

fn shown(branches: &[Branch]) -> Vec<(&str, Option<String>)> {
    branches.iter().map(|one| (one.name, one.ty.map(name_of))).collect()
}

#[test]
fn the_discriminator_selects_the_branch() {
    for (text, value) in [
        (
            r#"{"driver":"file","filename":"a"}"#,
            MacroPlainNode::File(MacroFile { filename: "a".to_owned() }),
        ),
        (r#"{"driver":"null-co"}"#, MacroPlainNode::NullCo),
    ] {
        assert_eq!(write(&value), text);
        assert_eq!(read::<MacroPlainNode>(serde_json::from_str(text).unwrap()).unwrap(), value);
    }
}

#[test]
fn the_tag_is_written_in_its_place_and_the_branch_last() {
    let text = concat!(
        r#"{"id":"a","before":true,"driver":"raw-ish","after":false,"#,
        r#""file":{"id":"b","driver":"file","filename":"f"}}"#
    );
    let node: MacroNode = read(serde_json::from_str(text).unwrap()).unwrap();
    assert!(matches!(&node.driver, MacroNodeBranches::Raw(raw) if raw.file.base.id == "b"));
    assert_eq!(write(&node), text);
}

#[test]
fn errors_are_found_in_the_order_of_the_schema() {
    for (json, text) in [
        (json!({ "driver": 1 }), "Parameter 'id' is missing"),
        (
            json!({ "id": "a", "before": 1, "driver": 1 }),
            "Invalid parameter type for 'before', expected: boolean",
        ),
        (json!({ "id": "a", "after": 1 }), "Parameter 'driver' is missing"),
        (
            json!({ "id": "a", "driver": "qcow" }),
            "Parameter 'driver' does not accept value 'qcow'",
        ),
        (
            json!({ "id": "a", "driver": "file", "after": 1 }),
            "Invalid parameter type for 'after', expected: boolean",
        ),
        (json!({ "id": "a", "driver": "file", "odd": 1 }), "Parameter 'filename' is missing"),
        (
            json!({ "id": "a", "driver": "null-co", "filename": "f" }),
            "Parameter 'filename' is unexpected",
        ),
        (
            json!({ "id": "a", "driver": "raw-ish", "file": { "id": "b" } }),
            "Parameter 'file.driver' is missing",
        ),
    ] {
        assert_eq!(refusal::<MacroNode>(json), text);
    }
    assert_eq!(refusal::<MacroPlainNode>(json!({})), "Parameter 'driver' is missing");
}

#[test]
fn a_union_from_a_rust_enum_has_only_the_discriminator() {
    let definition = definition_of::<MacroPlainNode>();
    assert_eq!((definition.name, definition.since), ("MacroPlainNode", Some("2.9")));
    let Union { base, members, discriminator, branches, .. } = union_of::<MacroPlainNode>();
    assert!(base.is_none());
    assert_eq!((*discriminator, members.len()), ("driver", 1));
    assert_eq!((members[0].name, name_of(members[0].ty)), ("driver", "MacroDriver".to_owned()));
    let expected = [
        ("file", Some("MacroFile".to_owned())),
        ("null-co", None),
        ("raw-ish", Some("MacroRaw".to_owned())),
    ];
    assert_eq!(shown(branches.get()), expected);
}

#[test]
fn a_union_from_a_rust_struct_has_further_members() {
    let Union { base, members, discriminator, branches, .. } = union_of::<MacroNode>();
    assert_eq!(base.map(name_of), Some("MacroBase".to_owned()));
    assert_eq!(*discriminator, "driver");
    let names: Vec<_> = members.iter().map(|member| member.name).collect();
    assert_eq!(names, ["before", "driver", "after"]);
    assert_eq!((members[1].doc, members[1].since), ("The driver.", Some("2.10")));
    assert_eq!(name_of(members[1].ty), "MacroDriver");
    assert_eq!(shown(branches.get())[1], ("null-co", None));
}
