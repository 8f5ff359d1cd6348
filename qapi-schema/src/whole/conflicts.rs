//! The conflicts that `qapi-core` finds, with their places in files.

use std::collections::HashMap;

use qapi_core::schema::{Conflict, ConflictPlace, Rule, conflicts};

use crate::finding::Finding;
use crate::model::{Arguments, Branch, Definition, Feature, Kind, Member, Members, TypeName};
use crate::outline::outline;
use crate::source::{Sources, Span};

/// Reports the conflicts among definitions.
pub(super) fn check(definitions: &[&Definition], sources: &Sources, findings: &mut Vec<Finding>) {
    let outlines = match outline(definitions.iter().copied(), sources) {
        Ok(outlines) => outlines,
        Err(message) => return findings.push(Finding::without_place(message)),
    };
    let key = |name: &'static str, file: &'static str, line, column| (name, file, line, column);
    let place_of = |found: &ConflictPlace| {
        key(found.name, found.source.file, found.source.line, found.source.column)
    };
    let keys = outlines.iter().map(|found| {
        key(found.part.name, found.source.file, found.source.line, found.source.column)
    });
    let places: HashMap<_, _> = keys.zip(definitions.iter().copied()).collect();
    for conflict in conflicts(&outlines) {
        let found: Vec<_> =
            conflict.places().iter().filter_map(|place| places.get(&place_of(place))).collect();
        findings.extend(finding(&conflict, &found));
    }
}

/// The finding of a conflict; `None` for a rule that QEMU's schema compiler does not have.
fn finding(conflict: &Conflict, places: &[&&Definition]) -> Option<Finding> {
    let rule = conflict.rule();
    if let Rule::NamesDistinct | Rule::UnionHasBranch | Rule::NoCycle = rule {
        return None;
    }
    let is_second = rule == Rule::NameDefinedOnce;
    let blamed = if is_second { places.last()? } else { places.first()? };
    let (message, help) = match conflict.message().split_once("; ") {
        Some((message, help)) => (message, Some(help)),
        None => (conflict.message(), None),
    };
    let token = if is_second { blamed.name.span } else { token(blamed, rule, message) };
    let mut finding = Finding::error(blamed.span, message).at(token);
    finding.help = match rule {
        Rule::ReturnsObject => Some(
            "return a struct or union, or a list of these, or list the command in the pragma \
             `command-returns-exceptions`"
                .to_owned(),
        ),
        _ => help.map(str::to_owned),
    };
    let others = places.iter().filter(|found| found.span != blamed.span);
    for other in others {
        let part = if is_second { "defined here" } else { "which is defined here" };
        finding.related.push((other.name.span, part.to_owned()));
    }
    Some(finding)
}

/// The first part of a definition that the message names between backquotes, or its name.
fn token(definition: &Definition, rule: Rule, message: &str) -> Span {
    let mut parts = parts(definition);
    let mut quoted: Vec<_> = message.split('`').skip(1).step_by(2).collect();
    // Of two equal names the last is the one to change.
    if rule == Rule::ListDistinct {
        parts.reverse();
        quoted.reverse();
    }
    let named = |wanted: &str| parts.iter().find(|(name, _)| *name == wanted);
    quoted
        .into_iter()
        .filter_map(named)
        .map(|(_, span)| *span)
        .next()
        .unwrap_or(definition.name.span)
}

/// The names in a definition that messages point at, each with its place.
fn parts(definition: &Definition) -> Vec<(&str, Span)> {
    let mut parts: Vec<(&str, Span)> = Vec::new();
    match &definition.kind {
        Kind::Enum { values, .. } => {
            for value in values {
                parts.push((&value.name.text, value.name.span));
                add_features(&value.features, &mut parts);
            }
        }
        Kind::Struct { base, members } => {
            add_members(members, &mut parts);
            parts.extend(base.iter().map(type_place));
        }
        Kind::Union { base, discriminator, branches } => {
            add_branches(branches, &mut parts);
            parts.push((&discriminator.text, discriminator.span));
            add_data(base, &mut parts);
        }
        Kind::Alternate { alternatives } => add_branches(alternatives, &mut parts),
        Kind::Command(command) => {
            add_arguments(&command.data, &mut parts);
            parts.extend(command.returns.iter().map(type_place));
        }
        Kind::Event { data } => add_arguments(data, &mut parts),
    }
    add_features(&definition.features, &mut parts);
    parts
}

fn type_place(ty: &TypeName) -> (&str, Span) {
    (&ty.name, ty.span)
}

fn add_features<'d>(features: &'d [Feature], parts: &mut Vec<(&'d str, Span)>) {
    parts.extend(features.iter().map(|found| (found.name.text.as_str(), found.name.span)));
}

fn add_members<'d>(members: &'d [Member], parts: &mut Vec<(&'d str, Span)>) {
    for member in members {
        parts.push((&member.name.text, member.name.span));
        add_features(&member.features, parts);
    }
    parts.extend(members.iter().map(|member| type_place(&member.ty)));
}

fn add_branches<'d>(branches: &'d [Branch], parts: &mut Vec<(&'d str, Span)>) {
    parts.extend(branches.iter().map(|branch| (branch.name.text.as_str(), branch.name.span)));
    parts.extend(branches.iter().map(|branch| type_place(&branch.ty)));
}

fn add_data<'d>(data: &'d Members, parts: &mut Vec<(&'d str, Span)>) {
    match data {
        Members::Of(ty) => parts.push(type_place(ty)),
        Members::Listed(members) => add_members(members, parts),
    }
}

fn add_arguments<'d>(data: &'d Arguments, parts: &mut Vec<(&'d str, Span)>) {
    if let Some(data) = &data.members {
        add_data(data, parts);
    }
}
