//! Conflicts that a schema has only as of an earlier release.

use qapi_core::introspection::Mask;
use qapi_core::registry::{Registry, RegistryError, Rule};
use qapi_core::schema::definition::{
    AlternateMember, Arguments, Branch, Definition, EnumValue, Member, MemberShape, Type,
};
use qapi_core::schema::render::render_as_of;
use qapi_core::{Release, Server};
use serde_json::json;

use super::OLD;
use crate::support::definitions::{
    INT, NONE, STR, alternate, alternative, array, boxed, branch, command, derived, enumeration,
    event, member, need, needing, optional, returning, since, structure, union, value,
};

const fn newer(definition: Definition) -> Definition {
    since("6.0", definition)
}

const fn newer_member(member: Member) -> Member {
    let shape = if member.optional {
        MemberShape::optional(member.ty)
    } else {
        MemberShape::mandatory(member.ty)
    };
    Member::new(member.part.since("6.0"), shape)
}

const fn newer_alternative(name: &'static str, ty: fn() -> Type) -> AlternateMember {
    let AlternateMember { part, ty, .. } = alternative(name, ty);
    AlternateMember::new(part.since("6.0"), ty)
}

static NEW: Definition = newer(structure("New", &[member("x", INT)]));
const OF_NEW: fn() -> Type = || Type::Defined(&NEW);
const NEWS: fn() -> Type = || array(OF_NEW);

static HAS: Definition = structure("Has", &[member("new", OF_NEW)]);
static HAS_TWICE: Definition = structure("HasTwice", &[member("a", OF_NEW), member("b", NEWS)]);
static DERIVED: Definition = newer(derived("Derived", OF_NEW, &[]));
static DERIVED_TWICE: Definition = derived("DerivedTwice", || Type::Defined(&DERIVED), &[]);
static TAKES: Definition = command("takes", Arguments::Members(&[optional("new", NEWS)]));
static BOXED: Definition = event("BOXED", boxed(OF_NEW));
static RETURNS: Definition = returning("returns", NONE, || Some(NEWS()));
static CHOOSES: Definition =
    alternate("Chooses", &[alternative("s", STR), alternative("n", OF_NEW)]);

const LATER: EnumValue = EnumValue::new(value("later").part.since("6.0"));
static KIND: Definition = enumeration("Kind", &[value("old"), LATER]);
static LATER_KIND: Definition = enumeration("LaterKind", &[LATER]);
const BRANCHES: fn() -> &'static [Branch] = || const { &[branch("later", OF_NEW)] };
static BRANCHED: Definition =
    union("Branched", &[member("kind", || Type::Defined(&KIND))], "kind", || {
        const { &[branch("old", OF_NEW), branch("later", OF_NEW)] }
    });
static ADDED: Definition = newer(structure("Added", &[newer_member(member("more", INT))]));
static BRANCHED_LATER: Definition =
    union("BranchedLater", &[member("kind", || Type::Defined(&KIND))], "kind", || {
        const { &[branch("old", || Type::Defined(&ADDED))] }
    });
static QUERY_BRANCHED: Definition =
    returning("query-branched", NONE, || Some(Type::Defined(&BRANCHED_LATER)));
static TAKES_BRANCHED: Definition =
    command("takes-branched", boxed(|| Type::Defined(&BRANCHED_LATER)));
static BRANCHLESS: Definition =
    union("Branchless", &[member("kind", || Type::Defined(&LATER_KIND))], "kind", BRANCHES);
static SELECTED: Definition =
    union("Selected", &[newer_member(member("kind", || Type::Defined(&KIND)))], "kind", || {
        const { &[branch("old", || Type::Defined(&POINT))] }
    });
static POINT: Definition = structure("Point", &[member("x", INT)]);
static NOTHING: Definition = alternate("Nothing", &[newer_alternative("s", STR)]);

static WANTS: Definition =
    command("wants", Arguments::Members(&[newer_member(member("more", INT))]));
static WANTING: Definition = structure("Wanting", &[newer_member(member("more", INT))]);
static WANTS_DEEPER: Definition = command(
    "wants-deeper",
    Arguments::Members(&[optional("list", || array(|| Type::Defined(&WANTING)))]),
);

