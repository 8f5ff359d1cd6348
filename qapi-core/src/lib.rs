//! Core.

pub mod wire;
