//! Rules for what only files have: `boxed`, and conditions of parts.

use std::collections::HashMap;

use super::lineage;
use super::references::is_type;
use crate::finding::Finding;
use crate::model::{Arguments, Definition, Kind, Member, Members, TypeName};

/// Reports errors of arguments and discriminators.
pub(super) fn check(
    definitions: &[&Definition],
    names: &HashMap<&str, &Definition>,
    findings: &mut Vec<Finding>,
) {
    for definition in definitions {
        let finding = match &definition.kind {
            Kind::Command(command) => arguments(definition, &command.data, names),
            Kind::Event { data } => arguments(definition, data, names),
            Kind::Union { base, discriminator, branches } => {
                let members = match base {
                    Members::Listed(members) => members.iter().collect(),
                    Members::Of(ty) => all_members(ty, names),
                };
                let tag = members.into_iter().find(|found| found.name.text == discriminator.text);
                tag.and_then(|tag| self::discriminator(definition, tag, names, branches.len()))
            }
            Kind::Enum { .. } | Kind::Struct { .. } | Kind::Alternate { .. } => None,
        };
        findings.extend(finding);
    }
}

fn arguments(
    definition: &Definition,
    data: &Arguments,
    names: &HashMap<&str, &Definition>,
) -> Option<Finding> {
    if data.boxed {
        return None;
    }
    let kind = definition.kind.as_str();
    let (members, token) = match data.members.as_ref()? {
        Members::Listed(members) => (members.iter().collect(), definition.name.span),
        Members::Of(ty) => {
            let found = names.get(ty.name.as_str()).filter(|found| is_type(found))?;
            if matches!(found.kind, Kind::Union { .. }) {
                let message = format!(
                    "{kind}'s `data` can take union type `{}` only with `boxed`: true",
                    ty.name
                );
                let error = Finding::error(definition.span, message).at(ty.span);
                return Some(error.help("add `'boxed': true`"));
            }
            (all_members(ty, names), ty.span)
        }
    };
    let conditional = members.into_iter().find(|member| member.condition.is_some())?;
    let message = format!("conditional {kind} arguments require `boxed`: true");
    let is_own = conditional.name.span.file == definition.span.file
        && definition.span.range().contains(&(conditional.name.span.start as usize));
    let token = if is_own { conditional.name.span } else { token };
    let help = "name a struct with the arguments, and add `'boxed': true`";
    Some(Finding::error(definition.span, message).at(token).help(help))
}

fn discriminator(
    definition: &Definition,
    tag: &Member,
    names: &HashMap<&str, &Definition>,
    branches: usize,
) -> Option<Finding> {
    let Kind::Union { discriminator, .. } = &definition.kind else { return None };
    if tag.condition.is_some() {
        let message = format!("discriminator `{}` must not be conditional", tag.name.text);
        let error = Finding::error(definition.span, message).at(discriminator.span);
        return Some(error.help("remove its `if`").related(tag.name.span, "the member"));
    }
    let Kind::Enum { values, .. } = &names.get(tag.ty.name.as_str())?.kind else { return None };
    if branches > 0 || !values.is_empty() {
        return None;
    }
    let error = Finding::error(definition.span, "union has no branches");
    Some(error.at(definition.name.span).help("write a struct instead"))
}

/// The members of a struct or union and of its bases.
fn all_members<'d>(ty: &TypeName, names: &HashMap<&str, &'d Definition>) -> Vec<&'d Member> {
    lineage(ty, names).into_iter().flatten().collect()
}
