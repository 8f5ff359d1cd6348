use qapi_core::qapi_enum;
use qapi_core::schema::definition::{DefinitionKind, Part};
use qapi_core::schema::render::render;
use serde_json::json;

use super::{definition_of, read, refusal, write};

/// The stage of a task.
///
/// A task passes the stages in order.
#[qapi_enum(since = "2.12", features(even_one, odd_one = "It is odd.", "unstable-2"))]
#[derive(Debug, PartialEq)]
pub(super) enum MacroStage {
    /// The task has not begun.
    NotYet,
    /// The second stage.
    #[qapi(name = "2nd", since = "3.0", features(deprecated = "Use not-yet."))]
    Second,
    Qcow2,
    #[qapi(name = "Odd_Value", name_exception)]
    Odd,
}

/// An enum without values.
#[qapi_enum(prefix = "EMPTY_2", name = "__org.example_Empty")]
#[allow(dead_code, reason = "it has no values")]
enum Empty {}

#[test]
fn names_derive_from_variants() {
    let names: Vec<_> = MacroStage::ALL.iter().map(MacroStage::as_str).collect();
    assert_eq!(names, ["not-yet", "2nd", "qcow2", "Odd_Value"]);
}

#[test]
fn values_are_read_and_written_by_name() {
    for value in MacroStage::ALL {
        let name = json!(value.as_str());
        assert_eq!(write(value), name.to_string());
        assert_eq!(&read::<MacroStage>(name).unwrap(), value);
    }
    assert_eq!(format!("{:>8}", MacroStage::Qcow2), "   qcow2");
}

#[test]
fn names_are_constants() {
    const NAME: &str = MacroStage::Qcow2.as_str();
    assert_eq!(NAME, "qcow2");
}

#[test]
fn other_strings_and_types_are_refused() {
    let refusal = refusal::<Vec<MacroStage>>;
    assert_eq!(refusal(json!(["NotYet"])), "Parameter 'null' does not accept value 'NotYet'");
    assert_eq!(refusal(json!([1])), "Invalid parameter type for '[0]', expected: string");
}

#[test]
fn the_definition_has_all_parts() {
    let definition = definition_of::<MacroStage>();
    assert_eq!(definition.name, "MacroStage");
    assert_eq!(definition.doc, "The stage of a task.\n\nA task passes the stages in order.");
    assert_eq!(definition.since, Some("2.12"));
    let features: Vec<_> = definition.features.iter().map(|one| (one.name, one.doc)).collect();
    assert_eq!(features, [("even-one", ""), ("odd-one", "It is odd."), ("unstable-2", "")]);
    assert_eq!(definition.source.package, "qapi-tests");
    assert_eq!(definition.source.module, module_path!());
    assert!(definition.source.file.ends_with("macros/enum_.rs"));
    assert_eq!((definition.source.line, definition.source.column), (11, 1));

    let DefinitionKind::Enum(body) = &definition.kind else { panic!("expected: an enum") };
    let Part { name, doc, since, features, .. } = &*body.values[1];
    assert_eq!((*name, *doc, *since), ("2nd", "The second stage.", Some("3.0")));
    assert_eq!((features[0].name, features[0].doc), ("deprecated", "Use not-yet."));
}

#[test]
fn an_enum_may_be_empty_and_have_a_vendor_prefix() {
    assert_eq!(Empty::ALL.len(), 0);
    let definition = definition_of::<Empty>();
    assert_eq!(definition.name, "__org.example_Empty");
    let expression = json!({ "enum": definition.name, "prefix": "EMPTY_2", "data": [] });
    assert_eq!(render(definition), expression);
}
