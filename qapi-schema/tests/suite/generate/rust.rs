//! Generated Rust, compiled: its schema is that of the file, and its types have the form on the
//! wire that the schema says.

use std::collections::BTreeMap;

use qapi_core::introspection::{Mask, info::SchemaInfo, introspect};
use qapi_core::{Definition, Registry, View};

use super::files::lamp;
use super::{client, server};

/// Entities by name, without the name that the arguments of a command with `gen` false have.
fn by_name(entities: Vec<SchemaInfo>) -> BTreeMap<String, String> {
    let text = |entity: SchemaInfo| serde_json::to_string(&entity).unwrap();
    let entities = entities.into_iter().map(|entity| (entity.name.clone(), text(entity)));
    let made_up = |text: String| text.replace("q_obj_lamp-extend-arg", "LampExtendArguments");
    entities.map(|(name, entity)| (made_up(name), made_up(entity))).collect()
}

#[test]
fn declarations_of_a_client_have_the_schema_of_the_file() {
    let declared: Vec<&'static Definition> = client::declarations();
    let view = View::new(None, Default::default());
    for mask in [Mask::Masked, Mask::Unmasked] {
        let found = introspect(declared.iter().copied(), mask, &view);
        assert_eq!(found, lamp().introspect(mask).unwrap());
    }
}

#[test]
fn functions_of_a_server_have_the_schema_of_the_file() {
    let registry = Registry::collect().unwrap();
    let mut found = by_name(registry.introspect(Mask::Unmasked));
    let expected = by_name(lamp().introspect(Mask::Unmasked).unwrap());
    found.retain(|name, _| expected.contains_key(name));
    assert_eq!(found, expected);
}

#[test]
fn values_have_their_form_on_the_wire() {
    let size = || client::LampSize { width: 1, bytes: None, any: None };
    let lamp = client::Lamp {
        base: client::LampBase { id: "a".to_owned(), kind: client::LampKind::Bulb },
        branches: client::LampBranch::Led(size()),
    };
    let text = serde_json::to_string(&client::LampRef::Lamp(lamp)).unwrap();
    assert_eq!(text, r#"{"id":"a","kind":"LED","width":1}"#);
    assert_eq!(client::LampKind::V2_5.as_str(), "2_5");
    let part = client::LampPart::Bulb(size());
    assert_eq!(serde_json::to_string(&part).unwrap(), r#"{"kind":"bulb","width":1}"#);
}

#[test]
fn a_function_without_code_returns_an_error() {
    let error = server::query_lamps().unwrap_err();
    assert_eq!(error.to_string(), "The command query-lamps is not implemented");
}
