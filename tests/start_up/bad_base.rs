//! A struct whose base is a union.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

/// Selects the branch.
#[qapi_enum]
#[derive(Clone, Copy)]
pub(crate) enum ShapeKind {
    Round,
}

/// A branch.
#[qapi_struct]
pub(crate) struct RoundShape {
    radius: i64,
}

/// A union, which cannot be a base.
#[qapi_union(discriminator = "kind", tag = ShapeKind)]
pub(crate) enum Shape {
    Round(RoundShape),
}

/// A case.
#[qapi_struct]
pub(crate) struct DerivedOfUnion {
    #[qapi(base)]
    base: Shape,
    colour: String,
}
