//! Look-up, iteration and requirements of a registry.

use std::sync::Arc;

use qapi_core::StateMap;
use qapi_core::policy::Access;
use qapi_core::registry::{Registry, Rule};
use qapi_core::schema::definition::{Arguments, Definition, Type};
use qapi_core::{Policy, Service};

use crate::support::definitions::{
    NONE, STR, array, command, enumeration, event, member, need, needing, structure, value,
};

static COLOUR: Definition = enumeration("Colour", &[value("red")]);
static PAINT: Definition = structure("Paint", &[member("colour", || Type::Defined(&COLOUR))]);
static PAINTS: &[qapi_core::schema::definition::Member] =
    &[member("paints", || array(|| Type::Defined(&PAINT)))];
static MIX: Definition = command("mix", Arguments::Members(PAINTS));
static APPLY: Definition =
    command("apply", Arguments::Members(&[member("wall", STR), member("coat", STR)]));
static DRIED: Definition = event("DRIED", NONE);

fn names<'a>(definitions: impl Iterator<Item = &'a Definition>) -> Vec<&'a str> {
    definitions.map(|definition| definition.name).collect()
}

#[test]
fn the_types_that_commands_use_are_found() {
    let registry = Registry::from_registrations([&MIX]).unwrap();

    assert_eq!(names(registry.definitions()), ["Colour", "Paint", "mix"]);
}

#[test]
fn the_order_does_not_depend_on_the_order_of_registration() {
    let there = Registry::from_registrations([&MIX, &APPLY, &DRIED, &PAINT]).unwrap();
    let back = Registry::from_registrations([&PAINT, &DRIED, &APPLY, &MIX, &MIX]).unwrap();

    assert_eq!(names(there.definitions()), names(back.definitions()));
    assert_eq!(names(there.definitions()), ["Colour", "DRIED", "Paint", "apply", "mix"]);
}

#[test]
fn definitions_can_be_iterated_by_kind() {
    let registry = Registry::from_registrations([&MIX, &APPLY, &DRIED]).unwrap();

    assert_eq!(names(registry.commands().map(|(found, _)| found)), ["apply", "mix"]);
    assert_eq!(names(registry.events().map(|(found, _)| found)), ["DRIED"]);
    assert_eq!(names(registry.types()), ["Colour", "Paint"]);
}

#[test]
fn look_up_needs_the_kind_and_the_whole_name() {
    let registry = Registry::from_registrations([&MIX, &DRIED]).unwrap();

    assert!(registry.command("mix").is_some());
    assert!(registry.event("DRIED").is_some());
    assert!(registry.type_("Paint").is_some());
    assert_eq!(registry.definition("Paint").unwrap().source.file, file!());
    for absent in ["", "mi", "mix ", "MIX", "DRIED", "Paint"] {
        assert!(registry.command(absent).is_none(), "{absent:?}");
    }
    assert!(registry.event("mix").is_none());
    assert!(registry.type_("mix").is_none());
}

struct Brush;
struct Ladder;
static REPAINT: Definition = needing("repaint", NONE, &[const { need::<Brush>() }]);
static CLIMB: Definition =
    needing("climb", NONE, &[const { need::<Ladder>() }, const { need::<Brush>() }]);

#[test]
fn each_missing_state_is_listed_with_its_commands() {
    let registry = Registry::from_registrations([&REPAINT, &CLIMB]).unwrap();
    let mut states = StateMap::default();
    let missing = |states: &StateMap| {
        let error = registry.check_states(states).unwrap_err();
        let conflicts = error.conflicts().iter().map(|conflict| {
            assert_eq!(conflict.rule(), Rule::StatePresent);
            let commands: Vec<_> = conflict.places().iter().map(|place| place.name).collect();
            let message = conflict.message();
            let type_name = ["Brush", "Ladder"].into_iter().find(|name| message.contains(name));
            (type_name.unwrap(), commands)
        });
        conflicts.collect::<Vec<_>>()
    };
    assert_eq!(
        missing(&states),
        [("Ladder", vec!["climb"]), ("Brush", vec!["climb", "repaint"])]
    );
    states.insert(Arc::new(Ladder));
    assert_eq!(missing(&states), [("Brush", vec!["climb", "repaint"])]);
    states.insert(Arc::new(Brush));
    registry.check_states(&states).unwrap();
}

#[test]
fn several_states_of_one_type_are_listed_among_the_conflicts() {
    let registry = Registry::from_registrations([&REPAINT, &CLIMB]).unwrap();
    let mut states = StateMap::default();
    states.insert(Arc::new(Ladder));
    states.insert(Arc::new(Ladder));
    states.insert(Arc::new(Policy::new().command("repiant", Access::none())));

    let error = Service::new(registry, states).unwrap_err();

    let rules: Vec<_> = error.conflicts().iter().map(|conflict| conflict.rule()).collect();
    assert_eq!(rules, [Rule::StatePresent, Rule::StateOnce, Rule::CommandPresent]);
    assert!(error.conflicts()[1].message().contains("Ladder"), "{error}");
}

#[test]
fn required_packages_that_register_no_definitions_are_listed() {
    let registry = Registry::from_registrations([&MIX]).unwrap();

    registry.require_packages(&["qapi-tests"]).unwrap();
    let error = registry.require_packages(&["qapi-tests", "my-commands", "job"]).unwrap_err();

    let rules: Vec<_> = error.conflicts().iter().map(|conflict| conflict.rule()).collect();
    assert_eq!(rules, [Rule::PackageLinked; 2]);
    let text = error.to_string();
    assert!(text.contains("`use CRATE as _;`"), "{text}");
    assert!(text.contains("`my_commands`") && text.contains("`job`"), "{text}");
}
