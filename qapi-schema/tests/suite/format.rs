//! The layout of schema files.

use std::fs;

use qapi_schema::Schema;
use qapi_schema::format::format;

use crate::qemu::shared;

/// Each text, and the text that the formatter makes of it.
const CASES: &[(&str, &str)] = &[
    ("", ""),
    ("{'command':'a','data':{'b' :'int'}}", "{ 'command': 'a', 'data': { 'b': 'int' } }\n"),
    ("{ 'enum': 'Ab', 'data': [ 'a' ] }\n", "{ 'enum': 'Ab', 'data': [ 'a' ] }\n"),
    ("{ 'event': 'A' } { 'event': 'B' }\n", "{ 'event': 'A' }\n{ 'event': 'B' }\n"),
    ("{ 'event': 'A' }\n\n\n\n# end  \n", "{ 'event': 'A' }\n\n# end\n"),
    // The author breaks lines, and chooses among the indentations.
    (
        "{ 'struct': 'Ab',\n  'data': { 'a': 'int',\n            'b': 'int' } }\n",
        "{ 'struct': 'Ab',\n  'data': { 'a': 'int',\n            'b': 'int' } }\n",
    ),
    (
        "{ 'struct': 'Ab',\n  'data': {\n      'a': 'int'\n  } }\n",
        "{ 'struct': 'Ab',\n  'data': {\n      'a': 'int'\n  } }\n",
    ),
    (
        "{ 'struct': 'Ab',\n'data': { 'a': 'int',\n   'b': 'int' } }\n",
        "{ 'struct': 'Ab',\n  'data': { 'a': 'int',\n            'b': 'int' } }\n",
    ),
    ("{ 'command': 'a'\n , 'boxed' :\n true }", "{ 'command': 'a',\n  'boxed':\n  true }\n"),
    // Comments keep their text.
    (
        "  # one\n{ 'enum': 'Ab',   # two\n    # three\n  'data': [] }\t# four\n",
        "# one\n{ 'enum': 'Ab',   # two\n    # three\n  'data': [] }        # four\n",
    ),
    (
        "##\n# @a:\n#\n# x   y\n##\n{ 'event': 'A' }",
        "##\n# @a:\n#\n# x   y\n##\n{ 'event': 'A' }\n",
    ),
];

#[test]
fn each_text_has_its_layout() {
    for (before, after) in CASES {
        let formatted = format("case.json", before).unwrap();
        assert_eq!(formatted, *after, "{before}");
        assert_eq!(format("case.json", &formatted).unwrap(), *after, "again: {before}");
    }
}

#[test]
fn an_expression_with_a_long_line_is_laid_out_anew() {
    let members: Vec<_> = (0..12).map(|index| format!("'member-{index}': ['str']")).collect();
    let text = format!("{{ 'struct': 'Ab', 'data': {{ {} }} }}\n", members.join(", "));
    let formatted = format("case.json", &text).unwrap();
    let mut lines = formatted.lines();
    assert_eq!(lines.next().unwrap(), "{ 'struct': 'Ab',");
    assert!(lines.next().unwrap().starts_with("  'data': { 'member-0': ['str'], 'member-1'"));
    assert!(lines.next().unwrap().starts_with("            'member-3'"));
    assert!(formatted.lines().all(|line| line.len() <= 79), "{formatted}");
    assert_eq!(format("case.json", &formatted).unwrap(), formatted);
}

#[test]
fn a_text_with_syntax_errors_is_refused() {
    let refused = format("case.json", "{ 'command' }\n").unwrap_err();
    assert_eq!(refused.findings.len(), 1);
    assert_eq!(refused.source.line(refused.findings[0].place.unwrap().start), 1);
}

/// QEMU's own schema, as it is beside the repository, loses the empty line at the end of each file,
/// and changes in no other line.
#[test]
fn qemus_schemas_keep_their_layout() {
    let mut lines = 0;
    for name in ["full", "storage-daemon"] {
        let Some(folder) = shared("qemu-schema") else { return };
        let schema = Schema::read(folder.join(name).join("qapi-schema.json"));
        for file in schema.sources().files() {
            let text = fs::read_to_string(file.path()).unwrap();
            let expected = format!("{}\n", text.trim_end());
            assert_eq!(format(file.path(), &text).unwrap(), expected, "{}", file.path());
            lines += text.lines().count();
        }
    }
    assert!(lines > 4000, "{lines}");
}

/// Formatting twice changes nothing, also for files with mistakes of other kinds than syntax.
#[test]
fn formatting_is_idempotent() {
    let Some(folder) = shared("conformance/schema") else { return };
    let mut formatted = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let Ok(once) = format("case.json", &text) else { continue };
        assert_eq!(format("case.json", &once).unwrap(), once, "{}", path.display());
        formatted += 1;
    }
    assert!(formatted > 60, "{formatted}");
}
