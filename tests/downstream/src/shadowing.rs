//! Items that shadow names of the prelude in every module that imports them.
//!
//! Nothing uses the items. Generated code that resolved a name to one of them would not compile.
#![allow(dead_code, reason = "the items only shadow other names")]
#![allow(clippy::redundant_pub_crate, reason = "rustc's `unreachable_pub` requires the opposite")]
#![allow(non_snake_case, non_upper_case_globals, reason = "the prelude has these names")]

pub(crate) enum Result {}
pub(crate) enum Option {}
pub(crate) enum String {}
pub(crate) enum Vec {}
pub(crate) enum Box {}
pub(crate) enum Arc {}

pub(crate) trait From {}
pub(crate) trait Into {}
pub(crate) trait TryFrom {}
pub(crate) trait TryInto {}
pub(crate) trait AsRef {}
pub(crate) trait Clone {}
pub(crate) trait Copy {}
pub(crate) trait Default {}
pub(crate) trait Drop {}
pub(crate) trait Eq {}
pub(crate) trait Fn {}
pub(crate) trait FnOnce {}
pub(crate) trait Future {}
pub(crate) trait IntoIterator {}
pub(crate) trait Iterator {}
pub(crate) trait Send {}
pub(crate) trait Sync {}
pub(crate) trait ToOwned {}
pub(crate) trait ToString {}
pub(crate) trait Debug {}
pub(crate) trait Display {}
pub(crate) trait Serialize {}
pub(crate) trait QapiType {}
pub(crate) trait QapiObject {}
pub(crate) trait QapiEnum {}
pub(crate) trait QapiEvent {}
pub(crate) trait MemberType {}

pub(crate) const fn Ok() {}
pub(crate) const fn Err() {}
pub(crate) const fn Some() {}
pub(crate) const None: () = ();

pub(crate) const fn drop() {}
pub(crate) const fn member() {}
pub(crate) const fn definition() {}

pub(crate) mod alloc {}
pub(crate) mod core {}
pub(crate) mod inventory {}
pub(crate) mod qapi_core {}
pub(crate) mod serde {}
pub(crate) mod std {}