type Case = (&'static [&'static Definition], &'static [(Rule, &'static [&'static str])]);

/// Definitions, and their conflicts as of the earlier release. A conflict is the violated rule, and
/// the names of the definitions that violate it.
const CASES: &[Case] = &[
    (&[&HAS], &[(Rule::TypeNotNewer, &["Has", "New"])]),
    (&[&HAS_TWICE], &[(Rule::TypeNotNewer, &["HasTwice", "New"])]),
    (&[&TAKES], &[(Rule::TypeNotNewer, &["takes", "New"])]),
    (&[&BOXED], &[(Rule::TypeNotNewer, &["BOXED", "New"])]),
    (&[&RETURNS], &[(Rule::TypeNotNewer, &["returns", "New"])]),
    (&[&CHOOSES], &[(Rule::TypeNotNewer, &["Chooses", "New"])]),
    (&[&BRANCHED], &[(Rule::TypeNotNewer, &["Branched", "New"])]),
    (&[&TAKES_BRANCHED], &[(Rule::PartNotNewer, &["Added", "takes-branched"])]),
    (&[&SELECTED], &[(Rule::PartNotNewer, &["Selected"])]),
    (&[&NOTHING], &[(Rule::PartNotNewer, &["Nothing"])]),
    (&[&WANTS], &[(Rule::PartNotNewer, &["wants"])]),
    (&[&WANTS_DEEPER], &[(Rule::PartNotNewer, &["Wanting", "wants-deeper"])]),
];

fn as_of(
    definitions: &[&'static Definition],
    release: Release,
) -> Result<Registry, RegistryError> {
    Registry::from_registrations(definitions.iter().copied()).unwrap().project(release)
}

#[test]
fn each_rule_is_enforced() {
    for (definitions, expected) in CASES {
        let error = as_of(definitions, OLD).unwrap_err();
        let found: Vec<_> = error
            .conflicts()
            .iter()
            .map(|conflict| {
                let places = conflict.places().iter().map(|place| place.name);
                (conflict.rule(), places.collect::<Vec<_>>())
            })
            .collect();
        let expected: Vec<_> =
            expected.iter().map(|(rule, names)| (*rule, names.to_vec())).collect();
        assert_eq!(found, expected, "{error}");
    }
}

#[test]
fn the_newer_release_has_no_conflicts() {
    let all: Vec<_> = CASES.iter().flat_map(|(definitions, _)| *definitions).copied().collect();
    as_of(&all, super::NEW).unwrap();
}

static NEW_COMMAND: Definition = newer(command("new", boxed(OF_NEW)));
static LATER_TAKES: Definition =
    command("later-takes", Arguments::Members(&[newer_member(optional("new", NEWS))]));
static LATER_BRANCH: Definition =
    union("LaterBranch", &[member("kind", || Type::Defined(&KIND))], "kind", || {
        const { &[branch("old", || Type::Defined(&POINT)), branch("later", OF_NEW)] }
    });
static TELLS: Definition = returning("tells", NONE, || Some(Type::Defined(&WANTING)));

#[test]
fn newer_definitions_may_use_newer_definitions() {
    as_of(&[&NEW_COMMAND, &LATER_TAKES, &LATER_BRANCH], OLD).unwrap();
}

#[test]
fn a_base_is_present_if_a_derived_struct_is() {
    let registry = as_of(&[&DERIVED_TWICE, &NEW_COMMAND], OLD).unwrap();
    let names: Vec<_> = registry.definitions().map(|definition| definition.name).collect();
    assert_eq!(names, ["Derived", "DerivedTwice", "New"]);
    let registry = as_of(&[&NEW_COMMAND], OLD).unwrap();
    assert_eq!(registry.definitions().count(), 0);
}

#[test]
fn a_union_whose_branches_are_all_newer_becomes_a_struct() {
    let registry = as_of(&[&BRANCHLESS, &BRANCHED_LATER, &QUERY_BRANCHED], OLD).unwrap();
    let infos = registry.introspect(Mask::Unmasked);
    let info = infos.iter().find(|info| info.name == "BranchedLater").unwrap();
    let kind = json!({ "name": "kind", "type": "Kind" });
    let object = json!({ "name": "BranchedLater", "meta-type": "object", "members": [kind] });
    assert_eq!(serde_json::to_value(info).unwrap(), object);

    let expression = render_as_of(&BRANCHED_LATER, OLD.into());
    assert_eq!(expression, json!({ "struct": "BranchedLater", "data": { "kind": "Kind" } }));
}

#[test]
fn results_may_lack_newer_mandatory_members() {
    as_of(&[&TELLS], OLD).unwrap();
}

#[test]
fn the_error_text_has_both_source_positions_and_the_release() {
    let text = as_of(&[&RETURNS], OLD).unwrap_err().to_string();

    assert!(text.contains("as of 5.2.0 there is no struct `New`"), "{text}");
    for definition in [&RETURNS, &NEW] {
        let place = format!("`{}` at {}", definition.name, definition.source);
        assert!(text.contains(&place), "{text}");
    }
}

struct Lacking;
static NEEDS: Definition = needing("needs", NONE, &[const { need::<Lacking>() }]);

/// The server refuses to start, and its error lists all conflicts.
#[tokio::test]
async fn the_error_of_the_server_lists_all_conflicts() {
    let definitions = [&RETURNS, &WANTS, &NEEDS];
    let registry = Registry::from_registrations(definitions).unwrap();
    let server = Server::new().registry(registry).as_of(OLD).require_package("not-there");

    let text = server.serve().await.unwrap_err().to_string();

    assert!(text.starts_with("the QAPI schema of this program has 4 conflicts:"), "{text}");
    for part in ["`returns` uses it", "member `more`", "package `not-there`", "Lacking`"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
