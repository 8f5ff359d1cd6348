//! Rules for the whole schema, each with definitions that violate it.

use qapi_core::registry::{Conflict, Registry, RegistryError, Rule};
use qapi_core::schema::definition::{
    Branch, Command, Definition, DefinitionKind, Reference, Type, TypeRef, Union,
};

use crate::support::definitions::{
    ANY, BOOL, INT, NONE, STR, alternate, alternative, array, boxed, branch, command, define,
    derived, enumeration, event, marked, member, optional, returning, structure, union, value,
};

static KIND: Definition = enumeration("Kind", &[value("big"), value("small")]);
static BIG: Definition = structure("Big", &[member("size", INT)]);
static POINT: Definition = structure("Point", &[member("x", INT)]);
const BIG_BRANCH: fn() -> &'static [Branch] =
    || const { &[branch("big", || Type::Defined(&BIG))] };

static OTHER_POINT: Definition = structure("Point", &[member("y", INT)]);
static POINT_COMMAND: Definition = command("Point", NONE);
static RESIZE: Definition = command("block-resize", NONE);
static UNDERSCORE_RESIZE: Definition = command("block_resize", NONE);
static INT_COMMAND: Definition = command("int", NONE);
static QTYPE: Definition = enumeration("QType", &[value("none")]);

static TWICE: Definition = enumeration("Twice", &[value("a-b"), value("a_b")]);
static TWO_MEMBERS: Definition = structure("TwoMembers", &[member("a", INT), member("a", STR)]);
static TWO_BRANCHES: Definition = union(
    "TwoBranches",
    &[member("kind", || Type::Defined(&KIND))],
    "kind",
    || const { &[branch("big", || Type::Defined(&BIG)), branch("big", || Type::Defined(&POINT))] },
);
static USES_COMMAND: Definition =
    structure("UsesCommand", &[member("a", || array(|| Type::Defined(&RESIZE)))]);

static SHAPE: Definition =
    union("Shape", &[member("kind", || Type::Defined(&KIND))], "kind", BIG_BRANCH);
static UNION_BASE: Definition = derived("UnionBase", || Type::Defined(&SHAPE), &[]);
static BUILTIN_BASE: Definition = derived("BuiltinBase", INT, &[]);
static HEN: Definition = derived("Hen", || Type::Defined(&EGG), &[]);
static EGG: Definition = derived("Egg", || Type::Defined(&HEN), &[]);
static RUSSIAN_DOLL: Definition =
    union("RussianDoll", &[member("kind", || Type::Defined(&KIND))], "kind", || {
        const { &[branch("big", || Type::Defined(&RUSSIAN_DOLL))] }
    });
static NEAR: Definition = derived("Near", || Type::Defined(&POINT), &[optional("x", INT)]);
static NEARER: Definition = derived("Nearer", || Type::Defined(&NEAR_OK), &[member("x", INT)]);
static NEAR_OK: Definition = derived("NearOk", || Type::Defined(&POINT), &[member("y", INT)]);
static BRANCH_CLASH: Definition = union(
    "BranchClash",
    &[member("kind", || Type::Defined(&KIND)), member("size", INT)],
    "kind",
    BIG_BRANCH,
);

static OTHER_KIND: Definition = enumeration("OtherKind", &[value("big")]);
static OTHER_TAG: Definition = define(
    "OtherTag",
    DefinitionKind::Union(
        Union::new(
            None,
            &[member("kind", || Type::Defined(&KIND))],
            "kind",
            Reference::by_function(BIG_BRANCH),
        )
        .tag(TypeRef::by_function(|| Type::Defined(&OTHER_KIND))),
    ),
);
static NO_TAG: Definition = union("NoTag", &[], "kind", BIG_BRANCH);
static OPTIONAL_TAG: Definition =
    union("OptionalTag", &[optional("kind", || Type::Defined(&KIND))], "kind", BIG_BRANCH);
static STRING_TAG: Definition = union("StringTag", &[member("kind", STR)], "kind", BIG_BRANCH);
static NO_BRANCH: Definition =
    union("NoBranch", &[member("kind", || Type::Defined(&KIND))], "kind", || &[]);
static WRONG_BRANCH: Definition =
    union("WrongBranch", &[member("kind", || Type::Defined(&KIND))], "kind", || {
        const { &[branch("huge", || Type::Defined(&BIG))] }
    });
static ENUM_BRANCH: Definition =
    union("EnumBranch", &[member("kind", || Type::Defined(&KIND))], "kind", || {
        const { &[branch("big", || Type::Defined(&KIND)), branch("small", || array(INT))] }
    });

static NOTHING: Definition = alternate("Nothing", &[]);
static ANYTHING: Definition = alternate("Anything", &[alternative("any", ANY)]);
static TWO_STRINGS: Definition =
    alternate("TwoStrings", &[alternative("s", STR), alternative("k", || Type::Defined(&KIND))]);
