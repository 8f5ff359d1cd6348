//! Structs, unions and alternates, and their members.

use super::Part;
use super::reference::Reference;
use super::type_::TypeRef;

/// A struct: an object with fixed members.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Struct {
    /// The struct whose members come first, if there is a base.
    pub base: Option<TypeRef>,
    /// The struct's own members, in the order of their declaration.
    pub members: &'static [Member],
}

impl Struct {
    /// A struct.
    pub const fn new(base: Option<TypeRef>, members: &'static [Member]) -> Self {
        Self { base, members }
    }
}

/// A union: an object whose further members depend on the value of one of them.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Union {
    /// The struct whose members come first, if there is a base by name.
    pub base: Option<TypeRef>,
    /// The members that every branch has, the discriminator among them unless the base has it.
    pub members: &'static [Member],
    /// The name of the member that selects the branch.
    pub discriminator: &'static str,
    /// The enumeration that the Rust type of the branches is made for; `None` in a definition
    /// without such a type.
    pub tag: Option<TypeRef>,
    /// The branches; a value of the discriminator without a branch adds no members.
    pub branches: Reference<&'static [Branch]>,
}

impl Union {
    /// A union whose branches no Rust type represents.
    pub const fn new(
        base: Option<TypeRef>,
        members: &'static [Member],
        discriminator: &'static str,
        branches: Reference<&'static [Branch]>,
    ) -> Self {
        Self { base, members, discriminator, tag: None, branches }
    }

    /// Sets the enumeration that the Rust type of the branches is made for.
    #[must_use]
    pub const fn tag(self, tag: TypeRef) -> Self {
        Self { tag: Some(tag), ..self }
    }
}

/// The members that one value of the discriminator adds to a union.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Branch {
    /// The value of the discriminator.
    pub name: &'static str,
    /// The struct or union with the members; `None` where the value adds none.
    pub ty: Option<TypeRef>,
}

impl Branch {
    /// A branch.
    pub const fn new(name: &'static str, ty: Option<TypeRef>) -> Self {
        Self { name, ty }
    }
}

/// A member of an object, or an argument of a command or event.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Member {
    /// The name on the wire and the documentation.
    pub part: Part,
    /// Whether the member may be absent.
    pub optional: bool,
    /// The type of its value.
    pub ty: TypeRef,
    /// Whether the value is secret: no log of the framework shows it.
    pub secret: bool,
}

impl Member {
    /// A member.
    pub const fn new(part: Part, shape: MemberShape) -> Self {
        let MemberShape { optional, ty } = shape;
        Self { part, optional, ty, secret: false }
    }

    /// Marks the value as secret.
    #[must_use]
    pub const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }
}

/// The type of a member, and whether the member may be absent.
#[derive(Debug, Clone, Copy)]
pub struct MemberShape {
    optional: bool,
    ty: TypeRef,
}

impl MemberShape {
    /// The shape of a member that every object has.
    pub const fn mandatory(ty: TypeRef) -> Self {
        Self { optional: false, ty }
    }

    /// The shape of a member that may be absent.
    pub const fn optional(ty: TypeRef) -> Self {
        Self { optional: true, ty }
    }

    /// Whether the member may be absent.
    pub const fn is_optional(self) -> bool {
        self.optional
    }

    /// The type of the member's value.
    pub const fn ty(self) -> TypeRef {
        self.ty
    }
}

/// An alternate: a value of one of several JSON types.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Alternate {
    /// The alternatives. Their names occur in no message.
    pub members: &'static [AlternateMember],
}

impl Alternate {
    /// An alternate.
    pub const fn new(members: &'static [AlternateMember]) -> Self {
        Self { members }
    }
}

/// One alternative of an alternate.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct AlternateMember {
    /// The name in the schema and the documentation.
    pub part: Part,
    /// The type.
    pub ty: TypeRef,
}

impl AlternateMember {
    /// An alternative.
    pub const fn new(part: Part, ty: TypeRef) -> Self {
        Self { part, ty }
    }
}
