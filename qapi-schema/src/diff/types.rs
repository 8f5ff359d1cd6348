//! Differences of types that are not both objects.

use std::collections::BTreeMap;

use super::interface::{Part, Scalar, TypeIndex, TypeKind};
use super::pair::{Compared, Side};
use super::rules::{self, Rule};

/// A rule for each direction.
type Rules = (&'static Rule, &'static Rule);

const WIDENED: Rules = (rules::SENT_TYPE_WIDENED, rules::RECEIVED_TYPE_CHANGED);
const NARROWED: Rules = (rules::SENT_TYPE_CHANGED, rules::RECEIVED_TYPE_NARROWED);
const CHANGED: Rules = (rules::SENT_TYPE_CHANGED, rules::RECEIVED_TYPE_CHANGED);
const VALUE_ADDED: Rules = (rules::SENT_VALUE_ADDED, rules::RECEIVED_VALUE_ADDED);
const VALUE_REMOVED: Rules = (rules::SENT_VALUE_REMOVED, rules::RECEIVED_VALUE_REMOVED);
const ALTERNATIVE_ADDED: Rules =
    (rules::SENT_ALTERNATIVE_ADDED, rules::RECEIVED_ALTERNATIVE_ADDED);
const ALTERNATIVE_REMOVED: Rules =
    (rules::SENT_ALTERNATIVE_REMOVED, rules::RECEIVED_ALTERNATIVE_REMOVED);
const RANGE_WIDENED: Rules = (rules::SENT_RANGE_WIDENED, rules::RECEIVED_RANGE_WIDENED);
const RANGE_NARROWED: Rules = (rules::SENT_RANGE_NARROWED, rules::RECEIVED_RANGE_NARROWED);

/// Compares a pair of types of which at least one is no object.
pub(super) fn compare(
    compared: &mut Compared<'_>,
    compares_ranges: bool,
    old_side: &Side<'_>,
    new_side: &Side<'_>,
) {
    match (&compared.old.kind, &compared.new.kind) {
        (TypeKind::Scalar(old), TypeKind::Scalar(new)) => {
            scalars(compared, *old, *new, compares_ranges);
        }
        (TypeKind::Array(old), TypeKind::Array(new)) => {
            compared.follow("[]".to_owned(), (*old, *new), false);
        }
        (TypeKind::Enum(old), TypeKind::Enum(new)) => values(compared, old, new),
        (TypeKind::Alternate(old), TypeKind::Alternate(new)) => {
            alternatives(compared, &by_json(old, old_side), &by_json(new, new_side));
        }
        (_, TypeKind::Scalar(Scalar::Any)) => changed(compared, WIDENED),
        (TypeKind::Scalar(Scalar::Any), _) => changed(compared, NARROWED),
        (TypeKind::Alternate(old), new) => {
            let new = Alternatives::from([(json_type(new), compared.pair.1)]);
            one_of_several(compared, &by_json(old, old_side), &new);
        }
        (old, TypeKind::Alternate(new)) => {
            let old = Alternatives::from([(json_type(old), compared.pair.0)]);
            one_of_several(compared, &old, &by_json(new, new_side));
        }
        (TypeKind::Enum(_), TypeKind::Scalar(Scalar::String)) => {
            let message = "any string is possible in place of values of an enumeration";
            let rules = (rules::SENT_TYPE_WIDENED, rules::RECEIVED_VALUE_ADDED);
            let parts = (Some(&compared.old.part), Some(&compared.new.part));
            compared.report(rules, "", parts, message.to_owned());
        }
        (TypeKind::Scalar(Scalar::String), TypeKind::Enum(_)) => changed(compared, NARROWED),
        (
            TypeKind::Scalar(_) | TypeKind::Array(_) | TypeKind::Enum(_) | TypeKind::Object(_),
            TypeKind::Scalar(_) | TypeKind::Array(_) | TypeKind::Enum(_) | TypeKind::Object(_),
        ) => changed(compared, CHANGED),
    }
}

