//! The types that definitions name exist.

use std::collections::{HashMap, HashSet};

use super::contained;
use crate::finding::Finding;
use crate::model::{Arguments, Definition, Kind, Member, Members, TypeName};
use crate::outline::is_predefined;

/// What is known about the names of definitions that have errors.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Names whose definitions have errors.
    pub(crate) broken: HashSet<String>,
    /// Whether definitions may exist whose names are unknown.
    pub(crate) is_partial: bool,
}

/// Reports unknown types. Returns whether each definition is sound: every type from which an error
/// of it could follow is known.
pub(super) fn check(
    definitions: &[Definition],
    names: &HashMap<&str, &Definition>,
    known: &Known,
    findings: &mut Vec<Finding>,
) -> Vec<bool> {
    let is_type = |name: &str| is_predefined(name) || names.get(name).is_some_and(|d| is_type(d));
    let mut sound = vec![true; definitions.len()];
    for (definition, sound) in definitions.iter().zip(&mut sound) {
        for (what, ty) in named(definition) {
            if is_type(&ty.name) {
                continue;
            }
            *sound = false;
            if !known.broken.contains(&ty.name) && !known.is_partial {
                findings.push(unknown(definition, &what, ty, names));
            }
        }
    }
    spread(definitions, &mut sound);
    sound
}

/// Spreads unsoundness to the definitions that need an unsound one.
fn spread(definitions: &[Definition], sound: &mut [bool]) {
    let mut users: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, definition) in definitions.iter().enumerate() {
        for (_, ty) in named(definition) {
            users.entry(&ty.name).or_default().push(index);
        }
    }
    let mut queue: Vec<usize> = (0..sound.len()).filter(|index| !sound[*index]).collect();
    while let Some(index) = queue.pop() {
        for &user in users.get(definitions[index].name.text.as_str()).into_iter().flatten() {
            if sound[user] {
                sound[user] = false;
                queue.push(user);
            }
        }
    }
}

pub(super) fn is_type(definition: &Definition) -> bool {
    match definition.kind {
        Kind::Enum { .. } | Kind::Struct { .. } | Kind::Union { .. } | Kind::Alternate { .. } => {
            true
        }
        Kind::Command(_) | Kind::Event { .. } => false,
    }
}

fn unknown(
    definition: &Definition,
    what: &str,
    ty: &TypeName,
    names: &HashMap<&str, &Definition>,
) -> Finding {
    let message = format!("{what} uses unknown type `{}`", ty.name);
    let finding = Finding::error(definition.span, message).at(ty.span);
    if let Some(found) = names.get(ty.name.as_str()) {
        let kind = found.kind.as_str();
        return finding
            .help(format!("`{}` is a {kind}; name a type", ty.name))
            .related(found.name.span, "defined here");
    }
    let similarity = |name: &str| strsim::jaro_winkler(name, &ty.name);
    let types = names.iter().filter(|(_, found)| is_type(found)).map(|(name, _)| *name);
    let close = types.map(|name| (similarity(name), name)).filter(|(value, _)| *value > 0.85);
    match close.max_by(|one, two| one.0.total_cmp(&two.0).then(two.1.cmp(one.1))) {
        Some((_, name)) => finding.help(format!("a similar name is `{name}`")),
        None => finding.help("define the type, include its file, or correct the name"),
    }
}

/// Every type that a definition names, with what names it.
pub(crate) fn named(definition: &Definition) -> Vec<(String, &TypeName)> {
    let kind = definition.kind.as_str();
    match &definition.kind {
        Kind::Enum { .. } => Vec::new(),
        Kind::Struct { base, members } => {
            let base = base.iter().map(|ty| ("`base`".to_owned(), ty));
            base.chain(of_members("member", members)).collect()
        }
        Kind::Union { base, .. } => {
            let listed = of_members("base member", base.listed());
            listed.chain(contained(definition).map(|ty| (kind.to_owned(), ty))).collect()
        }
        Kind::Alternate { alternatives } => {
            let name = |found: &str| format!("alternative `{found}`");
            alternatives.iter().map(|found| (name(&found.name.text), &found.ty)).collect()
        }
        Kind::Command(command) => {
            let returns = command.returns.iter().map(|ty| ("command's `returns`".to_owned(), ty));
            of_arguments(kind, &command.data).into_iter().chain(returns).collect()
        }
        Kind::Event { data } => of_arguments(kind, data),
    }
}

fn of_arguments<'d>(kind: &str, data: &'d Arguments) -> Vec<(String, &'d TypeName)> {
    match &data.members {
        None => Vec::new(),
        Some(Members::Of(ty)) => vec![(format!("{kind}'s `data`"), ty)],
        Some(Members::Listed(members)) => of_members("argument", members).collect(),
    }
}

fn of_members<'m>(
    what: &'static str,
    members: &'m [Member],
) -> impl Iterator<Item = (String, &'m TypeName)> {
    members.iter().map(move |member| (format!("{what} `{}`", member.name.text), &member.ty))
}