static TWO_OBJECTS: Definition = alternate(
    "TwoObjects",
    &[alternative("b", || Type::Defined(&BIG)), alternative("p", || Type::Defined(&POINT))],
);
static STRING_NUMBER: Definition =
    alternate("StringNumber", &[alternative("s", STR), alternative("n", INT)]);
static SWITCH: Definition = enumeration("Switch", &[value("on"), value("auto")]);
static SWITCH_BOOL: Definition = alternate(
    "SwitchBool",
    &[alternative("b", BOOL), alternative("s", || Type::Defined(&SWITCH))],
);
static LEVEL: Definition = enumeration("Level", &[value("1.1"), value("max")]);
static LEVEL_NUMBER: Definition = alternate(
    "LevelNumber",
    &[alternative("n", INT), alternative("l", || Type::Defined(&LEVEL))],
);

static ENUM_ARGUMENTS: Definition = command("enum-arguments", boxed(|| Type::Defined(&KIND)));
static ANY_DATA: Definition = event("ANY_DATA", boxed(ANY));
static RETURNS_STRING: Definition = returning("returns-string", NONE, || Some(STR()));
static RETURNS_KINDS: Definition =
    returning("returns-kinds", NONE, || Some(array(|| Type::Defined(&KIND))));
static RETURNS_ALTERNATE: Definition =
    returning("returns-alternate", NONE, || Some(Type::Defined(&KIND_OR_NUMBER)));
static RETURNS_LISTS: Definition =
    returning("returns-lists", NONE, || Some(array(|| array(INT))));
static HOLDS_LISTS: Definition =
    structure("HoldsLists", &[member("rows", || array(|| array(INT)))]);
static OLD_TYPE: Definition = marked(structure("OldType", &[]));

