//! Schema files from introspection.

use qapi_schema::{Mask, Schema, reconstruct};

use crate::qemu::shared;

/// The masked introspection of a schema, and that of the schema which is made of it, are equal.
fn survives(schema: &Schema) -> String {
    let before = schema.introspect(Mask::Masked).unwrap();
    let text = reconstruct(&before).unwrap();
    let again = Schema::from_text("again.json", text.clone());
    assert_eq!(again.findings(), []);
    let after = again.introspect(Mask::Masked).unwrap();
    assert_eq!(after.len(), before.len());
    for (after, before) in after.iter().zip(&before) {
        assert_eq!(after, before);
    }
    text
}

#[test]
fn names_of_types_are_made_up() {
    let text = "{ 'enum': 'Kind', 'data': ['big', { 'name': 'old', 'features': ['deprecated'] }] } \
        { 'struct': 'Big', 'data': { '*size': 'int', 'parts': ['Big'] } } \
        { 'union': 'Lamp', 'base': { 'kind': 'Kind' }, 'discriminator': 'kind', \
        'data': { 'big': 'Big' } } \
        { 'alternate': 'Choice', 'data': { 's': 'str', 'b': 'Big' } } \
        { 'command': 'query-lamps', 'returns': ['Lamp'] } \
        { 'command': 'add-lamp', 'data': 'Lamp', 'boxed': true, 'allow-oob': true } \
        { 'event': 'LAMP_ADDED', 'data': { 'how': 'Choice' } }";
    let made = survives(&Schema::from_text("case.json", text));
    let expected = "{ 'command': 'query-lamps', 'returns': ['QueryLampsReturn'] }\n\n\
        { 'command': 'add-lamp', 'data': 'QueryLampsReturn', 'boxed': true, 'allow-oob': true }\n\n\
        { 'event': 'LAMP_ADDED', 'data': { 'how': 'LampAddedHow' } }\n\n\
        { 'union': 'QueryLampsReturn', 'base': { 'kind': 'QueryLampsReturnKind' }, \
        'discriminator': 'kind',\n";
    assert!(made.replace("\n  ", " ").contains("'QueryLampsReturnBig'"), "{made}");
    let start = |text: &str| text.split("\n\n{ 'union'").next().unwrap().to_owned();
    assert_eq!(start(&made), start(expected));
}

#[test]
fn qemus_schemas_survive() {
    for name in ["full", "storage-daemon"] {
        let Some(folder) = shared("qemu-schema") else { return };
        survives(&Schema::read(folder.join(name).join("qapi-schema.json")));
    }
}

#[test]
fn a_broken_introspection_is_refused() {
    let schema = Schema::from_text("case.json", "{ 'command': 'a', 'returns': ['str'] }");
    let mut entities = schema.introspect(Mask::Masked).unwrap();
    entities.retain(|entity| entity.name != "str");
    assert_eq!(reconstruct(&entities), Err("there is no type `str`".to_owned()));
}
