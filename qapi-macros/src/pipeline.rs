//! The stages from an annotated item to generated code: parse ▶ model ▶ check ▶ gate ▶ expand.
//!
//! Parsing skips the parts that a model cannot represent, and checking reports them. All errors of
//! an item therefore appear at once. A model that passes the gate expands without errors.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Item, ItemFn};

use crate::errors::{Checked, Errors, Rejected, Reported};
use crate::expand::error_stub;
use crate::groups::with_parentheses;
use crate::strip::{strip, strip_reported};
use crate::{check, expand, parse};

pub(crate) fn qapi_enum(args: TokenStream, tokens: TokenStream) -> TokenStream {
    let read = |item: &Item, errors: &Errors| {
        let item = parse::expect_enum("qapi_enum", item, errors)?;
        let model = parse::enum_::parse(with_parentheses(args), item, errors);
        check::enum_::check(item, &model, errors);
        Ok(model)
    };
    run(tokens, read, expand::enum_::expand, |model| error_stub::enum_(&model.head))
}

pub(crate) fn qapi_struct(args: TokenStream, tokens: TokenStream) -> TokenStream {
    let read = |item: &Item, errors: &Errors| {
        let item = parse::expect_struct("qapi_struct", item, errors)?;
        let model = parse::struct_::parse(with_parentheses(args), item, errors);
        check::struct_::check(item, &model, errors);
        Ok(model)
    };
    run(tokens, read, expand::struct_::expand, |model| error_stub::type_(&model.head))
}

pub(crate) fn qapi_union(args: TokenStream, tokens: TokenStream) -> TokenStream {
    let read = |item: &Item, errors: &Errors| {
        let model = parse::union_::parse(with_parentheses(args), item, errors)?;
        check::union_::check(item, &model, errors);
        Ok(model)
    };
    run(tokens, read, expand::union_::expand, |model| error_stub::type_(model.head()))
}

pub(crate) fn qapi_alternate(args: TokenStream, tokens: TokenStream) -> TokenStream {
    let read = |item: &Item, errors: &Errors| {
        let item = parse::expect_enum("qapi_alternate", item, errors)?;
        let model = parse::alternate::parse(with_parentheses(args), item, errors);
        check::alternate::check(item, &model, errors);
        Ok(model)
    };
    run(tokens, read, expand::alternate::expand, |model| error_stub::type_(&model.head))
}

pub(crate) fn qapi_command(args: TokenStream, tokens: TokenStream) -> TokenStream {
    if let Some(declaration) = parse::declaration(&tokens) {
        return declared_command(args, declaration);
    }
    let read = |item: &Item, errors: &Errors| {
        let item = parse::expect_fn("qapi_command", item, errors)?;
        let model = parse::command::parse(with_parentheses(args), item, errors);
        check::command::check(item, &model, errors);
        Ok(model)
    };
    run(tokens, read, expand::command::expand, |_| TokenStream::new())
}

/// A command without a body. The compiler accepts no such function, so that it is not emitted.
fn declared_command(args: TokenStream, item: ItemFn) -> TokenStream {
    let errors = Errors::new();
    let model = parse::command::parse_declaration(with_parentheses(args), &item, &errors);
    check::command::check(&item, &model, &errors);
    check::attributes::check(&Item::Fn(item), &errors);
    match errors.gate(Ok(model)) {
        Ok(checked) => expand::command::expand(&checked),
        Err(Rejected { compile_errors, .. }) => compile_errors,
    }
}

pub(crate) fn qapi_event(args: TokenStream, tokens: TokenStream) -> TokenStream {
    let read = |item: &Item, errors: &Errors| {
        let item = parse::expect_struct("qapi_event", item, errors)?;
        let model = parse::event::parse(with_parentheses(args), item, errors);
        check::event::check(item, &model, errors);
        Ok(model)
    };
    run(tokens, read, expand::event::expand, |model| error_stub::event(&model.head))
}

/// Emits the user's item without the attributes of this crate, and after it the generated code.
/// For an item with errors, the generated code consists of the errors and an error stub.
fn run<M>(
    tokens: TokenStream,
    read: impl FnOnce(&Item, &Errors) -> Result<M, Reported>,
    expand: fn(&Checked<M>) -> TokenStream,
    error_stub: fn(&M) -> TokenStream,
) -> TokenStream {
    let tokens = with_parentheses(tokens);
    let mut item: Item = match syn::parse2(tokens.clone()) {
        Ok(item) => item,
        Err(error) => {
            let error = error.to_compile_error();
            return quote!(#tokens #error);
        }
    };
    let errors = Errors::new();
    let model = read(&item, &errors);
    check::attributes::check(&item, &errors);
    check::recursion::check(&item, &errors);
    let generated = match errors.gate(model) {
        Ok(checked) => expand(&checked),
        Err(Rejected { compile_errors, model }) => {
            strip_reported(&mut item);
            let error_stub = model.filter(|_| takes_stub(&item)).map(|model| error_stub(&model));
            quote!(#compile_errors #error_stub)
        }
    };
    strip(&mut item);
    quote!(#item #generated)
}

/// Whether an error stub can name the item, which has no generic parameters then, and no second
/// attribute of this crate has code for it.
fn takes_stub(item: &Item) -> bool {
    let (attributes, generics) = match item {
        Item::Enum(item) => (&item.attrs, &item.generics),
        Item::Struct(item) => (&item.attrs, &item.generics),
        _ => return true,
    };
    generics.params.is_empty() && !check::is_annotated(attributes)
}
