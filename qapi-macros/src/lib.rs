//! The attribute macros of the QAPI framework.
//!
//! Each attribute takes the way that `pipeline` shows: parse ▶ model ▶ check ▶ expand. The
//! attributes are documented where users meet them: at their re-exports in `qapi_core`.
//!
//! - `pipeline`: the way from tokens to tokens
//! - `errors`: mistakes, gathered until all are known; `messages`: their wording
//! - `symbol`: the words that attributes take; `args`: reads them
//! - `types`: Rust types, as far as syntax shows
//! - `names`: conversion and rules of QAPI names; `docs`: doc comments
//! - `model`: what an annotated item says
//! - `parse`, `check`, `expand`: the stages, with a file for each kind of definition
//! - `strip`: takes our attributes off the user's item
#![forbid(unsafe_code)]

mod args;
mod check;
mod docs;
mod errors;
mod expand;
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
