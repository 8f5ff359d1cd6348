//! What of the schema is left out for some clients: by the policy on deprecated and unstable
//! parts, and by the release that the server presents.

use std::collections::HashSet;
use std::ptr;

use crate::descriptor::{
    AlternateMember, Branch, Definition, DefinitionKind, EnumValue, Feature, Member,
};
use crate::projection::{Origin, Projection, features, marks_as_of};
use crate::schema::model::{
    as_enum, as_object, as_union, base, branches, own_members, shared_members,
};
use crate::wire::{Hidden, Marks};

impl Hidden {
    /// Only what is newer than `as_of`.
    pub(crate) fn newer(as_of: Option<Projection>) -> Self {
        Self { marks: Marks::NONE, as_of }
    }

    /// Whether the command, event or type is left out.
    pub(crate) fn hides(self, definition: &Definition) -> bool {
        self.has_mark(Origin::of(definition), definition.features)
            || self.as_of.is_some_and(|as_of| !as_of.has(definition))
    }

    /// Whether the member that `owner` lists is left out.
    pub(crate) fn hides_member(self, owner: &Definition, member: &Member) -> bool {
        self.has_mark(Origin::of(owner).part(member.name), member.features)
            || self.as_of.is_some_and(|as_of| !as_of.has_member(owner, member))
    }

    fn has_mark(self, origin: Origin, features: &'static [Feature]) -> bool {
        self.marks != Marks::NONE && self.marks.meets(marks_as_of(self.as_of, origin, features))
    }

    /// The features of something that is not left out.
    pub(crate) fn features(
        self,
        origin: Origin,
        all: &'static [Feature],
    ) -> impl Iterator<Item = &'static Feature> {
        features(self.as_of, origin, all)
    }

    /// The values of an enumeration that are not left out: those that bear marks are not, as in
    /// QEMU.
    pub(crate) fn values(self, definition: &'static Definition) -> Vec<&'static EnumValue> {
        let mut values = definition.enum_values();
        if let Some(as_of) = self.as_of {
            values.retain(|value| as_of.has_value(definition, value));
        }
        values
    }

    /// The alternatives of an alternate that are not left out.
    pub(crate) fn alternatives(
        self,
        definition: &'static Definition,
    ) -> impl Iterator<Item = &'static AlternateMember> {
        let members: &[AlternateMember] = match &definition.kind {
            DefinitionKind::Alternate(alternate) => alternate.members,
            DefinitionKind::Enum(_)
            | DefinitionKind::Struct(_)
            | DefinitionKind::Union(_)
            | DefinitionKind::Command(_)
            | DefinitionKind::Event(_) => &[],
        };
        let as_of = self.as_of;
        members.iter().filter(move |member| {
            as_of.is_none_or(|as_of| as_of.has_alternative(definition, member))
        })
    }

    /// The branches of a union that are not left out: neither their values are, nor the types with
    /// what they add. A union without any is a struct.
    pub(crate) fn branches(self, definition: &'static Definition) -> Vec<&'static Branch> {
        let mut branches = self.branches_of_values(definition);
        if let Some(as_of) = self.as_of {
            branches.retain(|branch| added_by(branch).is_none_or(|added| as_of.has(added)));
        }
        branches
    }

    /// The branches of a union whose values are not left out.
    pub(crate) fn branches_of_values(
        self,
        definition: &'static Definition,
    ) -> Vec<&'static Branch> {
        let all = branches(definition).iter();
        let (Some(as_of), Some(tag)) = (self.as_of, tag_of(definition)) else {
            return all.collect();
        };
        let is_newer = |branch: &Branch| {
            let value = tag.enum_value(branch.name);
            value.is_some_and(|value| !as_of.has_value(tag, value))
        };
        all.filter(|branch| !is_newer(branch)).collect()
    }
}

/// The struct or union with the members that a branch adds.
pub(crate) fn added_by(branch: &Branch) -> Option<&'static Definition> {
    as_object(branch.ty?())
}

/// Parts `all` into the definitions that there are as of a release and those that are newer. A
/// base stays with what has it: it was made of members that were there before.
pub(crate) fn part_as_of(
    all: Vec<&'static Definition>,
    projection: Projection,
) -> (Vec<&'static Definition>, Vec<&'static Definition>) {
    let (there, newer): (Vec<_>, Vec<_>) =
        all.iter().copied().partition(|definition| projection.has(definition));
    if newer.is_empty() {
        return (there, newer);
    }
    let mut bases = there;
    let mut stays = HashSet::new();
    while let Some(definition) = bases.pop() {
        if stays.insert(ptr::from_ref(definition)) {
            bases.extend(base(definition).and_then(as_object));
        }
    }
    all.into_iter().partition(|&definition| stays.contains(&ptr::from_ref(definition)))
}

/// The enumeration of a union's discriminator, if it is one.
pub(crate) fn tag_of(definition: &'static Definition) -> Option<&'static Definition> {
    let union = as_union(definition)?;
    let shared = shared_members(definition);
    let found = shared.iter().find(|found| found.member.name == union.discriminator)?;
    as_enum((found.member.ty)())
}

/// The member `name` that `owner` lists.
pub(crate) fn member_of(owner: &'static Definition, name: &str) -> Option<&'static Member> {
    own_members(owner).iter().find(|member| member.name == name)
}
