//! Definitions rendered in the schema language.

use qapi_core::schema::render::render;

use super::definitions::ALL;

#[test]
fn each_kind_of_definition_is_rendered() {
    let found: Vec<_> = ALL.iter().map(|definition| render(definition).to_string()).collect();

    assert_eq!(found, EXPRESSIONS.lines().collect::<Vec<_>>());
}

const EXPRESSIONS: &str = include_str!("expressions.jsonl");
