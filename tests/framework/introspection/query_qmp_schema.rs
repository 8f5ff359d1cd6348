//! The whole reply to `query-qmp-schema`, with masked and with unmasked type names.

use qapi_core::Registry;
use qapi_core::introspection::Mask;

use super::definitions::ALL;

/// The entities of the reply, each as a line of JSON text.
fn answer(mask: Mask) -> Vec<String> {
    let registry = Registry::from_registrations(ALL.iter().copied()).unwrap();
    let infos = registry.introspect(mask);
    infos.iter().map(|info| serde_json::to_string(info).unwrap()).collect()
}

#[test]
fn masked_type_names_are_numbers_in_the_order_of_first_use() {
    assert_eq!(answer(Mask::Masked), MASKED.lines().collect::<Vec<_>>());
}

#[test]
fn unmasked_type_names_are_those_of_the_schema() {
    assert_eq!(answer(Mask::Unmasked), UNMASKED.lines().collect::<Vec<_>>());
}

#[test]
fn the_rendered_text_equals_the_return_value_of_the_server() {
    let registry = Registry::from_registrations(ALL.iter().copied()).unwrap();
    let rendered = registry.introspection();
    let value: Vec<serde_json::Value> = serde_json::from_slice(rendered).unwrap();

    let entities: Vec<serde_json::Value> =
        MASKED.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(value, entities);
    assert!(
        rendered.starts_with(br#"[{"name": "IDLE", "meta-type": "event", "arg-type": "0"}, "#)
    );
}

const MASKED: &str = include_str!("masked.jsonl");

const UNMASKED: &str = include_str!("unmasked.jsonl");
