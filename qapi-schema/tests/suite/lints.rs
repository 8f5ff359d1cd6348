//! Lints: each with a schema in which it finds something, and one in which it finds nothing.

use qapi_schema::lint::{LINTS, Lint};
use qapi_schema::{Level, Schema};

#[test]
fn each_lint_finds_its_subject_and_nothing_else() {
    let doc = "##\n# @a:\n#\n# Since: 1.0\n##\n";
    let cases = [
        (
            "deprecated-without-replacement",
            "##\n# @a:\n#\n# Features:\n# @deprecated: Gone soon.\n##\n\
             { 'command': 'a', 'features': ['deprecated'] }"
                .to_owned(),
            "##\n# @a:\n#\n# Features:\n# @deprecated: Use `b`.\n##\n\
             { 'command': 'a', 'features': ['deprecated'] }"
                .to_owned(),
        ),
        ("long-line", format!("#{}\n", " x".repeat(35)), format!("#{}\n", "x".repeat(69))),
        (
            "missing-since",
            "##\n# @a:\n##\n{ 'command': 'a' }".to_owned(),
            format!("{doc}{{ 'command': 'a' }}"),
        ),
        (
            "similar-names",
            "{ 'command': 'a-b' }\n{ 'command': 'a_b' }\n\
             { 'pragma': { 'command-name-exceptions': ['a_b'] } }"
                .to_owned(),
            "{ 'command': 'a-b' }\n{ 'command': 'ab' }".to_owned(),
        ),
        (
            "undocumented-definition",
            "{ 'command': 'a' }".to_owned(),
            format!("{doc}{{ 'command': 'a' }}"),
        ),
        (
            "undocumented-member",
            format!(
                "{{ 'pragma': {{ 'documentation-exceptions': ['a'] }} }}\n\
                 {doc}{{ 'command': 'a', 'data': {{ 'b': 'int' }} }}"
            ),
            "{ 'command': 'a', 'data': { 'b': 'int' } }".to_owned(),
        ),
        (
            "unused-type",
            "{ 'enum': 'Ab', 'data': [] }".to_owned(),
            "{ 'enum': 'Ab', 'data': [] } { 'event': 'A', 'data': { 'b': ['Ab'] } }".to_owned(),
        ),
    ];
    let names: Vec<_> = LINTS.iter().map(|lint| lint.name).collect();
    assert_eq!(cases.each_ref().map(|(name, ..)| *name).as_slice(), names);
    for (name, with, without) in cases {
        let found = |text: &str| {
            let schema = Schema::from_text("case.json", text);
            assert!(schema.is_valid(), "{text}: {:?}", schema.findings());
            Lint::by_name(name).unwrap().check(&schema, Level::Warning)
        };
        let reported = found(&with);
        assert_eq!(reported.len(), 1, "{name}: {reported:?}");
        assert_eq!((reported[0].level, reported[0].lint), (Level::Warning, Some(name)));
        assert_eq!(found(&without), [], "{name}");
    }
}

#[test]
fn each_deprecated_part_needs_a_replacement() {
    let text = "##\n# @a:\n#\n# @b: text\n#\n# Features:\n# @deprecated: REASON\n##\n\
        { 'command': 'a', 'data': { 'b': { 'type': 'Ab', 'features': ['deprecated'] } } }\n\
        { 'enum': 'Ab', 'data': ['x', { 'name': 'y', 'features': ['deprecated'] }] }\n";
    let lint = Lint::by_name("deprecated-without-replacement").unwrap();
    let found = |reason: &str| -> Vec<String> {
        let schema = Schema::from_text("case.json", text.replace("REASON", reason));
        assert_eq!(schema.findings(), []);
        let findings = lint.check(&schema, Level::Warning);
        findings.into_iter().map(|finding| finding.message).collect()
    };
    let messages = ["the member `b`", "the value `y`"].map(|subject| {
        format!("{subject} is deprecated, and its documentation names no replacement")
    });
    assert_eq!(found("Gone."), messages);
    assert_eq!(found("Use @c."), messages[1..]);
}
