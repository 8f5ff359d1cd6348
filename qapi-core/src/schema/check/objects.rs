//! Structs and unions: bases, cycles, and members that clash.

use std::ptr;

use crate::schema::check::add;
use crate::schema::check::names::Folded;
use crate::schema::conflict::{Conflict, Rule};
use crate::schema::definition::Definition;
use crate::schema::definition::object::Member;
use crate::schema::definition::type_::Type;
use crate::schema::query::{
    OwnedMember, as_object, as_union, base, branches, describe, kind_name, own_members,
    shared_members,
};

pub(super) fn check(definition: &'static Definition) -> Vec<Conflict> {
    let mut conflicts: Vec<_> = check_base(definition).into_iter().collect();
    conflicts.extend(check_cycle(definition));
    add(&mut conflicts, check_base_clash(definition));
    add(&mut conflicts, check_branch_clash(definition));
    conflicts
}

/// Rule [`Rule::BaseIsStruct`]: the branches of a union would have no place in a base.
fn check_base(definition: &'static Definition) -> Option<Conflict> {
    let base = base(definition)?;
    if as_object(base).is_some_and(|object| as_union(object).is_none()) {
        return None;
    }
    let message = format!(
        "the base of the {} `{}` is {}; only a struct can be a base",
        kind_name(definition),
        definition.name,
        describe(base),
    );
    Some(Conflict::new(Rule::BaseIsStruct, message, &with_defined(definition, base)))
}

/// The definition with the error, and the definition of the type `ty` that it refers to, if `ty`
/// has one.
pub(super) fn with_defined(
    definition: &'static Definition,
    ty: Type,
) -> Vec<&'static Definition> {
    match ty {
        Type::Builtin(_) | Type::Array(_) => vec![definition],
        Type::Defined(referred) => vec![definition, referred],
    }
}

/// Rule [`Rule::NoCycle`]: no chain of bases and branches leads from a definition back to itself.
///
/// A cycle is reported once, at the definition whose name comes first.
fn check_cycle(definition: &'static Definition) -> Option<Conflict> {
    contained(definition).next()?;
    let mut path = vec![definition];
    if !finds_back(definition, &mut path, &mut Vec::new()) {
        return None;
    }
    let message = format!(
        "the {} `{}` contains its own members: {}",
        kind_name(definition),
        definition.name,
        path.iter().chain([&definition]).map(|step| step.name).collect::<Vec<_>>().join(" ▶ "),
    );
    Some(Conflict::new(Rule::NoCycle, message, &path))
}

/// Extends `path` until it leads back to `start`. Skips definitions whose names come before that of
/// `start`, because the first definition of a cycle reports the cycle.
///
/// `refused` collects the definitions from which no path leads back.
fn finds_back(
    start: &'static Definition,
    path: &mut Vec<&'static Definition>,
    refused: &mut Vec<&'static Definition>,
) -> bool {
    let Some(&last) = path.last() else { return false };
    for next in contained(last) {
        if ptr::eq(next, start) {
            return true;
        }
        let seen = path.iter().chain(refused.iter()).any(|&step| ptr::eq(step, next));
        if seen || next.name < start.name {
            continue;
        }
        path.push(next);
        if finds_back(start, path, refused) {
            return true;
        }
        refused.extend(path.pop());
    }
    false
}

/// The base and the branches of `definition`.
fn contained(definition: &'static Definition) -> impl Iterator<Item = &'static Definition> {
    let branches = branches(definition).iter().filter_map(|branch| branch.ty);
    base(definition).into_iter().chain(branches.map(|ty| ty.get())).filter_map(as_object)
}

/// Rule [`Rule::MemberNotInBase`]. Clashes within the base are reported at the base.
fn check_base_clash(definition: &'static Definition) -> Vec<Conflict> {
    if base(definition).is_none() {
        return Vec::new();
    }
    let shared = shared_members(definition);
    let clash = |member: &'static Member| {
        let first = shared
            .iter()
            .filter(|found| !ptr::eq(found.owner, definition))
            .find(|found| Folded(found.member.name) == Folded(member.name))?;
        let message = format!(
            "the member `{}` of the {} `{}` clashes with the member `{}` of its base `{}`; \
             rename or drop one",
            member.name,
            kind_name(definition),
            definition.name,
            first.member.name,
            first.owner.name,
        );
        Some(Conflict::new(Rule::MemberNotInBase, message, &[definition, first.owner]))
    };
    own_members(definition).iter().filter_map(clash).collect()
}

/// Rule [`Rule::BranchMemberNotShared`].
fn check_branch_clash(definition: &'static Definition) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    if branches(definition).is_empty() {
        return conflicts;
    }
    let shared = shared_members(definition);
    for branch in branches(definition) {
        let Some(object) = branch.ty.and_then(|ty| as_object(ty.get())) else { continue };
        for added in all_members(object) {
            let name = Folded(added.member.name);
            let Some(first) = shared.iter().find(|found| Folded(found.member.name) == name)
            else {
                continue;
            };
            let message = format!(
                "the member `{}` of `{}`, in the branch `{}` of the union `{}`, clashes with the \
                 member `{}` that all branches have; rename or drop one",
                added.member.name,
                added.owner.name,
                branch.name,
                definition.name,
                first.member.name,
            );
            let places = [definition, added.owner, first.owner];
            conflicts.push(Conflict::new(Rule::BranchMemberNotShared, message, &places));
        }
    }
    conflicts
}

/// All members of a struct or union, including the members of its branches.
fn all_members(definition: &'static Definition) -> Vec<OwnedMember> {
    let mut seen: Vec<&'static Definition> = Vec::new();
    let mut queue = vec![definition];
    let mut members = Vec::new();
    while let Some(object) = queue.pop() {
        if seen.iter().any(|&found| ptr::eq(found, object)) {
            continue;
        }
        seen.push(object);
        members.extend(shared_members(object));
        let branches = branches(object).iter().filter_map(|branch| branch.ty);
        queue.extend(branches.filter_map(|ty| as_object(ty.get())));
    }
    members
}
