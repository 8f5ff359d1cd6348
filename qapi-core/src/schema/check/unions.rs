//! Unions: the discriminator, and the branches that its values select.

use std::ptr;

use crate::schema::check::objects::with_defined;
use crate::schema::conflict::{Conflict, Rule};
use crate::schema::definition::Definition;
use crate::schema::definition::object::{Branch, Union};
use crate::schema::query::{
    OwnedMember, as_enum, as_object, as_union, branches, describe, shared_members,
};

pub(super) fn check(definition: &'static Definition) -> Vec<Conflict> {
    let Some(union) = as_union(definition) else { return Vec::new() };
    let mut conflicts: Vec<_> = check_has_branch(definition).into_iter().collect();
    conflicts.extend(
        branches(definition).iter().filter_map(|branch| check_branch_type(definition, branch)),
    );
    match discriminator(definition, union) {
        Ok(tag) => {
            conflicts.extend(check_tag(definition, union, tag));
            conflicts.extend(
                branches(definition)
                    .iter()
                    .filter_map(|branch| check_branch_name(definition, union, tag, branch)),
            );
        }
        Err(found) => conflicts.extend(found),
    }
    conflicts
}

/// Rule [`Rule::UnionHasBranch`].
fn check_has_branch(definition: &'static Definition) -> Option<Conflict> {
    if !branches(definition).is_empty() {
        return None;
    }
    let message =
        format!("the union `{}` has no branch; write a struct instead", definition.name);
    Some(Conflict::new(Rule::UnionHasBranch, message, &[definition]))
}

/// Rules [`Rule::DiscriminatorIsMember`], [`Rule::DiscriminatorMandatory`] and
/// [`Rule::DiscriminatorIsEnum`].
fn discriminator(
    definition: &'static Definition,
    union: &Union,
) -> Result<&'static Definition, Vec<Conflict>> {
    let (name, tag) = (definition.name, union.discriminator);
    let found = shared_members(definition).into_iter().find(|found| found.member.name == tag);
    let Some(OwnedMember { owner, member }) = found else {
        let message = format!(
            "the discriminator `{tag}` of the union `{name}` is not a member that all branches \
             share; add it to the base"
        );
        let conflict = Conflict::new(Rule::DiscriminatorIsMember, message, &[definition]);
        return Err(vec![conflict]);
    };
    let mut conflicts = Vec::new();
    if member.optional {
        let message = format!(
            "the discriminator `{tag}` of the union `{name}` is optional; make it mandatory"
        );
        let places = [definition, owner];
        conflicts.push(Conflict::new(Rule::DiscriminatorMandatory, message, &places));
    }
    let ty = member.ty.get();
    match as_enum(ty) {
        Some(enumeration) if conflicts.is_empty() => return Ok(enumeration),
        Some(_) => {}
        None => {
            let message = format!(
                "the discriminator `{tag}` of the union `{name}` is {}; its values select the \
                 branch, so it must be an enum",
                describe(ty),
            );
            let places = [definition, owner];
            conflicts.push(Conflict::new(Rule::DiscriminatorIsEnum, message, &places));
        }
    }
    Err(conflicts)
}

/// Rule [`Rule::BranchesFitDiscriminator`]: the Rust type of the branches reads one enumeration.
fn check_tag(
    definition: &'static Definition,
    union: &Union,
    tag: &'static Definition,
) -> Option<Conflict> {
    let ty = union.tag?.get();
    if as_enum(ty).is_some_and(|found| ptr::eq(found, tag)) {
        return None;
    }
    let message = format!(
        "the branches of the union `{}` are those of {}, and its discriminator `{}` is of the enum \
         `{}`; make both of the same enum",
        definition.name,
        describe(ty),
        union.discriminator,
        tag.name,
    );
    let places: Vec<_> = with_defined(definition, ty).into_iter().chain([tag]).collect();
    Some(Conflict::new(Rule::BranchesFitDiscriminator, message, &places))
}

/// Rule [`Rule::BranchIsValue`].
fn check_branch_name(
    definition: &'static Definition,
    union: &Union,
    tag: &'static Definition,
    branch: &'static Branch,
) -> Option<Conflict> {
    let values = tag.enum_values();
    if values.iter().any(|value| value.name == branch.name) {
        return None;
    }
    let values: Vec<_> = values.iter().map(|value| format!("`{}`", value.name)).collect();
    let message = format!(
        "the branch `{}` of the union `{}` is not a value of its discriminator `{}`; write one of \
         {}",
        branch.name,
        definition.name,
        union.discriminator,
        values.join(", "),
    );
    Some(Conflict::new(Rule::BranchIsValue, message, &[definition]))
}

/// Rule [`Rule::BranchIsObject`].
fn check_branch_type(definition: &'static Definition, branch: &Branch) -> Option<Conflict> {
    let ty = branch.ty?.get();
    if as_object(ty).is_some() {
        return None;
    }
    let message = format!(
        "the branch `{}` of the union `{}` is {}; only a struct or union can be a branch",
        branch.name,
        definition.name,
        describe(ty),
    );
    Some(Conflict::new(Rule::BranchIsObject, message, &with_defined(definition, ty)))
}