type Case = (&'static [&'static Definition], &'static [(Rule, &'static [&'static str])]);

/// Definitions and their conflicts. A conflict is the violated rule, and the names of the
/// definitions that violate it.
const CASES: &[Case] = &[
    (&[&POINT, &OTHER_POINT], &[(Rule::NameDefinedOnce, &["Point", "Point"])]),
    (&[&POINT, &POINT_COMMAND], &[(Rule::NameDefinedOnce, &["Point", "Point"])]),
    (&[&RESIZE, &UNDERSCORE_RESIZE], &[(Rule::NamesDistinct, &["block-resize", "block_resize"])]),
    (&[&INT_COMMAND], &[(Rule::NameNotBuiltin, &["int"])]),
    (&[&QTYPE], &[(Rule::NameNotBuiltin, &["QType"])]),
    (&[&TWICE], &[(Rule::ListDistinct, &["Twice"])]),
    (&[&TWO_MEMBERS], &[(Rule::ListDistinct, &["TwoMembers"])]),
    (&[&TWO_BRANCHES], &[(Rule::ListDistinct, &["TwoBranches"])]),
    (&[&USES_COMMAND], &[(Rule::TypeReferred, &["UsesCommand", "block-resize"])]),
    (&[&UNION_BASE], &[(Rule::BaseIsStruct, &["UnionBase", "Shape"])]),
    (&[&BUILTIN_BASE], &[(Rule::BaseIsStruct, &["BuiltinBase"])]),
    (&[&HEN], &[(Rule::NoCycle, &["Egg", "Hen"])]),
    (
        &[&RUSSIAN_DOLL],
        &[(Rule::NoCycle, &["RussianDoll"]), (Rule::BranchMemberNotShared, &["RussianDoll"])],
    ),
    (&[&NEAR], &[(Rule::MemberNotInBase, &["Near", "Point"])]),
    (&[&NEARER], &[(Rule::MemberNotInBase, &["Nearer", "Point"])]),
    (&[&BRANCH_CLASH], &[(Rule::BranchMemberNotShared, &["BranchClash", "Big", "BranchClash"])]),
    (&[&NO_TAG], &[(Rule::DiscriminatorIsMember, &["NoTag"])]),
    (&[&OPTIONAL_TAG], &[(Rule::DiscriminatorMandatory, &["OptionalTag"])]),
    (&[&STRING_TAG], &[(Rule::DiscriminatorIsEnum, &["StringTag"])]),
    (&[&OTHER_TAG], &[(Rule::BranchesFitDiscriminator, &["OtherTag", "OtherKind", "Kind"])]),
    (&[&NO_BRANCH], &[(Rule::UnionHasBranch, &["NoBranch"])]),
    (&[&WRONG_BRANCH], &[(Rule::BranchIsValue, &["WrongBranch"])]),
    (
        &[&ENUM_BRANCH],
        &[
            (Rule::BranchIsObject, &["EnumBranch", "Kind"]),
            (Rule::BranchIsObject, &["EnumBranch"]),
        ],
    ),
    (&[&NOTHING], &[(Rule::AlternateHasMember, &["Nothing"])]),
    (&[&ANYTHING], &[(Rule::AlternativeHasJsonType, &["Anything"])]),
    (&[&TWO_STRINGS], &[(Rule::AlternativesDistinct, &["TwoStrings"])]),
    (&[&TWO_OBJECTS], &[(Rule::AlternativesDistinct, &["TwoObjects"])]),
    (&[&STRING_NUMBER], &[(Rule::AlternativesDistinct, &["StringNumber"])]),
    (&[&SWITCH_BOOL], &[(Rule::AlternativesDistinct, &["SwitchBool"])]),
    (&[&LEVEL_NUMBER], &[(Rule::AlternativesDistinct, &["LevelNumber"])]),
    (&[&ENUM_ARGUMENTS], &[(Rule::ArgumentsAreObject, &["enum-arguments", "Kind"])]),
    (&[&ANY_DATA], &[(Rule::ArgumentsAreObject, &["ANY_DATA"])]),
    (&[&RETURNS_STRING], &[(Rule::ReturnsObject, &["returns-string"])]),
    (&[&RETURNS_KINDS], &[(Rule::ReturnsObject, &["returns-kinds", "Kind"])]),
    (&[&RETURNS_ALTERNATE], &[(Rule::ReturnsObject, &["returns-alternate", "KindOrNumber"])]),
    (
        &[&RETURNS_LISTS],
        &[(Rule::ListNotOfLists, &["returns-lists"]), (Rule::ReturnsObject, &["returns-lists"])],
    ),
    (&[&HOLDS_LISTS], &[(Rule::ListNotOfLists, &["HoldsLists"])]),
    (&[&OLD_TYPE], &[(Rule::SpecialFeatureNotOnType, &["OldType"])]),
];

fn refuse(definitions: &[&'static Definition]) -> RegistryError {
    Registry::from_registrations(definitions.iter().copied()).unwrap_err()
}

fn summary(conflict: &Conflict) -> (Rule, Vec<&'static str>) {
    (conflict.rule(), conflict.places().iter().map(|place| place.name).collect())
}

#[test]
fn each_rule_is_enforced() {
    for (definitions, expected) in CASES {
        let error = refuse(definitions);
        let found: Vec<_> = error.conflicts().iter().map(summary).collect();
        let expected: Vec<_> =
            expected.iter().map(|(rule, names)| (*rule, names.to_vec())).collect();
        assert_eq!(found, expected, "{error}");
    }
}

#[test]
fn all_conflicts_are_listed_at_once() {
    let all: Vec<_> = CASES.iter().flat_map(|(definitions, _)| *definitions).copied().collect();
    let wanted: Vec<_> =
        CASES.iter().flat_map(|(_, expected)| *expected).map(|(rule, _)| *rule).collect();

    let error = refuse(&all);

    for rule in wanted {
        assert!(error.conflicts().iter().any(|found| found.rule() == rule), "{rule:?}: {error}");
    }
}

#[test]
fn the_error_text_is_a_numbered_list_with_both_source_positions() {
    let text = refuse(&[&POINT, &OTHER_POINT, &INT_COMMAND]).to_string();

    assert!(
        text.starts_with("the QAPI schema of this program has 2 conflicts:\n\n1. "),
        "{text}"
    );
    assert!(text.contains("\n\n2. "), "{text}");
    for definition in [&POINT, &OTHER_POINT, &INT_COMMAND] {
        assert!(
            text.contains(&format!("`{}` at {}", definition.name, definition.source)),
            "{text}"
        );
    }
}

/// Similar names. QEMU accepts them: its own schema has a command and an event of the same name.
static STOP: Definition = command("stop", NONE);
static STOP_EVENT: Definition = event("STOP", NONE);
/// Alternatives of different JSON types: an enum beside a number and a boolean.
static KIND_OR_NUMBER: Definition = alternate(
    "KindOrNumber",
    &[
        alternative("k", || Type::Defined(&KIND)),
        alternative("n", INT),
        alternative("b", BOOL),
        alternative("p", || Type::Defined(&POINT)),
        alternative("l", || array(STR)),
    ],
);
/// A union in a branch of a union.
static OUTER: Definition =
    union("Outer", &[member("switch", || Type::Defined(&SWITCH))], "switch", || {
        const { &[branch("on", || Type::Defined(&SHAPE))] }
    });
/// A struct with a list of itself.
static TREE: Definition =
    structure("Tree", &[member("children", || array(|| Type::Defined(&TREE)))]);

/// Return types: an object, a list of objects, or a listed exception.
static QUERY_SHAPE: Definition = returning("query-shape", NONE, || Some(Type::Defined(&SHAPE)));
static QUERY_TREES: Definition =
    returning("query-trees", NONE, || Some(array(|| Type::Defined(&TREE))));
static QUERY_STRING: Definition = {
    let command = Command::new(NONE, Reference::by_function(|| Some(STR()))).returns_exception();
    define("query-string", DefinitionKind::Command(command))
};

#[test]
fn definitions_that_qemu_accepts_are_accepted() {
    let definitions = [&STOP, &STOP_EVENT, &KIND_OR_NUMBER, &OUTER, &TREE, &NEAR_OK]
        .into_iter()
        .chain([&QUERY_SHAPE, &QUERY_TREES, &QUERY_STRING]);
    Registry::from_registrations(definitions).unwrap();
}
