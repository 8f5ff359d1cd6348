//! The schema of an earlier release: no part of it needs a newer part.

use std::ptr;

use crate::schema::conflict::{Conflict, Rule};
use crate::schema::definition::call::{Arguments, Command};
use crate::schema::definition::object::Member;
use crate::schema::definition::type_::Type;
use crate::schema::definition::{Definition, DefinitionKind};
use crate::schema::projection::Projection;
use crate::schema::query::{
    OwnedMember, as_command, as_union, base, kind_name, own_members, shared_members,
};
use crate::schema::view::{View, added_by};

/// All conflicts among `definitions`, the definitions that the release has.
pub(super) fn check(
    definitions: &[&'static Definition],
    projection: Projection,
) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    for &definition in definitions {
        conflicts.extend(check_references(definition, definitions, projection));
        conflicts.extend(check_branches(definition, projection));
        conflicts.extend(check_discriminator(definition, projection));
        conflicts.extend(check_alternatives(definition, projection));
    }
    conflicts.extend(check_mandatory(definitions, projection));
    conflicts
}

/// Rule [`Rule::TypeNotNewer`].
fn check_references(
    definition: &'static Definition,
    definitions: &[&'static Definition],
    projection: Projection,
) -> Vec<Conflict> {
    let is_there = |wanted: &Definition| definitions.iter().any(|found| ptr::eq(*found, wanted));
    let newer = |ty: Type| {
        let found = ty.definition().filter(|found| !projection.has(found) && !is_there(found))?;
        let message = format!(
            "as of {} there is no {} `{}`, which is newer, and the {} `{}` uses it; give the \
             parts that use it a `since`, or present a later release",
            projection.release(),
            kind_name(found),
            found.name,
            kind_name(definition),
            definition.name,
        );
        Some(Conflict::new(Rule::TypeNotNewer, message, &[definition, found]))
    };
    let mut conflicts: Vec<Conflict> = Vec::new();
    for conflict in references(definition, projection).into_iter().filter_map(newer) {
        if !conflicts.contains(&conflict) {
            conflicts.push(conflict);
        }
    }
    conflicts
}

/// Every type to which the parts that the release has refer.
fn references(definition: &'static Definition, projection: Projection) -> Vec<Type> {
    let branches = View::of_release(Some(projection)).branches(definition);
    let mut types = parts(definition, projection);
    types.extend(branches.iter().filter_map(|branch| Some(branch.ty?.get())));
    types.extend(as_command(definition).and_then(|command| command.returns.get()));
    types
}

/// Rule [`Rule::TypeNotNewer`] for branches: a branch with a newer type is left out, and so every
/// member that it adds must be newer.
fn check_branches(definition: &'static Definition, projection: Projection) -> Vec<Conflict> {
    let view = View::of_release(Some(projection));
    let mut conflicts = Vec::new();
    for branch in view.branches_of_values(definition) {
        let Some(added) = added_by(branch).filter(|added| !projection.has(added)) else {
            continue;
        };
        let adds = |found: &OwnedMember| projection.has_part(found.owner, found.member);
        if as_union(added).is_none() && !shared_members(added).iter().any(adds) {
            continue;
        }
        let message = format!(
            "as of {} there is no {} `{}`, which is newer, and the branch `{}` of the union `{}` \
             adds its members; give each of these a `since`",
            projection.release(),
            kind_name(added),
            added.name,
            branch.name,
            definition.name,
        );
        conflicts.push(Conflict::new(Rule::TypeNotNewer, message, &[definition, added]));
    }
    conflicts
}

/// As [`references`], without branches and the return type of a command.
fn parts(definition: &'static Definition, projection: Projection) -> Vec<Type> {
    let view = View::of_release(Some(projection));
    let members = own_members(definition).iter();
    let has = |member: &&Member| projection.has_part(definition, member);
    let mut types: Vec<_> = base(definition).into_iter().collect();
    types.extend(members.filter(has).map(|member| member.ty.get()));
    types.extend(view.alternatives(definition).map(|alternative| alternative.ty.get()));
    types.extend(definition.arguments().and_then(Arguments::boxed));
    types
}

/// Rule [`Rule::PartNotNewer`] for the discriminator of a union.
fn check_discriminator(
    definition: &'static Definition,
    projection: Projection,
) -> Option<Conflict> {
    let view = View::of_release(Some(projection));
    let union = as_union(definition).filter(|_| !view.branches(definition).is_empty())?;
    let shared = shared_members(definition);
    let found = shared.iter().find(|found| found.member.name == union.discriminator)?;
    if projection.has_part(found.owner, found.member) {
        return None;
    }
    let message = format!(
        "as of {} the union `{}` has no discriminator: its member `{}` is newer; remove \
         the `since` of the member, or give the union a `since`",
        projection.release(),
        definition.name,
        union.discriminator,
    );
    Some(Conflict::new(Rule::PartNotNewer, message, &[definition, found.owner]))
}

/// Rule [`Rule::PartNotNewer`] for alternatives: an alternate has at least one.
fn check_alternatives(
    definition: &'static Definition,
    projection: Projection,
) -> Option<Conflict> {
    let view = View::of_release(Some(projection));
    let DefinitionKind::Alternate(_) = &definition.kind else { return None };
    if view.alternatives(definition).next().is_some() {
        return None;
    }
    let message = format!(
        "as of {} the alternate `{}` has no alternative: all of them are newer; give the \
         alternate the `since` of its first alternative",
        projection.release(),
        definition.name,
    );
    Some(Conflict::new(Rule::PartNotNewer, message, &[definition]))
}

/// Rule [`Rule::PartNotNewer`] for mandatory arguments: a client of the earlier release does not
/// send a newer argument, and the function needs it.
fn check_mandatory(definitions: &[&'static Definition], projection: Projection) -> Vec<Conflict> {
    let mut seen: Vec<&'static Definition> = Vec::new();
    let mut conflicts = Vec::new();
    for &command in definitions.iter().filter(|found| as_command(found).is_some_and(checks)) {
        let mut queue = vec![command];
        while let Some(owner) = queue.pop() {
            if seen.iter().any(|&found| ptr::eq(found, owner)) {
                continue;
            }
            seen.push(owner);
            let newer = own_members(owner)
                .iter()
                .filter(|member| !member.optional && !projection.has_part(owner, member));
            conflicts.extend(newer.map(|member| mandatory(command, owner, member, projection)));
            queue.extend(parts(owner, projection).into_iter().filter_map(Type::definition));
            let branches = View::of_release(Some(projection)).branches_of_values(owner);
            queue.extend(branches.into_iter().filter_map(added_by));
        }
    }
    conflicts
}

/// Whether generated code checks the arguments of the command.
fn checks(command: &Command) -> bool {
    !command.raw
}

fn mandatory(
    command: &'static Definition,
    owner: &'static Definition,
    member: &Member,
    projection: Projection,
) -> Conflict {
    let message = format!(
        "as of {} the command `{}` cannot be called: the member `{}` of the {} `{}` is newer, and \
         not optional; make it an `Option`, give it a `default`, or present a later \
         release",
        projection.release(),
        command.name,
        member.name,
        kind_name(owner),
        owner.name,
    );
    Conflict::new(Rule::PartNotNewer, message, &[owner, command])
}
