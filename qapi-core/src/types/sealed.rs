//! The seal of traits that only the attribute macros can implement correctly.

/// Seals a trait of the given kind. Expansions implement it; it is not for use by hand.
pub trait Sealed<Kind> {}

/// Seals [`QapiEnum`](super::QapiEnum).
#[derive(Debug)]
pub enum EnumKind {}

/// Seals [`QapiObject`](super::QapiObject).
#[derive(Debug)]
pub enum ObjectKind {}

/// Seals [`QapiBranches`](super::QapiBranches).
#[derive(Debug)]
pub enum BranchesKind {}
