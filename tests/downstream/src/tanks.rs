//! Fuel tanks: one definition of each kind.

#[allow(unused_imports, reason = "the import shadows names, most of which are unused")]
use crate::shadowing::*;

use ::std::collections::BTreeMap;
use ::std::sync::{Mutex, PoisonError};

use qmp::{Events, qapi_alternate, qapi_command, qapi_enum, qapi_event, qapi_struct, qapi_union};

/// The content of a tank.
#[qapi_enum(crate = qmp, since = "1.0")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fuel {
    /// Nothing.
    Empty,
    /// Diesel.
    Diesel,
    /// Liquid hydrogen.
    #[qapi(since = "1.1", features(unstable))]
    Hydrogen,
}

/// A liquid.
#[qapi_struct(crate = qmp)]
#[derive(Debug, Clone, Copy)]
pub struct Liquid {
    /// The volume in litres.
    pub litres: u64,
}

/// A gas under pressure.
#[qapi_struct(crate = qmp)]
#[derive(Debug, Clone, Copy)]
pub struct Gas {
    /// The volume in litres.
    #[qapi(features(deprecated(since = "1.1")))]
    pub litres: ::std::option::Option<u64>,
    /// The pressure in bar.
    pub bar: f64,
}

/// The content of a tank.
#[qapi_union(crate = qmp, tag = Fuel)]
#[derive(Debug, Clone, Copy)]
pub enum Content {
    /// Nothing.
    Empty,
    /// A liquid.
    Diesel(Liquid),
    /// A gas.
    Hydrogen(Gas),
}

/// A tank.
#[qapi_union(crate = qmp, since = "1.0")]
#[derive(Debug, Clone)]
pub struct Tank {
    /// The name of the tank.
    pub id: ::std::string::String,
    /// Other names of the tank.
    #[qapi(since = "1.1")]
    pub nicknames: ::std::vec::Vec<::std::string::String>,
    /// The content.
    #[qapi(discriminator)]
    pub fuel: Content,
}

/// A tank by its name or its members.
#[qapi_alternate(crate = qmp)]
#[derive(Debug)]
pub enum TankRef {
    /// The name of a tank.
    Id(::std::string::String),
    /// The members of a tank that exists only for the call.
    #[qapi(since = "1.1")]
    Tank(::std::boxed::Box<Tank>),
}

/// Emitted when a tank was filled.
#[qapi_event(crate = qmp, rate_limit = "1s", key = "id")]
#[derive(Debug)]
pub struct TankFilled {
    /// The name of the tank.
    pub id: ::std::string::String,
}

/// All tanks by name.
#[derive(Debug, Default)]
pub struct Tanks(Mutex<BTreeMap<::std::string::String, Tank>>);

/// Fills a tank.
///
/// # Errors
/// The tank has no content.
#[qapi_command(crate = qmp, boxed)]
pub fn tank_fill(
    #[qapi(state)] tanks: &Tanks,
    #[qapi(state)] events: &Events,
    tank: Tank,
) -> qmp::Result<()> {
    if matches!(tank.fuel, Content::Empty) {
        return ::std::result::Result::Err(qmp::Error::from("There is nothing to fill in"));
    }
    events.emit(&TankFilled { id: tank.id.clone() });
    let before =
        tanks.0.lock().unwrap_or_else(PoisonError::into_inner).insert(tank.id.clone(), tank);
    ::std::mem::drop(before);
    ::std::result::Result::Ok(())
}

/// Lists tanks.
///
/// # Returns
/// The tank with the name `id`, or all tanks.
#[qapi_command(crate = qmp)]
#[must_use]
pub fn query_tanks(
    #[qapi(state)] tanks: &Tanks,
    id: ::std::option::Option<&str>,
) -> ::std::vec::Vec<Tank> {
    let all = tanks.0.lock().unwrap_or_else(PoisonError::into_inner);
    let wanted = |tank: &&Tank| id.is_none_or(|id| tank.id == id);
    all.values().filter(wanted).cloned().collect()
}

/// Returns the name of a tank.
#[qapi_command(crate = qmp, blocking, returns_exception)]
#[must_use]
pub fn tank_name(tank: TankRef) -> ::std::string::String {
    match tank {
        TankRef::Id(id) => id,
        TankRef::Tank(tank) => tank.id,
    }
}

/// Waits until a tank is warm.
#[qapi_command(crate = qmp, features(unstable), returns_exception)]
pub async fn tank_warm_up(#[qapi(state)] tanks: ::std::sync::Arc<Tanks>, id: &str) -> bool {
    ::std::future::ready(()).await;
    !query_tanks(&tanks, ::std::option::Option::Some(id)).is_empty()
}

/// Reserves a tank.
#[qapi_command(crate = qmp, client)]
#[allow(non_snake_case, reason = "the attribute reaches generated items")]
#[deprecated(since = "1.1.0", note = "the attribute reaches generated items")]
#[doc(hidden)]
pub fn tank_reserve(
    #[qapi(name = "id")] tankId: &str,
    #[qapi(default = 60)] seconds: u64,
    new: ::std::option::Option<bool>,
) {
    ::std::println!("{tankId} is reserved for {seconds} s; new: {new:?}");
}

/// A kind of measure.
#[qapi_enum(crate = qmp)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// In litres.
    Litres,
    /// Another one.
    #[qapi(open)]
    Other(qmp::OpenValue<Self>),
}

/// Further kinds of measures.
#[qapi_enum(crate = qmp, extends = Measure)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FurtherMeasure {
    /// In barrels.
    #[qapi(name = "__com.example_barrels")]
    Barrels,
}

/// Paints a tank. Another program serves the command.
#[qapi_command(crate = qmp)]
pub fn tank_paint(
    colour: u8,
    fuel: Fuel,
    measure: &Measure,
    liquids: &[Liquid],
    gases: ::std::option::Option<&[Gas]>,
) -> Liquid;

/// Measures a tank. Another program serves the command.
#[qapi_command(crate = qmp)]
pub(crate) fn tank_measure(
    id: ::std::borrow::Cow<'_, str>,
    exactly: ::std::option::Option<bool>,
) -> Liquid;
