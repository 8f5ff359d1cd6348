//! Ways to changes, and relief.

use std::fmt::Write;

use qapi_schema::diff::Relief;
use qapi_schema::limits::{MAX_WAY, MAX_WAYS};

use super::{changes, lines};

#[test]
fn each_way_from_a_command_or_event_is_named() {
    let schema = |members: &str| {
        format!(
            "{{ 'struct': 'Node', 'data': {{ {members} '*next': 'NodeRef', 'all': ['Leaf'] }} }} \
            {{ 'alternate': 'NodeRef', 'data': {{ 'name': 'str', 'node': 'Node' }} }} \
            {{ 'struct': 'Leaf', 'data': {{ 'kind': 'Kind', '*node': 'Node' }} }} \
            {{ 'enum': 'Kind', 'data': ['a'] }} \
            {{ 'union': 'Any', 'base': {{ 'k': 'Kind' }}, 'discriminator': 'k', \
            'data': {{ 'a': 'Node' }} }} \
            {{ 'command': 'add', 'data': 'Any', 'boxed': true }} \
            {{ 'command': 'query', 'returns': ['Node'] }} \
            {{ 'event': 'ADDED', 'data': {{ 'n': 'NodeRef' }} }}"
        )
    };
    let found = changes(&schema(""), &schema("'x': 'int',"));
    let ways = |index: usize| -> Vec<String> {
        found[index].ways().map(|way| way.to_string()).collect()
    };
    assert_eq!(found[0].rule.id, "sent-mandatory-member-added");
    assert_eq!(ways(0), ["add arguments{k=a}.x"]);
    assert_eq!(found[1].rule.id, "received-member-added");
    assert_eq!(ways(1), ["query returns[].x", "ADDED data.n<object>.x"]);
    assert_eq!((found.len(), found[1].has_more_ways), (2, false));
    assert_eq!(found[1].type_name.as_deref(), Some("Node"));
    assert_eq!(found[1].new_place.as_ref().map(|place| place.line), Some(1));
}

#[test]
fn deprecated_and_unstable_parts_may_change() {
    let removed = |features: &str| {
        format!(
            "{{ 'command': 'c', 'data': {{ 'm': {{ 'type': 'int', 'features': [{features}] }} }} }}"
        )
    };
    let none = "{ 'command': 'c' }";
    let found = changes(&removed("'deprecated'"), none);
    assert_eq!(lines(&found), ["warning sent-member-removed c arguments.m"]);
    assert_eq!(found[0].relief, Some(Relief::Deprecated));
    let found = changes(&removed("'unstable'"), none);
    assert_eq!(lines(&found), ["info sent-member-removed c arguments.m"]);
    assert_eq!(found[0].relief, Some(Relief::Unstable));
    // Before features existed, the name said it.
    let found = changes("{ 'command': 'x-c' }", "");
    assert_eq!(lines(&found), ["info command-removed x-c"]);

    let used = |unstable: &str, members: &str| {
        format!(
            "{{ 'struct': 'Ab', 'data': {{ {members} }} }} \
            {{ 'command': 'x-a', 'data': {{ 'm': 'Ab' }} }} \
            {{ 'command': 'b', 'data': {{ 'm': {{ 'type': 'Ab', 'features': [{unstable}] }} }} }}"
        )
    };
    // A change is an unstable one only if each way is.
    for (unstable, level) in [("", "breaking"), ("'unstable'", "info")] {
        let found = changes(&used(unstable, "'m': 'int'"), &used(unstable, ""));
        let expected = format!("{level} sent-member-removed b arguments.m.m, x-a arguments.m.m");
        assert_eq!(lines(&found), [expected]);
    }
}

#[test]
fn ways_are_limited() {
    // A chain whose end is farther away than the longest way.
    let chain = |last: &str| {
        let mut text = format!("{{ 'struct': 'T0x', 'data': {{ {last} }} }}\n");
        for index in 1..1_000 {
            let next = index - 1;
            writeln!(text, "{{ 'struct': 'T{index}x', 'data': {{ 'm': 'T{next}x' }} }}").unwrap();
        }
        text + "{ 'command': 'c', 'data': 'T999x' }"
    };
    let found = changes(&chain("'*a': 'int'"), &chain(""));
    let ways: Vec<_> = found[0].ways().map(|way| way.to_string()).collect();
    assert_eq!((ways.len(), found[0].has_more_ways), (1, true));
    assert!(ways[0].len() < MAX_WAY + 100, "{}", ways[0].len());
    assert!(ways[0].starts_with("c …") || ways[0].starts_with("c arguments"), "{}", ways[0]);
    assert!(ways[0].ends_with(".m.a"), "{}", ways[0]);

    // Each type doubles the number of ways.
    let ladder = |last: &str| {
        let mut text = format!("{{ 'struct': 'T0x', 'data': {{ {last} }} }}\n");
        for index in 1..100 {
            let next = index - 1;
            let members = format!("'a': 'T{next}x', 'b': 'T{next}x'");
            writeln!(text, "{{ 'struct': 'T{index}x', 'data': {{ {members} }} }}").unwrap();
        }
        text + "{ 'command': 'c', 'data': 'T99x' }"
    };
    let found = changes(&ladder("'*a': 'int'"), &ladder(""));
    assert_eq!((found[0].ways().len(), found[0].has_more_ways), (MAX_WAYS, true));
}
