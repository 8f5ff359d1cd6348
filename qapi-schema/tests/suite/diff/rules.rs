//! Each rule, with a pair of schemas that it alone reports.

use qapi_schema::diff::RULES;

use super::{changes, lines};

/// The old schema, the new one, and the rule with its level and the way.
type Case = (String, String, &'static str);

/// A case for each rule about commands, events and features.
fn of_calls() -> Vec<Case> {
    let with = |options: &str| format!("{{ 'command': 'c'{options} }}");
    let features = |names: &str| with(&format!(", 'features': [{names}]"));
    let condition = |name: &str| with(&format!(", 'if': '{name}'"));
    let none = String::new();
    let event = "{ 'event': 'E' }".to_owned();
    vec![
        (none.clone(), with(""), "info command-added c"),
        (with(""), none.clone(), "breaking command-removed c"),
        (with(""), with(", 'allow-oob': true"), "info command-oob-added c"),
        (with(", 'allow-oob': true"), with(""), "breaking command-oob-removed c"),
        (with(""), with(", 'allow-preconfig': true"), "info command-preconfig-added c"),
        (with(", 'allow-preconfig': true"), with(""), "breaking command-preconfig-removed c"),
        (with(", 'success-response': false"), with(""), "warning command-reply-added c"),
        (with(""), with(", 'success-response': false"), "breaking command-reply-removed c"),
        (none.clone(), event.clone(), "info event-added E"),
        (event, none, "warning event-removed E"),
        (with(""), features("'deprecated'"), "warning deprecated-added c"),
        (features("'deprecated'"), with(""), "info deprecated-removed c"),
        (with(""), features("'unstable'"), "warning unstable-added c"),
        (features("'unstable'"), with(""), "info unstable-removed c"),
        (with(""), features("'fast'"), "info feature-added c"),
        (features("'fast'"), with(""), "warning feature-removed c"),
        (with(""), condition("A"), "warning condition-added c"),
        (condition("A"), condition("B"), "warning condition-changed c"),
        (condition("A"), with(""), "info condition-removed c"),
    ]
}

/// The old and the new members, and what is found if they are arguments or the data of an event.
const OF_TYPES: &[(&str, &str, &str, &str)] = &[
    ("", "'*m': 'int'", "info sent-member-added .m", "info received-member-added .m"),
    (
        "",
        "'m': 'int'",
        "breaking sent-mandatory-member-added .m",
        "info received-member-added .m",
    ),
    ("'m': 'int'", "", "breaking sent-member-removed .m", "breaking received-member-removed .m"),
    (
        "'*m': 'int'",
        "",
        "breaking sent-member-removed .m",
        "warning received-optional-member-removed .m",
    ),
    (
        "'*m': 'int'",
        "'m': 'int'",
        "breaking sent-member-now-mandatory .m",
        "info received-member-now-mandatory .m",
    ),
    (
        "'m': 'int'",
        "'*m': 'int'",
        "info sent-member-now-optional .m",
        "breaking received-member-now-optional .m",
    ),
    (
        "'m': 'One'",
        "'m': 'Two'",
        "info sent-value-added .m=b",
        "warning received-value-added .m=b",
    ),
    (
        "'m': 'Two'",
        "'m': 'One'",
        "breaking sent-value-removed .m=b",
        "warning received-value-removed .m=b",
    ),
    (
        "'m': 'int'",
        "'m': 'IntOrObject'",
        "info sent-alternative-added .m<object>",
        "breaking received-alternative-added .m<object>",
    ),
    (
        "'m': 'IntOrObject'",
        "'m': 'Empty'",
        "breaking sent-alternative-removed .m<number>",
        "warning received-alternative-removed .m<number>",
    ),
    (
        "'m': 'int'",
        "'m': 'number'",
        "info sent-type-widened .m",
        "breaking received-type-changed .m",
    ),
    (
        "'m': 'any'",
        "'m': ['str']",
        "breaking sent-type-changed .m",
        "info received-type-narrowed .m",
    ),
    (
        "'m': 'bool'",
        "'m': 'IntOrObject'",
        "breaking sent-type-changed .m",
        "breaking received-type-changed .m",
    ),
    ("'m': 'One'", "'m': 'str'", "info sent-type-widened .m", "warning received-value-added .m"),
    (
        "'m': 'str'",
        "'m': 'One'",
        "breaking sent-type-changed .m",
        "info received-type-narrowed .m",
    ),
    (
        "'m': 'uint8'",
        "'m': 'size'",
        "info sent-range-widened .m",
        "warning received-range-widened .m",
    ),
    (
        "'m': 'int'",
        "'m': 'int32'",
        "breaking sent-range-narrowed .m",
        "info received-range-narrowed .m",
    ),
    (
        "'m': 'FirstTag'",
        "'m': 'SecondTag'",
        "breaking sent-tag-changed .m",
        "breaking received-tag-changed .m",
    ),
];

/// Types that the cases name.
const TYPES: &str = "{ 'enum': 'One', 'data': ['a'] } { 'enum': 'Two', 'data': ['a', 'b'] } \
    { 'alternate': 'IntOrObject', 'data': { 'i': 'int', 'o': 'Empty' } } \
    { 'struct': 'Empty', 'data': {} } \
    { 'union': 'FirstTag', 'base': { 's': 'One', 't': 'One' }, 'discriminator': 's', \
    'data': { 'a': 'Empty' } } \
    { 'union': 'SecondTag', 'base': { 's': 'One', 't': 'One' }, 'discriminator': 't', \
    'data': { 'a': 'Empty' } } ";

#[test]
fn each_rule_reports_its_subject_alone() {
    let mut cases = of_calls();
    for (old, new, sent, received) in OF_TYPES {
        let schema = |members: &str| {
            let command = format!("{{ 'command': 'c', 'data': {{ {members} }} }}");
            let event = format!("{{ 'event': 'E', 'data': {{ {members} }} }}");
            [command, event].map(|call| format!("{TYPES}{call}"))
        };
        let (olds, news) = (schema(old), schema(new));
        for ((old, new), expected) in olds.into_iter().zip(news).zip([sent, received]) {
            cases.push((old, new, expected));
        }
    }
    let mut seen = Vec::new();
    for (old, new, expected) in cases {
        let found = lines(&changes(&old, &new));
        let found: Vec<_> = found
            .iter()
            .map(|line| line.replace(" c arguments", " ").replace(" E data", " "))
            .collect();
        assert_eq!(found, [expected], "{old} / {new}");
        seen.push(expected.split(' ').nth(1).unwrap());
    }
    for rule in RULES {
        assert!(seen.contains(&rule.id), "no case for `{}`", rule.id);
    }
}
