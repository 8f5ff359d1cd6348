//! Unions whose base struct has the discriminator.

use qapi_core::schema::definition::{DefinitionKind, TypeRef};
use qapi_core::schema::render::render;
use qapi_core::{QapiType, qapi_enum, qapi_struct, qapi_union};
use serde_json::json;

use super::{definition_of, name_of, read, refusal, write};

#[qapi_enum]
#[derive(Debug, Clone, Copy, PartialEq)]
enum MacroLinkKind {
    Wire,
    Air,
}

#[qapi_struct]
#[derive(Debug, PartialEq)]
struct MacroLinkRoot {
    #[qapi(name = "link-type")]
    kind: MacroLinkKind,
}

#[qapi_struct]
#[derive(Debug, PartialEq)]
struct MacroLinkBase {
    #[qapi(base)]
    root: MacroLinkRoot,
    id: Option<String>,
}

#[qapi_struct]
#[derive(Debug, PartialEq)]
struct MacroWire {
    length: i64,
}

#[qapi_union(tag = MacroLinkKind)]
#[derive(Debug, PartialEq)]
enum MacroLinkBranches {
    Wire(MacroWire),
    Air,
}

/// The field of the branches may have any position in Rust. Its members are written last.
#[qapi_union(discriminator = "link-type", since = "1.0")]
#[derive(Debug, PartialEq)]
struct MacroLink {
    #[qapi(base)]
    base: MacroLinkBase,
    #[qapi(branches)]
    branch: MacroLinkBranches,
    up: bool,
}

fn link(kind: MacroLinkKind, branch: MacroLinkBranches) -> MacroLink {
    let base = MacroLinkBase { root: MacroLinkRoot { kind }, id: Some("a".to_owned()) };
    MacroLink { base, branch, up: true }
}

#[test]
fn the_base_selects_the_branch() {
    let wire = MacroLinkBranches::Wire(MacroWire { length: 3 });
    for (text, value) in [
        (
            r#"{"link-type":"wire","id":"a","up":true,"length":3}"#,
            link(MacroLinkKind::Wire, wire),
        ),
        (
            r#"{"link-type":"air","id":"a","up":true}"#,
            link(MacroLinkKind::Air, MacroLinkBranches::Air),
        ),
    ] {
        assert_eq!(write(&value), text);
        assert_eq!(read::<MacroLink>(serde_json::from_str(text).unwrap()).unwrap(), value);
    }
}

#[test]
fn the_branch_determines_the_written_discriminator() {
    let wire = MacroLinkBranches::Wire(MacroWire { length: 3 });
    let text = r#"{"link-type":"wire","id":"a","up":true,"length":3}"#;
    assert_eq!(write(&link(MacroLinkKind::Air, wire)), text);
}

#[test]
fn errors_are_found_in_the_order_of_the_schema() {
    for (json, text) in [
        (json!({}), "Parameter 'link-type' is missing"),
        (
            json!({ "link-type": "fibre", "up": 1 }),
            "Parameter 'link-type' does not accept value 'fibre'",
        ),
        (json!({ "link-type": "wire", "length": true }), "Parameter 'up' is missing"),
        (json!({ "link-type": "wire", "up": true }), "Parameter 'length' is missing"),
        (
            json!({ "link-type": "air", "up": true, "length": 1 }),
            "Parameter 'length' is unexpected",
        ),
    ] {
        assert_eq!(refusal::<MacroLink>(json), text);
    }
}

#[test]
fn the_definition_names_the_member_of_the_base() {
    let definition = definition_of::<MacroLink>();
    let DefinitionKind::Union(union) = &definition.kind else { panic!("expected: a union") };
    assert_eq!((union.discriminator, definition.since), ("link-type", Some("1.0")));
    assert_eq!(union.base.map(name_of), Some("MacroLinkBase".to_owned()));
    let names: Vec<_> = union.members.iter().map(|member| member.name).collect();
    assert_eq!(names, ["up"]);
    assert_eq!(name_of(TypeRef::by_function(MacroLinkBase::schema_type)), "MacroLinkBase");
    assert_eq!(render(definition)["discriminator"], "link-type");
}
