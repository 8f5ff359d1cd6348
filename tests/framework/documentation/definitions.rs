//! The definitions whose documentation the tests query.

use qapi_core::prelude::*;
use qapi_core::{OpenValue, Result};

/// How a lantern shines.
#[qapi_enum(since = "1.0")]
pub(super) enum LanternColour {
    /// As the sun.
    Yellow,
    /// As nothing much.
    #[qapi(since = "1.1", features(deprecated = "Use yellow."))]
    Grey,
    /// As others say.
    #[qapi(open)]
    Other(OpenValue<LanternColour>),
}

/// What another crate might add.
#[qapi_enum(extends = LanternColour)]
pub(super) enum MoreColours {
    /// As the sea.
    #[qapi(features(deep = "It is deep."))]
    Blue,
}

/// What all lanterns have.
#[qapi_struct]
pub(super) struct LanternBase {
    /// Its name.
    id: String,
}

/// A lantern.
///
/// # Examples
/// One on the desk.
#[qapi_struct(since = "1.0", features(dimmable = "It can shine less."))]
pub(super) struct LanternInfo {
    #[qapi(base)]
    base: LanternBase,
    /// How it shines.
    colour: LanternColour,
    /// How brightly; unknown of old lanterns.
    #[qapi(since = "1.2", features(unstable))]
    lumen: Option<u32>,
}

/// Where a lantern is.
#[qapi_enum]
#[derive(Clone, Copy)]
pub(super) enum LanternPlaceKind {
    /// On the desk.
    Desk,
    /// On the wall.
    Wall,
}

/// On which wall.
#[qapi_struct]
pub(super) struct LanternWall {
    /// Which one.
    number: u8,
}

/// A place.
#[qapi_union(discriminator = "kind", tag = LanternPlaceKind)]
pub(super) enum LanternPlace {
    Desk,
    Wall(LanternWall),
}

/// A lantern by its name, or where it is.
#[qapi_alternate]
pub(super) enum LanternRef {
    /// The name.
    Name(String),
    /// The place.
    Place(LanternPlace),
}

/// Returns the lanterns.
///
/// # Returns
/// One entry a lantern.
///
/// # Errors
/// It is too dark.
#[qapi_command(since = "1.0")]
pub(super) fn query_lanterns(
    /// Only this one.
    lantern: Option<LanternRef>,
) -> Result<Vec<LanternInfo>> {
    let _ = lantern;
    Ok(Vec::new())
}

/// Describes a lantern.
#[qapi_command(boxed, features(deprecated))]
pub(super) fn lantern_show(lantern: LanternInfo) {
    let LanternInfo { .. } = lantern;
}

/// The members of a repair.
#[qapi_struct]
pub(super) struct LanternRepair {
    /// What is broken.
    fault: String,
}

/// Repairs a lantern.
#[qapi_command]
pub(super) fn lantern_repair(repair: LanternRepair) {
    let LanternRepair { .. } = repair;
}

#[qapi_event]
pub(super) struct LanternBroken {
    id: String,
}
