//! The definitions of a schema by name, and what they consist of.

use std::collections::{HashMap, HashSet};

use crate::model::{Branch, Command, Definition, EnumValue, Kind, Member, Members, TypeName};
use crate::schema::Schema;
use crate::whole::{by_name, lineage};

/// The definitions of a schema, to be looked up by name.
pub(super) struct Lookup<'s> {
    pub(super) definitions: &'s [Definition],
    names: HashMap<&'s str, &'s Definition>,
}

/// A union: the member that selects the branch, and the branch of each of its values. As in
/// introspection, the branches of the schema precede the values without a branch.
pub(super) struct Variants<'s> {
    pub(super) tag: &'s Member,
    pub(super) tag_type: &'s Definition,
    /// The values of the type of the tag, in their order.
    pub(super) values: &'s [EnumValue],
    pub(super) cases: Vec<(&'s EnumValue, Option<&'s Branch>)>,
}

impl<'s> Lookup<'s> {
    /// # Errors
    /// The schema has errors, or uses a type without a counterpart outside of C; returns an error
    /// text.
    pub(super) fn new(schema: &'s Schema) -> Result<Self, String> {
        if !schema.is_valid() {
            return Err("the schema has errors".to_owned());
        }
        let definitions = schema.definitions();
        let lookup = Self { definitions, names: by_name(definitions) };
        let uses_qtype = |found: &&Definition| uses(found).iter().any(|ty| ty.name == "QType");
        if let Some(found) = definitions.iter().find(uses_qtype) {
            let name = &found.name.text;
            return Err(format!("`{name}` uses `QType`, a type that exists only in C"));
        }
        Ok(lookup)
    }

    /// The definition of a type; `None` for a built-in type.
    pub(super) fn find(&self, ty: &TypeName) -> Option<&'s Definition> {
        self.names.get(ty.name.as_str()).copied()
    }

    /// The members of a type: those of its bases first. Those of branches are not among them.
    pub(super) fn members(&self, ty: &TypeName) -> Vec<&'s Member> {
        lineage(ty, &self.names).into_iter().rev().flatten().collect()
    }

    /// The members that all branches of a union share, or those of a struct with its bases.
    pub(super) fn shared(&self, definition: &'s Definition) -> Vec<&'s Member> {
        match &definition.kind {
            Kind::Struct { base, members } => {
                let base = base.as_ref().map_or_else(Vec::new, |base| self.members(base));
                base.into_iter().chain(members).collect()
            }
            Kind::Union { base, .. } => self.listed(base),
            Kind::Enum { .. }
            | Kind::Alternate { .. }
            | Kind::Command(_)
            | Kind::Event { .. } => Vec::new(),
        }
    }

    /// The members of a list, or of the type that is named in its place.
    pub(super) fn listed(&self, members: &'s Members) -> Vec<&'s Member> {
        match members {
            Members::Of(ty) => self.members(ty),
            Members::Listed(members) => members.iter().collect(),
        }
    }

    /// The branches of a union; `None` for other definitions.
    pub(super) fn variants(&self, definition: &'s Definition) -> Option<Variants<'s>> {
        let Kind::Union { discriminator, branches, .. } = &definition.kind else { return None };
        let shared = self.shared(definition);
        let tag = shared.into_iter().find(|found| found.name.text == discriminator.text)?;
        let tag_type = self.find(&tag.ty)?;
        let Kind::Enum { values, .. } = &tag_type.kind else { return None };
        let by_name: HashMap<&str, &EnumValue> =
            values.iter().map(|value| (value.name.text.as_str(), value)).collect();
        let names: HashSet<&str> =
            branches.iter().map(|branch| branch.name.text.as_str()).collect();
        let value = |branch: &'s Branch| by_name.get(branch.name.text.as_str()).copied();
        let present = branches.iter().filter_map(|branch| Some((value(branch)?, Some(branch))));
        let absent = values.iter().filter(|value| !names.contains(value.name.text.as_str()));
        let cases = present.chain(absent.map(|value| (value, None))).collect();
        Some(Variants { tag, tag_type, values, cases })
    }

    /// Whether a type, or the element of an array, is a struct or union.
    pub(super) fn is_object(&self, ty: &TypeName) -> bool {
        let kind = self.find(ty).map(|found| &found.kind);
        matches!(kind, Some(Kind::Struct { .. } | Kind::Union { .. }))
    }
}

/// The types to which a definition refers.
pub(super) fn uses(definition: &Definition) -> Vec<&TypeName> {
    let (named, listed): (Vec<&TypeName>, &[Member]) = match &definition.kind {
        Kind::Enum { .. } => return Vec::new(),
        Kind::Struct { base, members } => (base.iter().collect(), members),
        Kind::Union { base, discriminator: _, branches } => {
            let named = named(base).into_iter().chain(branches.iter().map(|found| &found.ty));
            (named.collect(), base.listed())
        }
        Kind::Alternate { alternatives } => {
            (alternatives.iter().map(|found| &found.ty).collect(), &[])
        }
        Kind::Command(Command { data, returns, .. }) => {
            let named = data.members.as_ref().and_then(named).into_iter().chain(returns);
            (named.collect(), data.listed())
        }
        Kind::Event { data } => {
            (data.members.as_ref().and_then(named).into_iter().collect(), data.listed())
        }
    };
    named.into_iter().chain(listed.iter().map(|member| &member.ty)).collect()
}

fn named(members: &Members) -> Option<&TypeName> {
    match members {
        Members::Of(ty) => Some(ty),
        Members::Listed(_) => None,
    }
}
