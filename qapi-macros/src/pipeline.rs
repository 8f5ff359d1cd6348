//! The way from an annotated item to generated code: parse ▶ model ▶ check ▶ gate ▶ expand.
//!
//! Parsing takes what it can use and leaves it to checking to refuse the rest, so that all
//! mistakes of an item are told at once. What passes the gate expands without fail.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Item;

use crate::errors::{Checked, Errors, Refused, Reported};
use crate::expand::stand_in;
use crate::strip::strip;
use crate::{check, expand, parse};

pub(crate) fn qapi_enum(args: TokenStream, tokens: TokenStream) -> TokenStream {
    let read = |item: &Item, errors: &Errors| {
        let item = parse::expect_enum("qapi_enum", item, errors)?;
        let model = parse::enum_::parse(args, item, errors);
        check::enum_::check(item, &model, errors);
        Ok(model)
    };
    run(tokens, read, expand::enum_::expand, |model| stand_in::enumeration(&model.head))
}

pub(crate) fn qapi_struct(args: TokenStream, tokens: TokenStream) -> TokenStream {
    let read = |item: &Item, errors: &Errors| {
        let item = parse::expect_struct("qapi_struct", item, errors)?;
        let model = parse::struct_::parse(args, item, errors);
        check::struct_::check(item, &model, errors);
        Ok(model)
    };
    run(tokens, read, expand::struct_::expand, |model| stand_in::ty(&model.head))
}

pub(crate) fn qapi_union(args: TokenStream, tokens: TokenStream) -> TokenStream {
    let read = |item: &Item, errors: &Errors| {
        let model = parse::union_::parse(args, item, errors)?;
        check::union_::check(item, &model, errors);
        Ok(model)
    };
    run(tokens, read, expand::union_::expand, |model| stand_in::ty(model.head()))
}

pub(crate) fn qapi_alternate(args: TokenStream, tokens: TokenStream) -> TokenStream {
    let read = |item: &Item, errors: &Errors| {
        let item = parse::expect_enum("qapi_alternate", item, errors)?;
        let model = parse::alternate::parse(args, item, errors);
        check::alternate::check(item, &model, errors);
        Ok(model)
    };
    run(tokens, read, expand::alternate::expand, |model| stand_in::ty(&model.head))
}

pub(crate) fn qapi_command(args: TokenStream, tokens: TokenStream) -> TokenStream {
    let read = |item: &Item, errors: &Errors| {
        let item = parse::expect_fn("qapi_command", item, errors)?;
        let model = parse::command::parse(args, item, errors);
        check::command::check(item, &model, errors);
        Ok(model)
    };
    run(tokens, read, expand::command::expand, |_| TokenStream::new())
}

pub(crate) fn qapi_event(args: TokenStream, tokens: TokenStream) -> TokenStream {
    let read = |item: &Item, errors: &Errors| {
        let item = parse::expect_struct("qapi_event", item, errors)?;
        let model = parse::event::parse(args, item, errors);
        check::event::check(item, &model, errors);
        Ok(model)
    };
    run(tokens, read, expand::event::expand, |model| stand_in::event(&model.head))
}

/// Emits the item as it was written, but for our attributes, and after it what was generated:
/// code, or else every mistake and what stands in for the code.
fn run<M>(
    tokens: TokenStream,
    read: impl FnOnce(&Item, &Errors) -> Result<M, Reported>,
    expand: fn(&Checked<M>) -> TokenStream,
    stand_in: fn(&M) -> TokenStream,
) -> TokenStream {
    let mut item: Item = match syn::parse2(tokens.clone()) {
        Ok(item) => item,
        Err(error) => {
            let error = error.to_compile_error();
            return quote!(#tokens #error);
        }
    };
    let errors = Errors::new();
    let model = read(&item, &errors);
    let generated = match errors.gate(model) {
        Ok(checked) => expand(&checked),
        Err(Refused { mistakes, model }) => {
            let stand_in = model.filter(|_| is_concrete(&item)).map(|model| stand_in(&model));
            quote!(#mistakes #stand_in)
        }
    };
    strip(&mut item);
    quote!(#item #generated)
}

/// Whether the item has no parameters, so that its name alone names it.
fn is_concrete(item: &Item) -> bool {
    match item {
        Item::Enum(item) => item.generics.params.is_empty(),
        Item::Struct(item) => item.generics.params.is_empty(),
        _ => true,
    }
}
