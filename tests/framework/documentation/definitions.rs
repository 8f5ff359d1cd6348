//! The definitions whose documentation the tests query.

use qapi_core::prelude::*;
use qapi_core::{OpenValue, Result};

/// The colour of a lantern's light.
#[qapi_enum(since = "1.0")]
pub(super) enum LanternColour {
    /// The colour of the sun.
    Yellow,
    /// A deprecated colour.
    #[qapi(since = "1.1", features(deprecated = "Use yellow."))]
    Grey,
    /// A colour that another crate adds.
    #[qapi(open)]
    Other(OpenValue<LanternColour>),
}

/// Colours of another crate.
#[qapi_enum(extends = LanternColour)]
pub(super) enum MoreColours {
    /// The colour of the sea.
    #[qapi(features(deep = "It is deep."))]
    Blue,
}

/// The members that all lanterns have.
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
    /// The colour of its light.
    colour: LanternColour,
    /// The brightness; absent for old lanterns.
    #[qapi(since = "1.2", features(unstable))]
    lumen: Option<u32>,
}

/// The kind of a place.
#[qapi_enum]
#[derive(Clone, Copy)]
pub(super) enum LanternPlaceKind {
    /// On the desk.
    Desk,
    /// On the wall.
    Wall,
}

/// A place on a wall.
#[qapi_struct]
pub(super) struct LanternWall {
    /// The number of the wall.
    number: u8,
}

/// A place.
#[qapi_union(discriminator = "kind", tag = LanternPlaceKind)]
pub(super) enum LanternPlace {
    Desk,
    Wall(LanternWall),
}

/// A lantern by its name or by its place.
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
/// One entry for each lantern.
///
/// # Errors
/// It is too dark.
#[qapi_command(since = "1.0")]
pub(super) fn query_lanterns(
    /// The only lantern to return.
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
    /// The part that is broken.
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
