//! A union whose base is a union.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

/// Selects the branch of either union.
#[qapi_enum]
#[derive(Clone, Copy)]
pub(crate) enum EngineKind {
    Diesel,
}

/// A branch.
#[qapi_struct]
pub(crate) struct DieselEngine {
    cylinders: i64,
}

/// A union, which cannot be a base.
#[qapi_union(discriminator = "kind", tag = EngineKind)]
pub(crate) enum Engine {
    Diesel(DieselEngine),
}

/// A branch of the other union.
#[qapi_struct]
pub(crate) struct DieselLocomotive {
    horse_powers: i64,
}

/// The branches of the other union.
#[qapi_union(tag = EngineKind)]
pub(crate) enum LocomotiveKind {
    Diesel(DieselLocomotive),
}

/// A case.
#[qapi_union]
pub(crate) struct Locomotive {
    #[qapi(base)]
    base: Engine,
    #[qapi(discriminator)]
    model: LocomotiveKind,
}
