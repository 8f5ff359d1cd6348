//! Accepted differences and the changelog.

use qapi_schema::diff::{Accepted, changelog};

use super::{changes, lines};

const OLD: &str = "{ 'command': 'stop' } { 'struct': 'Lamp', 'data': { 'on': 'bool' } }
    { 'command': 'query-lamp', 'returns': 'Lamp' } { 'event': 'LAMP', 'data': 'Lamp' }";

const NEW: &str = "
##
# @query-lamp:
#
# The lamp.  More text.
##
{ 'command': 'query-lamp', 'returns': 'Lamp' }
##
# @Lamp:
#
# A lamp.
#
# @colour: in words.
##
{ 'struct': 'Lamp', 'data': { 'colour': 'str' } }
{ 'event': 'LAMP', 'data': 'Lamp' }
##
# @quit:
#
# Ends the program
# at once. Jobs are cancelled.
#
# Since: 3.0
##
{ 'command': 'quit' }
";

#[test]
fn accepted_ways_are_removed() {
    let all = [
        "breaking command-removed stop",
        "breaking received-member-removed query-lamp returns.on, LAMP data.on",
        "info command-added quit",
        "info received-member-added query-lamp returns.colour, LAMP data.colour",
    ];
    let found = |text: &str| {
        let mut changes = changes(OLD, NEW);
        let mut accepted = Accepted::parse(text).unwrap();
        accepted.apply(&mut changes);
        let unused = accepted.unused().map(|(line, text)| format!("{line}: {text}"));
        (lines(&changes), unused.collect::<Vec<_>>())
    };
    assert_eq!(found(""), (all.map(str::to_owned).to_vec(), vec![]));
    let (left, unused) = found("# Why.\ncommand-removed stop\n\ncommand-added x*\n");
    assert_eq!(
        (left.as_slice(), unused),
        (&all.map(str::to_owned)[1..], vec!["4: command-added x*".to_owned()])
    );
    let (left, _) = found("received-member-removed LAMP data*");
    assert_eq!(left[1], "breaking received-member-removed query-lamp returns.on");
    // The list that accepts everything.
    let text = Accepted::text_for(&changes(OLD, NEW));
    assert_eq!(text.lines().count(), 6, "{text}");
    assert_eq!(found(&text), (vec![], vec![]));
}

#[test]
fn wrong_entries_are_refused() {
    for (text, error) in [
        ("command-gone a", "line 1: there is no rule `command-gone`"),
        ("\ncommand-added", "line 2: write a pattern of ways after `command-added`"),
    ] {
        assert_eq!(Accepted::parse(text).unwrap_err(), error);
    }
}

#[test]
fn the_changelog_tells_what_is_new() {
    let expected = "## New commands

- `quit`: Ends the program at once (since 3.0)

## New in return values and events

- `query-lamp returns.colour`, `LAMP data.colour`: mandatory member `colour` was added: in words

## Removed

- `query-lamp returns.on`, `LAMP data.on`: mandatory member `on` was removed
- `stop`: command `stop` was removed
";
    assert_eq!(changelog(&changes(OLD, NEW)), expected);
    assert_eq!(changelog(&changes(NEW, NEW)), "Nothing is new.\n");
}
