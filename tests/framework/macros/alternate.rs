use qapi_core::schema::definition::DefinitionKind;
use qapi_core::{Null, qapi_alternate};
use serde_json::json;

use super::conditions::MacroCase;
use super::struct_::MacroBase;
use super::{definition_of, name_of, read, refusal, write};

/// One of five JSON types.
#[qapi_alternate]
#[derive(Debug, PartialEq)]
enum MacroChoice {
    /// In full.
    InFull(MacroBase),
    ByName(MacroCase),
    Several(Vec<i64>),
    Nothing(Null),
    #[qapi(name = "n")]
    Number(i32),
}

#[test]
fn the_json_type_selects_the_alternative() {
    for (json, value) in [
        (
            json!({ "id": "a" }),
            MacroChoice::InFull(MacroBase { id: "a".to_owned(), size_hint: None }),
        ),
        (json!("there"), MacroChoice::ByName(MacroCase::There)),
        (json!([1, 2]), MacroChoice::Several(vec![1, 2])),
        (json!(null), MacroChoice::Nothing(Null)),
        (json!(-3), MacroChoice::Number(-3)),
    ] {
        assert_eq!(write(&value), json.to_string());
        assert_eq!(read::<MacroChoice>(json).unwrap(), value);
    }
}

#[test]
fn errors_come_from_the_selected_alternative() {
    let refusal = |json| refusal::<Vec<MacroChoice>>(json);
    assert_eq!(refusal(json!([{}])), "Parameter '[0].id' is missing");
    assert_eq!(refusal(json!(["x"])), "Parameter 'null' does not accept value 'x'");
    assert_eq!(refusal(json!([1.5])), "Invalid parameter type for '[0]', expected: integer");
}

#[test]
fn other_json_types_are_refused() {
    let text = "Invalid parameter type for 'null', expected: MacroChoice";
    assert_eq!(refusal::<Vec<MacroChoice>>(json!([true])), text);
}

#[test]
fn the_definition_has_all_parts() {
    let definition = definition_of::<MacroChoice>();
    assert_eq!((definition.name, definition.doc), ("MacroChoice", "One of five JSON types."));
    let DefinitionKind::Alternate(body) = &definition.kind else {
        panic!("expected: an alternate")
    };
    let shown: Vec<_> = body.members.iter().map(|one| (one.name, name_of(one.ty))).collect();
    let expected = [
        ("in-full", "MacroBase"),
        ("by-name", "MacroCase"),
        ("several", "[int]"),
        ("nothing", "null"),
        ("n", "int32"),
    ];
    assert_eq!(shown, expected.map(|(name, ty)| (name, ty.to_owned())));
    assert_eq!(body.members[0].doc, "In full.");
}
