//! A union a member of whose branch is named as one that all branches have.

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
