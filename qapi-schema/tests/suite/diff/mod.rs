//! Differences of two schemas.
//!
//! | module | subject |
//! |---|---|
//! | `rules` | each rule, with a pair of schemas that it alone reports |
//! | `invisible` | pairs of schemas that clients cannot tell apart |
//! | `ways` | ways to changes, also in large schemas; relief of deprecated and unstable parts |
//! | `reports` | accepted differences; the changelog |
//! | `releases` | QEMU's schemas, with lists of differences that were checked by hand |

mod invisible;
mod releases;
mod reports;
mod rules;
mod ways;

use qapi_schema::Schema;
use qapi_schema::diff::{Change, Interface, compare};

fn interface(text: &str) -> Interface {
    let schema = Schema::from_text("case.json", text);
    assert_eq!(schema.findings(), [], "{text}");
    Interface::from_schema(&schema).unwrap()
}

fn changes(old: &str, new: &str) -> Vec<Change> {
    compare(&interface(old), &interface(new))
}

/// A line for each change: its level, its rule and its ways.
fn lines(changes: &[Change]) -> Vec<String> {
    let line = |change: &Change| {
        let ways: Vec<_> = change.ways().map(|way| way.to_string()).collect();
        format!("{} {} {}", change.level.as_str(), change.rule.id, ways.join(", "))
    };
    changes.iter().map(line).collect()
}