fn scalars(compared: &mut Compared<'_>, old: Scalar, new: Scalar, compares_ranges: bool) {
    match (old, new) {
        (Scalar::Int(Some(old)), Scalar::Int(Some(new))) if compares_ranges => {
            let parts = (Some(&compared.old.part), Some(&compared.new.part));
            let text = |(min, max): (i128, i128)| format!("{min} to {max}");
            let message = format!("the range is {} in place of {}", text(new), text(old));
            if new.0 > old.0 || new.1 < old.1 {
                compared.report(RANGE_NARROWED, "", parts, message.clone());
            }
            if new.0 < old.0 || new.1 > old.1 {
                compared.report(RANGE_WIDENED, "", parts, message);
            }
        }
        (Scalar::Int(_), Scalar::Int(_)) => {}
        (old, new) if old == new => {}
        (Scalar::Int(_), Scalar::Number) | (_, Scalar::Any) => changed(compared, WIDENED),
        (Scalar::Number, Scalar::Int(_)) | (Scalar::Any, _) => changed(compared, NARROWED),
        (
            Scalar::String | Scalar::Number | Scalar::Int(_) | Scalar::Boolean | Scalar::Null,
            Scalar::String | Scalar::Number | Scalar::Int(_) | Scalar::Boolean | Scalar::Null,
        ) => changed(compared, CHANGED),
    }
}

fn changed(compared: &mut Compared<'_>, rules: Rules) {
    let parts = (Some(&compared.old.part), Some(&compared.new.part));
    let (old, new) = (describe(&compared.old.kind), describe(&compared.new.kind));
    compared.report(rules, "", parts, format!("the type is {new} in place of {old}"));
}

/// The kind of a type in words.
fn describe(kind: &TypeKind) -> &'static str {
    match kind {
        TypeKind::Scalar(Scalar::String) => "string",
        TypeKind::Scalar(Scalar::Number) => "number",
        TypeKind::Scalar(Scalar::Int(_)) => "int",
        TypeKind::Scalar(Scalar::Boolean) => "boolean",
        TypeKind::Scalar(Scalar::Null) => "null",
        TypeKind::Scalar(Scalar::Any) => "any",
        TypeKind::Array(_) => "array",
        TypeKind::Enum(_) => "enumeration",
        TypeKind::Object(_) => "object",
        TypeKind::Alternate(_) => "alternate",
    }
}

fn values(
    compared: &mut Compared<'_>,
    old: &BTreeMap<String, Part>,
    new: &BTreeMap<String, Part>,
) {
    for (name, old) in old {
        let step = format!("={name}");
        match new.get(name) {
            Some(new) => compared.changes.compare(&step, &format!("value `{name}`"), old, new),
            None => {
                let rule = compared.direction.rule(VALUE_REMOVED.0, VALUE_REMOVED.1);
                let message = format!("value `{name}` was removed");
                compared.changes.report_removed(rule, &step, name, old, message);
            }
        }
    }
    for (name, part) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
        let message = format!("value `{name}` was added");
        compared.report(VALUE_ADDED, &format!("={name}"), (None, Some(part)), message);
    }
}

/// The types of an alternate by the JSON types of their values.
type Alternatives = BTreeMap<&'static str, TypeIndex>;

fn by_json(types: &[TypeIndex], side: &Side<'_>) -> Alternatives {
    types.iter().map(|index| (json_type(&side.get(*index).kind), *index)).collect()
}

/// The JSON type of values.
fn json_type(kind: &TypeKind) -> &'static str {
    match kind {
        TypeKind::Scalar(Scalar::String) | TypeKind::Enum(_) => "string",
        TypeKind::Scalar(Scalar::Number | Scalar::Int(_)) => "number",
        TypeKind::Scalar(Scalar::Boolean) => "boolean",
        TypeKind::Scalar(Scalar::Null) => "null",
        TypeKind::Scalar(Scalar::Any) => "any",
        TypeKind::Array(_) => "array",
        TypeKind::Object(_) | TypeKind::Alternate(_) => "object",
    }
}

/// Compares an alternate with a type that is none.
fn one_of_several(compared: &mut Compared<'_>, old: &Alternatives, new: &Alternatives) {
    if old.keys().any(|json| new.contains_key(json)) {
        alternatives(compared, old, new);
    } else {
        changed(compared, CHANGED);
    }
}

fn alternatives(compared: &mut Compared<'_>, old: &Alternatives, new: &Alternatives) {
    let parts = (Some(&compared.old.part), Some(&compared.new.part));
    for (json, index) in old {
        let step = format!("<{json}>");
        match new.get(json) {
            Some(other) => compared.follow(step, (*index, *other), false),
            None => {
                let message = format!("values of JSON type {json} are no longer possible");
                compared.report(ALTERNATIVE_REMOVED, &step, parts, message);
            }
        }
    }
    for json in new.keys().filter(|json| !old.contains_key(*json)) {
        let message = format!("values of JSON type {json} are possible");
        compared.report(ALTERNATIVE_ADDED, &format!("<{json}>"), parts, message);
    }
}
