//! A union with a branch that has a member of the same name as a common member.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

/// Selects the branch.
#[qapi_enum]
#[derive(Clone, Copy)]
pub(crate) enum AddressKind {
    Path,
}

/// A branch.
#[qapi_struct]
pub(crate) struct PathAddress {
    name: String,
}

/// The branches.
#[qapi_union(tag = AddressKind)]
pub(crate) enum AddressBranch {
    Path(PathAddress),
}

/// A case.
#[qapi_union]
pub(crate) struct NamedAddress {
    name: String,
    #[qapi(discriminator)]
    kind: AddressBranch,
}
