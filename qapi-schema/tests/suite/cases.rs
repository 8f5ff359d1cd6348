//! One mistake a schema: the line of the error, and part of its message.

use qapi_schema::Schema;

/// The line that QEMU's schema compiler blames, a part of the message, and the schema.
type Case = (u32, &'static str, &'static str);

fn check(cases: &[Case]) {
    let mut wrong = Vec::new();
    for (line, message, text) in cases {
        let schema = Schema::from_text("case.json", *text);
        let found: Vec<_> = schema
            .findings()
            .iter()
            .map(|found| (schema.sources().line(found.place.unwrap()), found.message.as_str()))
            .collect();
        let agrees = match found.as_slice() {
            [(found_line, found)] => found_line == line && found.contains(message),
            _ => false,
        };
        if !agrees {
            wrong.push(format!("{text}\nwanted {line}: {message}\nfound {found:?}\n"));
        }
        let helps = schema.findings().iter().all(|found| found.token.is_some());
        assert!(helps, "{text}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn syntax() {
    check(&[
        (1, "expected `:`", "{ 'enum' 'A' }"),
        (2, "expected `,` or `}`", "{ 'command': 'a'\n 'data': {} }"),
        (1, "expected `,` or `]`", "{ 'enum': 'Ab', 'data': [ 'a' 'b' ] }"),
        (1, "expected string or `}`", "{ , }"),
        (1, "expected string, found `}`", "{ 'command': 'a', }"),
        (1, "expected `{`, `[`, `]`", "{ 'enum': 'Ab', 'data': [ , ] }"),
        (1, "expected `{`, `[`, string", "{ 'enum': 'Ab', 'data': [ 'a', ] }"),
        (1, "expected `{`, found `[`", "[ 'a' ]"),
        (2, "stray `7`", "{ 'command':\n 7 }"),
        (1, "stray `\"command\"`", "{ \"command\": 'a' }"),
        (1, "missing terminating", "{ 'command: true }\n"),
        (1, "unknown escape `\\x`", "{ 'comm\\x61nd': 'a' }"),
        (1, "the string contains 'ä'", "{ 'command': 'ä' }"),
        (1, "duplicate key `data`", "{ 'command': 'a', 'data': {}, 'data': {} }"),
        (1, "found the end of the file", "{ 'command':\n"),
    ]);
}

#[test]
fn directives() {
    check(&[
        (1, "invalid `include`", "{ 'include': 'a.json', 'x': true }"),
        (1, "value of `include` must be", "{ 'include': {} }"),
        (1, "can't read include file", "{ 'include': 'does-not-exist.json' }"),
        (1, "inclusion loop", "{ 'include': 'case.json' }"),
        (1, "invalid `pragma`", "{ 'pragma': {}, 'x': true }"),
        (1, "value of `pragma` must be", "{ 'pragma': [] }"),
        (1, "unknown pragma `x`", "{ 'pragma': { 'x': true } }"),
        (1, "must be boolean", "{ 'pragma': { 'doc-required': 'yes' } }"),
        (1, "must be a list of strings", "{ 'pragma': { 'member-name-exceptions': [ {} ] } }"),
        (
            2,
            "documentation comment required",
            "{ 'pragma': { 'doc-required': true } }\n{ 'command': 'a' }",
        ),
    ]);
}

#[test]
fn names() {
    check(&[
        (1, "`command` requires a string name", "{ 'command': [] }"),
        (1, "must not use lowercase", "{ 'event': 'oops' }"),
        (1, "must not use lowercase", "{ 'event': 'DE-VICE' }"),
        (1, "must not use uppercase", "{ 'command': 'Go' }"),
        (1, "must not use uppercase", "{ 'command': 'go_on' }"),
        (1, "must use CamelCase", "{ 'struct': 'lower', 'data': {} }"),
        (1, "must use CamelCase", "{ 'struct': 'ABC', 'data': {} }"),
        (1, "should not end in `List`", "{ 'struct': 'AList', 'data': {} }"),
        (1, "command has an invalid name", "{ 'command': 'q-x' }"),
        (1, "command has an invalid name", "{ 'command': '7up' }"),
        (1, "member `A`", "{ 'command': 'a', 'data': { 'A': 'int' } }"),
        (1, "uses reserved name", "{ 'command': 'a', 'data': { 'has-x': 'int' } }"),
        (1, "uses reserved name", "{ 'command': 'a', 'data': { '*u': 'int' } }"),
        (1, "exactly one key", "{ 'commando': 'a' }"),
        (1, "exactly one key", "{ 'command': 'a', 'event': 'A' }"),
        (2, "is defined twice", "{ 'command': 'a' }\n{ 'command': 'a' }"),
        (1, "has the name of a built-in type", "{ 'command': 'int' }"),
        (1, "one name in C", "{ 'enum': 'Ab', 'data': [ 'a', 'a' ] }"),
    ]);
}

#[test]
fn legal_names_are_suggested() {
    for (text, expected) in [
        ("{ 'enum': 'ABC', 'data': [] }", "write `Abc`"),
        ("{ 'enum': 'x-lamp_kind', 'data': [] }", "write `x-LampKind`"),
        ("{ 'enum': 'S', 'data': [] }", "choose a name with a lower case letter"),
        ("{ 'enum': 'xS', 'data': [] }", "choose a name with a lower case letter"),
        ("{ 'event': '__org.a_lamp-on' }", "write `__org.a_LAMP_ON`"),
        ("{ 'command': '__org.a_Lamp_on' }", "write `__org.a_lamp-on`"),
    ] {
        let schema = Schema::from_text("case.json", text);
        let help = schema.findings()[0].help.as_deref().unwrap_or_default();
        assert!(help.starts_with(expected), "{text}: {help}");
    }
}

#[test]
fn parts() {
    check(&[
        (1, "enum misses key `data`", "{ 'enum': 'Ab' }"),
        (2, "unknown keys `x`, `y`", "\n{ 'command': 'a', 'x': true, 'y': true }"),
        (1, "`data` must be an array", "{ 'enum': 'Ab', 'data': {} }"),
        (1, "`prefix` must be a string", "{ 'enum': 'Ab', 'data': [], 'prefix': [] }"),
        (1, "should be an object or type name", "{ 'struct': 'Ab', 'data': 'Cd' }"),
        (1, "`base` should be a type name", "{ 'struct': 'Ab', 'base': {}, 'data': {} }"),
        (1, "should be a type name or array", "{ 'command': 'a', 'returns': {} }"),
        (1, "single type name", "{ 'command': 'a', 'data': { 'b': [] } }"),
        (1, "member `b` misses key `type`", "{ 'command': 'a', 'data': { 'b': {} } }"),
        (1, "`data` must not be empty", "{ 'alternate': 'Ab', 'data': {} }"),
        (1, "is not a valid identifier", "{ 'command': 'a', 'if': 'x' }"),
        (1, "must be a string or an object", "{ 'command': 'a', 'if': true }"),
        (1, "is useless", "{ 'command': 'a', 'if': { 'any': [] } }"),
        (1, "conflicting keys", "{ 'command': 'a', 'if': { 'all': ['A'], 'any': ['A'] } }"),
        (1, "must be an array", "{ 'command': 'a', 'if': { 'all': 'A' } }"),
        (1, "unknown key `none`", "{ 'command': 'a', 'if': { 'none': 'A' } }"),
        (1, "`features` must be an array", "{ 'command': 'a', 'features': 'x' }"),
        (1, "requires a string name", "{ 'command': 'a', 'features': [[]] }"),
        (1, "may only use true value", "{ 'command': 'a', 'allow-oob': false }"),
        (1, "may only use false value", "{ 'command': 'a', 'gen': true }"),
        (1, "are incompatible", "{ 'command': 'a', 'allow-oob': true, 'coroutine': true }"),
        (1, "requires `data`", "{ 'event': 'A', 'boxed': true }"),
    ]);
}

/// Types that the schemas of [`whole`] use, on one line.
const TYPES: &str = "{ 'enum': 'Kind', 'data': ['big', 'old'] } \
    { 'struct': 'Big', 'data': { 'size': 'int' } } \
    { 'struct': 'Base', 'data': { 'kind': 'Kind', '*soft': 'Kind', 'name': 'str', \
    'maybe': { 'type': 'Kind', 'if': 'X' } } } \
    { 'union': 'Choice', 'base': { 'kind': 'Kind' }, 'discriminator': 'kind', \
    'data': { 'big': 'Big' } } { 'alternate': 'Alt', 'data': { 's': 'str', 'b': 'Big' } }\n";

#[test]
fn whole() {
    let cases = [
        ("uses unknown type `Bag`", "{ 'command': 'a', 'returns': 'Bag' }"),
        ("uses unknown type `a`", "{ 'command': 'a', 'returns': 'a' }"),
        ("the base of the struct", "{ 'struct': 'Ab', 'base': 'Choice', 'data': {} }"),
        ("clashes with", "{ 'struct': 'Ab', 'base': 'Big', 'data': { 'size': 'int' } }"),
        ("contains itself", "{ 'struct': 'Ab', 'base': 'Ab', 'data': {} }"),
        ("are the alternate `Alt`", "{ 'command': 'a', 'data': 'Alt' }"),
        ("only with `boxed`: true", "{ 'command': 'a', 'data': 'Choice' }"),
        ("conditional command arguments", "{ 'command': 'a', 'data': 'Base' }"),
        ("conditional event arguments", "{ 'event': 'A', 'data': 'Base' }"),
        ("returns the built-in type", "{ 'command': 'a', 'returns': 'int' }"),
        (
            "has the feature `unstable`",
            "{ 'struct': 'Ab', 'data': {}, 'features': ['unstable'] }",
        ),
        ("cannot be distinguished", "{ 'alternate': 'Ab', 'data': { 'k': 'Kind', 's': 'str' } }"),
        ("no single JSON type", "{ 'alternate': 'Ab', 'data': { 'k': 'any' } }"),
        (
            "is not a member that all branches share",
            "{ 'union': 'Ab', 'base': 'Base', 'discriminator': 'x', 'data': {} }",
        ),
        ("is optional", "{ 'union': 'Ab', 'base': 'Base', 'discriminator': 'soft', 'data': {} }"),
        (
            "must be an enum",
            "{ 'union': 'Ab', 'base': 'Base', 'discriminator': 'name', 'data': {} }",
        ),
        (
            "must not be conditional",
            "{ 'union': 'Ab', 'base': 'Base', 'discriminator': 'maybe', 'data': {} }",
        ),
        (
            "is not a value",
            "{ 'union': 'Ab', 'base': 'Base', 'discriminator': 'kind', 'data': { 'x': 'Big' } }",
        ),
        (
            "only a struct or union can be a branch",
            "{ 'union': 'Ab', 'base': 'Base', 'discriminator': 'kind', 'data': { 'big': 'Alt' } }",
        ),
    ];
    for (message, text) in cases {
        let text: &'static str = format!("{TYPES}{text}").leak();
        let start = message.split("; ").next().unwrap();
        let schema = Schema::from_text("case.json", text);
        let [found] = schema.findings() else { panic!("{text}\n{:?}", schema.findings()) };
        assert_eq!(schema.sources().line(found.place.unwrap()), 2, "{text}");
        let whole = format!("{}; {}", found.message, found.help.clone().unwrap_or_default());
        assert!(whole.contains(start), "{text}\n{whole}");
    }
}

#[test]
fn documentation() {
    check(&[
        (1, "at start", "## x\n# y\n##\n"),
        (2, "at end", "##\n## x\n"),
        (3, "must end with `##`", "##\n# x\n\n"),
        (2, "missing space", "##\n#x\n##\n"),
        (2, "line should end with `:`", "##\n# @a\n##\n{ 'command': 'a' }"),
        (2, "name required", "##\n# @:\n##\n{ 'command': 'a' }"),
        (1, "is not followed by", "##\n# @a:\n##\n"),
        (4, "comment is for `b`", "##\n# @b:\n##\n{ 'command': 'a' }"),
        (1, "definition documentation required", "##\n# a\n##\n{ 'command': 'a' }"),
        (3, "not allowed in free-form", "##\n# text\n# @a: b\n##\n"),
        (5, "de-indent", "##\n# @a:\n# @x: one\n#   two\n# three\n##\n{ 'command': 'a' }"),
        (3, "member `x` does not exist", "##\n# @a:\n# @x: one\n##\n{ 'command': 'a' }"),
        (4, "lacks documentation", "##\n# @a:\n##\n{ 'command': 'a', 'data': { 'x': 'int' } }"),
        (4, "duplicated `Since`", "##\n# @a:\n# Since: 1\n# Since: 2\n##\n{ 'command': 'a' }"),
        (
            5,
            "feature `f` lacks documentation",
            "##\n# @a:\n# @x: one\n##\n\
            { 'command': 'a', 'data': { 'x': { 'type': 'int', 'features': ['f'] } } }",
        ),
        (3, "text required after `Errors:`", "##\n# @a:\n# Errors:\n##\n{ 'command': 'a' }"),
        (3, "doesn't return anything", "##\n# @a:\n# Returns: x\n##\n{ 'command': 'a' }"),
        (3, "only valid for commands", "##\n# @A:\n# Errors: x\n##\n{ 'event': 'A' }"),
        (3, "no longer supported", "##\n# @a:\n# Note: x\n##\n{ 'command': 'a' }"),
    ]);
}

/// A block after it that cannot be read hides nothing of this error.
#[test]
fn documentation_before_a_broken_block_is_checked() {
    let schema = Schema::from_text("case.json", "##\n# @a:\n##\n##\n#x\n##\n");
    let found = schema.findings().iter().map(|found| found.message.as_str());
    let expected =
        ["missing space after `#`", "documentation for `a` is not followed by the definition"];
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[test]
fn all_errors_are_reported_and_none_follows_from_another() {
    let text = "{ 'struct': 'A', 'data': { 'X': 'int' } }\n\
        { 'enum' 'Broken', 'data': [] }\n\
        { 'command': 'uses', 'data': { 'a': 'A', 'b': 'Broken' } }\n\
        { 'command': 'lacks', 'returns': 'Nothing' }\n\
        { 'event': 'GOOD', 'data': { 'c': 'Lowercase' } }\n";
    let schema = Schema::from_text("case.json", text);
    let lines: Vec<_> = schema
        .findings()
        .iter()
        .map(|found| schema.sources().line(found.place.unwrap()))
        .collect();
    assert_eq!(lines, [2, 1, 1, 4, 5]);
}
