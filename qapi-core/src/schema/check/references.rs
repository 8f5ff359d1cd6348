//! References between definitions: what a type may be used for.

use crate::schema::check::add;
use crate::schema::check::objects::with_defined;
use crate::schema::conflict::{Conflict, Rule};
use crate::schema::definition::Definition;
use crate::schema::definition::type_::Type;
use crate::schema::query::{as_command, as_object, describe, each_reference, is_type, kind_name};

pub(super) fn check(definition: &'static Definition) -> Vec<Conflict> {
    let mut conflicts = check_references(definition);
    conflicts.extend(check_arguments(definition));
    conflicts.extend(check_returned(definition));
    add(&mut conflicts, check_features(definition));
    conflicts
}

/// Rules [`Rule::TypeReferred`] and [`Rule::ListNotOfLists`].
fn check_references(definition: &'static Definition) -> Vec<Conflict> {
    let no_type = |ty: Type| {
        let referred = match ty {
            Type::Builtin(_) => return None,
            Type::Array(element) => element.get(),
            Type::Defined(_) => ty,
        };
        let found = match referred {
            Type::Builtin(_) => return None,
            Type::Array(_) => return Some(list_of_lists(definition)),
            Type::Defined(found) => found,
        };
        if is_type(found) {
            return None;
        }
        let message = format!(
            "the {} `{}` uses {} as a type",
            kind_name(definition),
            definition.name,
            describe(referred),
        );
        Some(Conflict::new(Rule::TypeReferred, message, &[definition, found]))
    };
    let mut conflicts = Vec::new();
    each_reference(definition, |ty| conflicts.extend(no_type(ty)));
    conflicts
}

fn list_of_lists(definition: &'static Definition) -> Conflict {
    let message = format!(
        "the {} `{}` uses a list of lists, which QAPI does not have; make it a list of structs \
         with the inner list as a member",
        kind_name(definition),
        definition.name,
    );
    Conflict::new(Rule::ListNotOfLists, message, &[definition])
}

/// Rule [`Rule::ArgumentsAreObject`].
fn check_arguments(definition: &'static Definition) -> Option<Conflict> {
    let ty = definition.arguments()?.boxed()?;
    if as_object(ty).is_some() {
        return None;
    }
    let message = format!(
        "the arguments of the {} `{}` are {}; only a struct or union can be boxed arguments",
        kind_name(definition),
        definition.name,
        describe(ty),
    );
    Some(Conflict::new(Rule::ArgumentsAreObject, message, &with_defined(definition, ty)))
}

/// Rule [`Rule::ReturnsObject`]: a later version can add members only to an object.
fn check_returned(definition: &'static Definition) -> Option<Conflict> {
    let command = as_command(definition).filter(|command| !command.returns_exception)?;
    let returned = command.returns.get()?;
    let element = match returned {
        Type::Array(element) => element.get(),
        Type::Builtin(_) | Type::Defined(_) => returned,
    };
    if as_object(element).is_some() {
        return None;
    }
    let list = if matches!(returned, Type::Array(_)) { "a list of " } else { "" };
    let message = format!(
        "the command `{}` returns {list}{}, to which no member can be added later; return a \
         struct or union, or a list of these, or write `returns_exception` if clients already use \
         the command",
        definition.name,
        describe(element),
    );
    Some(Conflict::new(Rule::ReturnsObject, message, &with_defined(definition, element)))
}

/// Rule [`Rule::SpecialFeatureNotOnType`]: a policy covers uses of a type, not the type.
fn check_features(definition: &'static Definition) -> Vec<Conflict> {
    if !is_type(definition) {
        return Vec::new();
    }
    let special = definition
        .features
        .iter()
        .filter(|feature| matches!(feature.name, "deprecated" | "unstable"));
    let conflict = |name: &str| {
        let message = format!(
            "the {} `{}` has the feature `{name}`, which types cannot have; move it to the \
             members, commands and events that use the type",
            kind_name(definition),
            definition.name,
        );
        Conflict::new(Rule::SpecialFeatureNotOnType, message, &[definition])
    };
    special.map(|feature| conflict(feature.name)).collect()
}
