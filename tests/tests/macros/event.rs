use qapi_core::descriptor::{Arguments, DefinitionKind};
use qapi_core::{QapiEvent, qapi_event};

use super::enum_::MacroStage;

/// Emitted when a stage was reached.
#[qapi_event(since = "3.0", features(deprecated))]
struct MacroStageReached {
    /// The stage.
    stage: MacroStage,
    what_for: Option<String>,
}

#[qapi_event(name = "__org.example_MACRO_NOTHING")]
struct MacroNothing;

/// The data of an event, as JSON text.
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
fn the_definition_holds_all_that_was_said() {
    let definition = MacroStageReached::DEFINITION;
    assert_eq!((definition.name, definition.since), ("MACRO_STAGE_REACHED", Some("3.0")));
    assert_eq!(definition.doc, "Emitted when a stage was reached.");
    assert_eq!(definition.features[0].name, "deprecated");
    let DefinitionKind::Event(body) = &definition.kind else { panic!("no event") };
    let Arguments::Members(members) = body.arguments else { panic!("no members") };
    let shown: Vec<_> = members.iter().map(|one| (one.name, one.doc, one.optional)).collect();
    assert_eq!(shown, [("stage", "The stage.", false), ("what-for", "", true)]);
}

#[test]
fn data_are_the_fields() {
    let event = MacroStageReached { stage: MacroStage::NotYet, what_for: None };
    assert_eq!(data(&event), r#"{"stage":"not-yet"}"#);
    let event = MacroStageReached { what_for: Some("fun".to_owned()), ..event };
    assert_eq!(data(&event), r#"{"stage":"not-yet","what-for":"fun"}"#);
    assert_eq!(data(&MacroNothing), "{}");
    assert_eq!(MacroNothing::DEFINITION.name, "__org.example_MACRO_NOTHING");
}
