//! The attribute macros of the QAPI framework.
//!
//! Use the macros through the crate `qapi-core`, which re-exports and documents them. Generated
//! code calls `qapi-core`, and both crates have the same version.
//!
//! Each attribute runs the stages of `pipeline`: parse ▶ model ▶ check ▶ expand. The modules:
//!
//! - `pipeline`: from tokens to tokens
//! - `errors`: collects errors until all are known; `messages`: the wording that errors share
//! - `symbol`: the words that attributes accept; `args`: their parser
//! - `types`: properties of a Rust type that are visible in its syntax
//! - `names`: conversion and form of QAPI names; `docs`: doc comments
//! - `derives`: attributes of Rust and serde on the same item
//! - `model`: an annotated item as data
//! - `parse`, `check`, `expand`: the stages, with one file for each kind of definition
//! - `groups`: the grouping of expressions that `macro_rules!` macros forward
//! - `keywords`: names that are keywords in later editions
//! - `strip`: removes the attributes of this crate from the user's item
#![forbid(unsafe_code)]

mod args;
mod check;
mod derives;
mod docs;
mod errors;
mod expand;
mod groups;
mod keywords;
mod messages;
mod model;
mod names;
mod parse;
mod pipeline;
mod strip;
mod symbol;
#[cfg(test)]
mod tests;
mod types;

use proc_macro::TokenStream;

#[allow(missing_docs, reason = "documented at its re-export")]
#[proc_macro_attribute]
pub fn qapi_enum(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::qapi_enum(args.into(), item.into()).into()
}

#[allow(missing_docs, reason = "documented at its re-export")]
#[proc_macro_attribute]
pub fn qapi_struct(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::qapi_struct(args.into(), item.into()).into()
}

#[allow(missing_docs, reason = "documented at its re-export")]
#[proc_macro_attribute]
pub fn qapi_union(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::qapi_union(args.into(), item.into()).into()
}

#[allow(missing_docs, reason = "documented at its re-export")]
#[proc_macro_attribute]
pub fn qapi_alternate(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::qapi_alternate(args.into(), item.into()).into()
}

#[allow(missing_docs, reason = "documented at its re-export")]
#[proc_macro_attribute]
pub fn qapi_command(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::qapi_command(args.into(), item.into()).into()
}

#[allow(missing_docs, reason = "documented at its re-export")]
#[proc_macro_attribute]
pub fn qapi_event(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::qapi_event(args.into(), item.into()).into()
}

/// Reports `#[qapi(…)]` above an attribute of this crate, where the compiler takes it for an
/// attribute of its own.
#[proc_macro_attribute]
pub fn qapi(_args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::qapi(item.into()).into()
}
