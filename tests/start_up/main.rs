//! Definitions that compile, but prevent the start of the program: a mistake shows only in the
//! whole schema. Each file contains one mistake, and has the name of the same case in QEMU's
//! `tests/qapi-schema`, if there is one.
//!
//! One program contains all files. The registry reports all mistakes at once.

#![allow(dead_code, reason = "only the registry looks at these definitions")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod added_value_clash;
mod alternate_conflict_bool_string;
mod alternate_conflict_num_string;
mod alternate_conflict_string;
mod bad_base;
mod base_cycle_indirect;
mod features_too_many;
mod names_alike;
mod redefined_command;
mod returns_enum;
mod union_bad_base;
mod union_base_union;
mod union_invalid_union_subtype;

use qapi_core::registry::{Registry, Rule};

/// The case, the broken rule, and the definitions involved, beginning with the wrong one.
const CASES: &[(&str, Rule, &[&str])] = &[
    ("added_value_clash", Rule::AddedValueDistinct, &["OpenColour", "OpenColour"]),
    ("added_value_clash", Rule::AddedValueDistinct, &["OpenColour", "OpenColour"]),
    ("alternate_conflict_bool_string", Rule::AlternativesDistinct, &["BoolOrString"]),
    ("alternate_conflict_num_string", Rule::AlternativesDistinct, &["NumberOrString"]),
    ("alternate_conflict_string", Rule::AlternativesDistinct, &["ValueOrString"]),
    ("bad_base", Rule::BaseIsStruct, &["DerivedOfUnion", "Shape"]),
    ("base_cycle_indirect", Rule::NoCycle, &["CycleEgg", "CycleHen"]),
    ("features_too_many", Rule::FeatureLimit, &["go-fish"]),
    ("names_alike", Rule::NamesDistinct, &["names-alike", "names_alike"]),
    ("redefined_command", Rule::NameDefinedOnce, &["redefined", "redefined"]),
    ("returns_enum", Rule::ReturnsObject, &["query-run-states", "RunState"]),
    (
        "union_bad_base",
        Rule::BranchMemberNotShared,
        &["NamedAddress", "PathAddress", "NamedAddress"],
    ),
    ("union_base_union", Rule::BaseIsStruct, &["Locomotive", "Engine"]),
    ("union_invalid_union_subtype", Rule::BranchMemberNotShared, &["Outer", "Inner", "Outer"]),
];

/// The file of this program that contains a module.
fn file_of(module: &'static str) -> &'static str {
    module.split("::").nth(1).unwrap()
}

#[test]
fn a_program_does_not_start_and_every_conflict_is_reported() {
    let error = Registry::collect().unwrap_err();

    let mut found = Vec::new();
    for conflict in error.conflicts() {
        let names: Vec<_> = conflict.places().iter().map(|place| place.name).collect();
        let mut cases = conflict.places().iter().map(|place| file_of(place.source.module));
        let case = cases.next().unwrap();
        assert!(cases.all(|other| other == case), "{conflict}");
        found.push((case, conflict.rule(), names));
    }
    found.sort_by_key(|(case, ..)| *case);

    let expected: Vec<_> =
        CASES.iter().map(|(case, rule, names)| (*case, *rule, names.to_vec())).collect();
    assert_eq!(found, expected, "{error}");
}
