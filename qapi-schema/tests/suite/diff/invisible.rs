//! Pairs of schemas that clients cannot tell apart.

use qapi_schema::diff::{Interface, compare};
use qapi_schema::{Mask, Schema};

use super::{changes, interface, lines};

#[test]
fn names_bases_and_order_are_invisible() {
    let plain = "{ 'struct': 'Lamp', 'data': { 'a': 'int', 'b': ['Kind'] } } \
        { 'enum': 'Kind', 'data': ['x', 'y'] } { 'command': 'c', 'returns': 'Lamp' }";
    let cases = [
        // Names of types, and the order of definitions, members and values.
        (
            plain,
            "{ 'command': 'c', 'returns': 'Light' } { 'enum': 'Sort', 'data': ['y', 'x'] } \
            { 'struct': 'Light', 'data': { 'b': ['Sort'], 'a': 'int' } }",
        ),
        // A base.
        (
            plain,
            "{ 'struct': 'Base', 'data': { 'a': 'int' } } { 'enum': 'Kind', 'data': ['x', 'y'] } \
            { 'struct': 'Lamp', 'base': 'Base', 'data': { 'b': ['Kind'] } } \
            { 'command': 'c', 'returns': 'Lamp' }",
        ),
        // Listed arguments and a type of its own.
        (
            "{ 'command': 'c', 'data': { '*a': 'int' } }",
            "{ 'struct': 'Ab', 'data': { '*a': 'int' } } { 'command': 'c', 'data': 'Ab' }",
        ),
        // No return value and an empty object.
        (
            "{ 'command': 'c' }",
            "{ 'struct': 'Empty', 'data': {} } { 'command': 'c', 'returns': 'Empty' }",
        ),
        // Names for the same range of integers.
        (
            "{ 'command': 'c', 'data': { 'a': 'int', 'b': 'size' } }",
            "{ 'command': 'c', 'data': { 'a': 'int64', 'b': 'uint64' } }",
        ),
    ];
    for (old, new) in cases {
        assert_eq!(lines(&changes(old, new)), [""; 0], "{new}");
        assert_eq!(lines(&changes(new, old)), [""; 0], "{old}");
    }
}

#[test]
fn a_member_may_move_into_every_branch() {
    let types = "{ 'enum': 'Kind', 'data': ['x', 'y'] } \
        { 'struct': 'Part', 'data': { 'm': 'int' } } ";
    let common = format!(
        "{types} {{ 'union': 'Lamp', 'base': {{ 'k': 'Kind', 'm': 'int' }}, \
        'discriminator': 'k', 'data': {{}} }} {{ 'command': 'c', 'data': 'Lamp', 'boxed': true }}"
    );
    let union = |branches: &str| {
        format!(
            "{types} {{ 'union': 'Lamp', 'base': {{ 'k': 'Kind' }}, 'discriminator': 'k', \
            'data': {{ {branches} }} }} {{ 'command': 'c', 'data': 'Lamp', 'boxed': true }}"
        )
    };
    let of_struct = format!(
        "{types} {{ 'struct': 'Lamp', 'data': {{ 'k': 'Kind', 'm': 'int' }} }} \
        {{ 'command': 'c', 'data': 'Lamp' }}"
    );
    let every = union("'x': 'Part', 'y': 'Part'");
    for old in [&common, &of_struct] {
        assert_eq!(lines(&changes(old, &every)), [""; 0]);
        assert_eq!(lines(&changes(&every, old)), [""; 0]);
        let one = lines(&changes(old, &union("'x': 'Part'")));
        assert_eq!(one, ["breaking sent-member-removed c arguments{k=y}.m"]);
        let back = lines(&changes(&union("'x': 'Part'"), old));
        assert_eq!(back, ["breaking sent-mandatory-member-added c arguments{k=y}.m"]);
    }
}

#[test]
fn a_new_branch_is_a_new_value_alone() {
    let union = |values: &str, branches: &str| {
        format!(
            "{{ 'enum': 'Kind', 'data': [{values}] }} \
            {{ 'struct': 'Part', 'data': {{ 'm': 'int' }} }} \
            {{ 'union': 'Lamp', 'base': {{ 'k': 'Kind' }}, 'discriminator': 'k', \
            'data': {{ {branches} }} }} {{ 'command': 'c', 'data': 'Lamp', 'boxed': true }}"
        )
    };
    let (one, two) = (union("'x'", ""), union("'x', 'y'", "'y': 'Part'"));
    assert_eq!(lines(&changes(&one, &two)), ["info sent-value-added c arguments.k=y"]);
    assert_eq!(lines(&changes(&two, &one)), ["breaking sent-value-removed c arguments.k=y"]);
    let filled = union("'x'", "'x': 'Part'");
    let found = lines(&changes(&one, &filled));
    assert_eq!(found, ["breaking sent-mandatory-member-added c arguments{k=x}.m"]);
}

#[test]
fn a_file_and_its_introspection_are_equal() {
    let text = "{ 'enum': 'Kind', 'data': ['x', { 'name': 'y', 'features': ['deprecated'] }] } \
        { 'struct': 'Part', 'data': { '*m': 'uint8', 'p': ['Part'] } } \
        { 'union': 'Lamp', 'base': { 'k': 'Kind' }, 'discriminator': 'k', \
        'data': { 'x': 'Part' } } { 'alternate': 'Any', 'data': { 's': 'str', 'o': 'Part' } } \
        { 'command': 'c', 'data': 'Lamp', 'boxed': true, 'returns': ['Part'], \
        'if': 'A', 'allow-oob': true } { 'event': 'E', 'data': { 'a': 'Any', 'b': 'any' } }";
    let file = interface(text);
    for mask in [Mask::Masked, Mask::Unmasked] {
        let entities = Schema::from_text("case.json", text).introspect(mask).unwrap();
        let answer = serde_json::to_value(&entities).unwrap();
        let served = Interface::from_introspection(answer.clone()).unwrap();
        assert_eq!(lines(&compare(&file, &served)), [""; 0]);
        assert_eq!(lines(&compare(&served, &file)), [""; 0]);
        let reply = serde_json::json!({ "return": answer });
        let served = Interface::from_introspection(reply).unwrap();
        assert_eq!(lines(&compare(&file, &served)), [""; 0]);
    }
}

#[test]
fn an_introspection_of_an_old_server_is_read() {
    let old = r#"[
        { "name": "c", "meta-type": "command", "arg-type": "0", "ret-type": "1" },
        { "name": "0", "meta-type": "object", "members": [{ "name": "m", "type": "2" }] },
        { "name": "1", "meta-type": "object", "members": [] },
        { "name": "2", "meta-type": "enum", "values": ["a"] }
    ]"#;
    let old = Interface::from_introspection(serde_json::from_str(old).unwrap()).unwrap();
    let new = "{ 'enum': 'Kind', 'data': ['b', 'a'] } \
        { 'command': 'c', 'data': { 'm': 'Kind' }, 'if': 'A' }";
    let found = compare(&old, &interface(new));
    assert_eq!(lines(&found), ["info sent-value-added c arguments.m=b"]);
}

#[test]
fn wrong_introspections_are_refused() {
    let command = r#"{ "name": "c", "meta-type": "command", "arg-type": "0", "ret-type": "0" }"#;
    for (text, error) in [
        ("{}".to_owned(), "an introspection is an array"),
        (format!("[{command}]"), "there is no type `0`"),
        ("[1]".to_owned(), "expected: object"),
    ] {
        let value = serde_json::from_str(&text).unwrap();
        let found = Interface::from_introspection(value).unwrap_err();
        assert!(found.contains(error), "{text}: {found}");
    }
}
