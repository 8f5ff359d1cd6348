//! Values for logs, without the members that are marked secret.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::schema::definition::Definition;
use crate::schema::definition::call::Arguments;
use crate::schema::definition::object::{Branch, Member};
use crate::schema::definition::type_::{Builtin, Type};
use crate::schema::query::{alternatives, base, branches, each_reference, own_members};
use crate::wire::value::{Kind, Value};

/// What a log shows in place of a secret.
const PLACEHOLDER: &str = "<secret>";

/// What a log shows in place of a value that the schema does not describe, which may be a misspelt
/// secret.
const UNKNOWN: &str = "<not in the schema>";

/// The types that a value may have. A value of a union or an alternate may have several.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    types: Vec<Type>,
    /// The arguments of a command or the data of an event, which are not a type of their own.
    members: &'static [Member],
    /// Whether members beyond those of the schema are legal, as with `gen = false`.
    is_open: bool,
}

impl Shape {
    /// The shape of a value of this type.
    pub(super) fn of_type(ty: Type) -> Self {
        Self { types: vec![ty], members: &[], is_open: matches!(ty, Type::Builtin(Builtin::Any)) }
    }

    /// The shape of a command's arguments or of an event's data.
    pub(super) fn of_arguments(arguments: &Arguments, is_open: bool) -> Self {
        match *arguments {
            Arguments::Members(members) => Self { types: Vec::new(), members, is_open },
            Arguments::Type(ty) => Self { types: vec![ty.get()], members: &[], is_open },
        }
    }

    /// The members of this name in all types that the value may have.
    fn members_named(&self, name: &str) -> Vec<&'static Member> {
        let mut found: Vec<_> =
            self.members.iter().filter(|member| member.name == name).collect();
        for &ty in &self.types {
            if let Type::Defined(definition) = ty {
                add_members(definition, name, &mut found);
            }
        }
        found
    }

    /// The shape of the elements, if the value is a list.
    fn elements(&self) -> Self {
        let mut types = Vec::new();
        for &ty in &self.types {
            add_elements(ty, &mut types);
        }
        let is_open = types.iter().any(|ty| matches!(ty, Type::Builtin(Builtin::Any)));
        Self { types, members: &[], is_open: is_open || self.is_open }
    }

    /// Whether a member of the value, or of a value within it, is secret.
    pub(super) fn has_secrets(&self) -> bool {
        let listed = self.members.iter().map(|member| member.ty.get());
        let mut reached: Vec<&'static Definition> = Vec::new();
        let mut next: Vec<Type> = self.types.iter().copied().chain(listed).collect();
        while let Some(ty) = next.pop() {
            let Some(definition) = ty.definition() else { continue };
            if !reached.iter().any(|&seen| std::ptr::eq(seen, definition)) {
                reached.push(definition);
                each_reference(definition, |ty| next.push(ty));
            }
        }
        let has_secret =
            |definition: &&'static Definition| own_members(definition).iter().any(is_secret);
        self.members.iter().any(is_secret) || reached.iter().any(has_secret)
    }
}

fn is_secret(member: &Member) -> bool {
    member.secret
}

/// Adds the members of this name of an object, with those of its base and of all its branches, and
/// of the alternatives of an alternate.
fn add_members(definition: &'static Definition, name: &str, found: &mut Vec<&'static Member>) {
    found.extend(own_members(definition).iter().filter(|member| member.name == name));
    for part in parts(definition) {
        add_members(part, name, found);
    }
}

/// The definitions whose members a value of `definition` may have besides its own. The rules for
/// schemas exclude cycles of bases and branches.
fn parts(definition: &'static Definition) -> Vec<&'static Definition> {
    let of_branches = branches(definition).iter().filter_map(|Branch { ty, .. }| *ty);
    let types = base(definition).into_iter().chain(of_branches.map(|ty| ty.get()));
    let alternatives = alternatives(definition).iter();
    types
        .chain(alternatives.map(|alternative| alternative.ty.get()))
        .filter_map(|ty| match ty {
            Type::Defined(definition) => Some(definition),
            Type::Builtin(_) | Type::Array(_) => None,
        })
        .collect()
}

/// Adds the types of the elements of `ty`, or of the lists among its alternatives.
fn add_elements(ty: Type, types: &mut Vec<Type>) {
    match ty {
        Type::Array(element) => types.push(element.get()),
        Type::Builtin(_) => {}
        Type::Defined(definition) => {
            for alternative in alternatives(definition) {
                add_elements(alternative.ty.get(), types);
            }
        }
    }
}

/// A value of a shape, whose secrets are not serialised. The decoder limits the depth of values.
pub(super) struct Redacted<'a> {
    pub(super) value: Value<'a>,
    pub(super) shape: Shape,
}

impl Serialize for Redacted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { value, shape } = self;
        match value.kind() {
            Kind::Object => {
                let mut map = serializer.serialize_map(Some(value.len()))?;
                for (name, value) in value.entries() {
                    let members = shape.members_named(name);
                    if members.iter().any(|member| member.secret) {
                        map.serialize_entry(name, PLACEHOLDER)?;
                    } else if members.is_empty() && !shape.is_open {
                        map.serialize_entry(name, UNKNOWN)?;
                    } else {
                        let types: Vec<Type> =
                            members.iter().map(|member| member.ty.get()).collect();
                        let is_any = |ty: &Type| matches!(ty, Type::Builtin(Builtin::Any));
                        let is_open = types.is_empty() || types.iter().any(is_any);
                        let shape = Shape { types, members: &[], is_open };
                        map.serialize_entry(name, &Redacted { value, shape })?;
                    }
                }
                map.end()
            }
            Kind::Array => serializer.collect_seq(value.elements().map(|value| {
                let shape = shape.elements();
                Redacted { value, shape }
            })),
            Kind::Null | Kind::Bool | Kind::Number | Kind::String => value.serialize(serializer),
        }
    }
}
