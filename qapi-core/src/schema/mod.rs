//! The schema as a whole: what no single annotation can know.
//!
//! `check` holds the rules, [`introspect`] tells clients, [`render`] writes definitions in the
//! schema language.

pub(crate) mod check;
mod conflict;
pub mod info;
pub mod introspect;
pub(crate) mod model;
pub mod render;
pub(crate) mod shown;

pub use conflict::{Conflict, Place, Rule};
