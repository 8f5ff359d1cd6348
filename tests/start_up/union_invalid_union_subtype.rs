//! A union in a branch of a union, with a discriminator of the same name.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

/// Selects the inner branch.
#[qapi_enum]
#[derive(Clone, Copy)]
pub(crate) enum InnerKind {
    Deep,
}

/// The inner branch.
#[qapi_struct]
pub(crate) struct Deep {
    depth: i64,
}

/// The branch of the outer.
#[qapi_union(discriminator = "kind", tag = InnerKind)]
pub(crate) enum Inner {
    Deep(Deep),
}

/// Selects the outer branch.
#[qapi_enum]
#[derive(Clone, Copy)]
pub(crate) enum OuterKind {
    Inner,
}

/// A case.
#[qapi_union(discriminator = "kind", tag = OuterKind)]
pub(crate) enum Outer {
    Inner(Inner),
}
