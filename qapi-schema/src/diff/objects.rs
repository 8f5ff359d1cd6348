//! Differences of objects: their members, and their branches.

use std::collections::BTreeMap;

use super::interface::{EMPTY, Member, Object, TypeIndex};
use super::pair::{Compared, Direction, Side};
use super::rules;

type Members = BTreeMap<String, Member>;

/// Compares a pair of objects.
pub(super) fn compare(
    compared: &mut Compared<'_>,
    old: &Object,
    new: &Object,
    (old_side, new_side): (&mut Side<'_>, &mut Side<'_>),
) {
    for (name, one) in &old.members {
        if let Some(two) = new.members.get(name) {
            both(compared, name, one, two);
        }
    }
    let tag = shared_tag(compared, old, new);
    // A member that the branches of the other schema have was moved there, and is compared there.
    let (mut into_old, mut into_new) = (Vec::new(), Vec::new());
    for (name, member) in without(&old.members, &new.members) {
        if tag.is_some() && branch_has(new, new_side, name) {
            into_old.push((name.clone(), member.clone()));
        } else {
            removed(compared, name, member);
        }
    }
    for (name, member) in without(&new.members, &old.members) {
        if tag.is_some() && branch_has(old, old_side, name) {
            into_new.push((name.clone(), member.clone()));
        } else {
            added(compared, name, member);
        }
    }
    let Some(tag) = tag else { return };
    let values = |object: &Object, side: &Side<'_>| match object.members.get(tag) {
        Some(member) => side.values(member.ty),
        None => Vec::new(),
    };
    let new_values = values(new, new_side);
    for value in values(old, old_side) {
        // A value that only one schema has is a difference of the tag's type.
        if !new_values.contains(&value) {
            continue;
        }
        let (mut one, mut two) = (case(old, &value), case(new, &value));
        if !into_old.is_empty() {
            one = old_side.with_members(one, &into_old);
        }
        if !into_new.is_empty() {
            two = new_side.with_members(two, &into_new);
        }
        if (one, two) != (EMPTY, EMPTY) {
            compared.follow(format!("{{{tag}={value}}}"), (one, two), false);
        }
    }
}

/// The member that selects the branch in both schemas. An object without branches has one whose
/// branches add nothing. Reports that the schemas have different ones.
fn shared_tag<'o>(
    compared: &mut Compared<'_>,
    old: &'o Object,
    new: &'o Object,
) -> Option<&'o str> {
    match (&old.variants, &new.variants) {
        (Some(one), Some(two)) if one.tag != two.tag => {
            let message =
                format!("member `{}` selects the branch in place of `{}`", two.tag, one.tag);
            let rules = (rules::SENT_TAG_CHANGED, rules::RECEIVED_TAG_CHANGED);
            let parts = (Some(&compared.old.part), Some(&compared.new.part));
            compared.report(rules, "", parts, message);
            None
        }
        (Some(found), _) | (None, Some(found)) => {
            let in_both = [old, new].iter().all(|object| object.members.contains_key(&found.tag));
            in_both.then_some(found.tag.as_str())
        }
        (None, None) => None,
    }
}

/// The members that the other object does not have.
fn without<'o>(
    members: &'o Members,
    other: &'o Members,
) -> impl Iterator<Item = (&'o String, &'o Member)> {
    members.iter().filter(|(name, _)| !other.contains_key(*name))
}

/// Whether a branch of the object has the member.
fn branch_has(object: &Object, side: &Side<'_>, name: &str) -> bool {
    let cases = object.variants.iter().flat_map(|variants| variants.cases.values());
    cases.into_iter().any(|index| side.has_member(*index, name))
}

/// The members that a value of the tag adds.
fn case(object: &Object, value: &str) -> TypeIndex {
    let variants = object.variants.as_ref();
    variants.and_then(|variants| variants.cases.get(value)).copied().unwrap_or(EMPTY)
}

fn removed(compared: &mut Compared<'_>, name: &str, old: &Member) {
    let rule = match compared.direction {
        Direction::Sent => rules::SENT_MEMBER_REMOVED,
        Direction::Received if old.optional => rules::RECEIVED_OPTIONAL_MEMBER_REMOVED,
        Direction::Received => rules::RECEIVED_MEMBER_REMOVED,
    };
    let message = format!("{} member `{name}` was removed", presence(old));
    compared.changes.report_removed(rule, &format!(".{name}"), name, &old.part, message);
}

fn added(compared: &mut Compared<'_>, name: &str, new: &Member) {
    let rule = match compared.direction {
        Direction::Sent if new.optional => rules::SENT_MEMBER_ADDED,
        Direction::Sent => rules::SENT_MANDATORY_MEMBER_ADDED,
        Direction::Received => rules::RECEIVED_MEMBER_ADDED,
    };
    let message = format!("{} member `{name}` was added", presence(new));
    compared.changes.report(rule, &format!(".{name}"), (None, Some(&new.part)), message);
}

/// The word for a member that may or may not be absent.
fn presence(member: &Member) -> &'static str {
    if member.optional { "optional" } else { "mandatory" }
}

/// Compares a member that both objects have.
fn both(compared: &mut Compared<'_>, name: &str, old: &Member, new: &Member) {
    let step = format!(".{name}");
    compared.changes.compare(&step, &format!("member `{name}`"), &old.part, &new.part);
    if old.optional != new.optional {
        let rules = if new.optional {
            (rules::SENT_MEMBER_NOW_OPTIONAL, rules::RECEIVED_MEMBER_NOW_OPTIONAL)
        } else {
            (rules::SENT_MEMBER_NOW_MANDATORY, rules::RECEIVED_MEMBER_NOW_MANDATORY)
        };
        let message = format!("member `{name}` became {}", presence(new));
        compared.report(rules, &step, (Some(&old.part), Some(&new.part)), message);
    }
    compared.follow(step, (old.ty, new.ty), old.part.is_unstable(name));
}
