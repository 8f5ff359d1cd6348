use qapi_core::schema::definition::{Arguments, DefinitionKind};
use qapi_core::schema::render::render;
use qapi_core::wire::Document;
use qapi_core::{ObjectVisitor, QapiEvent, qapi_event};
use serde_json::json;

use super::enum_::MacroStage;
use super::struct_::MacroBase;
use super::union_::MacroPlainNode;
use super::{name_of, registered};

/// Emitted when a stage was reached.
#[qapi_event(since = "3.0", features(deprecated))]
struct MacroStageReached {
    /// The stage.
    stage: MacroStage,
    what_for: Option<String>,
}

#[qapi_event(name = "__org.example_MACRO_NOTHING")]
struct MacroNothing;

/// Boxed data. Commands use the same type.
#[qapi_event(boxed)]
#[derive(Debug)]
struct MacroBoxed(MacroBase);

/// Data that are a union, in a named field.
#[qapi_event(boxed, rate_limit = "1s")]
struct MacroBoxedUnion {
    node: MacroPlainNode,
}

/// Returns the data of an event as JSON text.
fn data<E: QapiEvent>(event: &E) -> String {
    struct Data<'a, E>(&'a E);

    impl<E: QapiEvent> serde::Serialize for Data<'_, E> {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeMap;
            let mut map = serializer.serialize_map(None)?;
            self.0.serialize_members(&mut map)?;
            map.end()
        }
    }

    serde_json::to_string(&Data(event)).unwrap()
}

#[test]
fn the_definition_has_all_parts() {
    let definition = MacroStageReached::DEFINITION;
    assert_eq!((definition.name, definition.since), ("MACRO_STAGE_REACHED", Some("3.0")));
    assert_eq!(definition.doc, "Emitted when a stage was reached.");
    assert_eq!(definition.features[0].name, "deprecated");
    let DefinitionKind::Event(body) = &definition.kind else { panic!("expected: an event") };
    let Arguments::Members(members) = body.arguments else { panic!("expected: listed members") };
    let shown: Vec<_> = members.iter().map(|one| (one.name, one.doc, one.optional)).collect();
    assert_eq!(shown, [("stage", "The stage.", false), ("what-for", "", true)]);
}

#[test]
fn the_data_are_the_fields() {
    let event = MacroStageReached { stage: MacroStage::NotYet, what_for: None };
    assert_eq!(data(&event), r#"{"stage":"not-yet"}"#);
    let event = MacroStageReached { what_for: Some("fun".to_owned()), ..event };
    assert_eq!(data(&event), r#"{"stage":"not-yet","what-for":"fun"}"#);
    assert_eq!(data(&MacroNothing), "{}");
    assert_eq!(MacroNothing::DEFINITION.name, "__org.example_MACRO_NOTHING");
}

#[test]
fn boxed_data_are_the_members_of_a_type() {
    let event = MacroBoxed(MacroBase { id: "a".to_owned(), size_hint: Some(1) });
    assert_eq!(data(&event), r#"{"id":"a","size-hint":1}"#);
    let event = MacroBoxedUnion { node: MacroPlainNode::NullCo };
    assert_eq!(data(&event), r#"{"driver":"null-co"}"#);

    let document = Document::from_json(&json!({ "id": "b" })).unwrap();
    let mut object = ObjectVisitor::arguments(Some(document.root()));
    let MacroBoxed(base) = MacroBoxed::visit_members(&mut object).unwrap();
    assert_eq!(base, MacroBase { id: "b".to_owned(), size_hint: None });
    assert_eq!(
        MacroBoxed::visit_members(&mut ObjectVisitor::arguments(None)).unwrap_err().desc(),
        "Parameter 'id' is missing"
    );
}

#[test]
fn the_schema_names_the_type_of_boxed_data() {
    let DefinitionKind::Event(body) = &MacroBoxed::DEFINITION.kind else {
        panic!("expected: an event")
    };
    let Arguments::Type(ty) = body.arguments else { panic!("expected: a type") };
    assert_eq!(name_of(ty), "MacroBase");
    let union = registered("MACRO_BOXED_UNION");
    let expression =
        json!({ "event": "MACRO_BOXED_UNION", "data": "MacroPlainNode", "boxed": true });
    assert_eq!(render(union), expression);
}
