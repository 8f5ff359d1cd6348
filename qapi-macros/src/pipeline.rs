//! The stages from an annotated item to generated code: parse ▶ model ▶ check ▶ gate ▶ expand.
//!
//! Parsing skips the parts that a model cannot represent, and checking reports them. All errors of
//! an item therefore appear at once. A model that passes the gate expands without errors.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Item, ItemFn};

use crate::args::is_qapi;
use crate::check::place::enclosing_block;
use crate::errors::{Checked, Errors, Rejected, Reported, compile_errors, is_key_value};
use crate::expand::error_stub;
use crate::groups::with_parentheses;
use crate::model::{Head, Union};
use crate::strip::{strip, strip_reported};
use crate::{check, expand, keywords, messages, parse};

pub(crate) fn qapi_enum(args: TokenStream, tokens: TokenStream) -> TokenStream {
    let read = |item: &Item, errors: &Errors| {
        let item = parse::expect_enum("qapi_enum", item, errors)?;
        let model = parse::enum_::parse(arguments(args), item, errors);
        check::enum_::check(item, &model, errors);
        Ok(model)
    };
    run(tokens, read, expand::enum_::expand, |model| &model.head, error_stub::enum_)
}

pub(crate) fn qapi_struct(args: TokenStream, tokens: TokenStream) -> TokenStream {
    let read = |item: &Item, errors: &Errors| {
        let item = parse::expect_struct("qapi_struct", item, errors)?;
        let model = parse::struct_::parse(arguments(args), item, errors);
        check::struct_::check(item, &model, errors);
        Ok(model)
    };
    run(tokens, read, expand::struct_::expand, |model| &model.head, error_stub::type_)
}

pub(crate) fn qapi_union(args: TokenStream, tokens: TokenStream) -> TokenStream {
    let read = |item: &Item, errors: &Errors| {
        let model = parse::union_::parse(arguments(args), item, errors)?;
        check::union_::check(item, &model, errors);
        Ok(model)
    };
    run(tokens, read, expand::union_::expand, Union::head, error_stub::type_)
}

pub(crate) fn qapi_alternate(args: TokenStream, tokens: TokenStream) -> TokenStream {
    let read = |item: &Item, errors: &Errors| {
        let item = parse::expect_enum("qapi_alternate", item, errors)?;
        let model = parse::alternate::parse(arguments(args), item, errors);
        check::alternate::check(item, &model, errors);
        Ok(model)
    };
    run(tokens, read, expand::alternate::expand, |model| &model.head, error_stub::type_)
}

pub(crate) fn qapi_command(args: TokenStream, tokens: TokenStream) -> TokenStream {
    if let Some(declaration) = parse::declaration(&tokens) {
        return declared_command(args, declaration);
    }
    let read = |item: &Item, errors: &Errors| {
        let item = parse::expect_fn("qapi_command", item, errors)?;
        let model = parse::command::parse(arguments(args), item, errors);
        check::command::check(item, &model, errors);
        Ok(model)
    };
    run(tokens, read, expand::command::expand, |model| &model.head, |_| TokenStream::new())
}

/// A command without a body. The compiler accepts no such function, so that it is not emitted.
fn declared_command(args: TokenStream, item: ItemFn) -> TokenStream {
    let errors = Errors::new();
    let model = parse::command::parse_declaration(arguments(args), &item, &errors);
    check::command::check(&item, &model, &errors);
    let item = Item::Fn(item);
    check::attributes::check(&item, &errors);
    match errors.gate(Ok(model)) {
        Ok(checked) => expand::command::expand(&checked),
        Err(Rejected { compile_errors, model }) => {
            let imported = model.filter(|_| has_words(&item));
            let imported = imported.map(|model| error_stub::misplaced(&model.head));
            quote!(#compile_errors #imported)
        }
    }
}

pub(crate) fn qapi_event(args: TokenStream, tokens: TokenStream) -> TokenStream {
    let read = |item: &Item, errors: &Errors| {
        let item = parse::expect_struct("qapi_event", item, errors)?;
        let model = parse::event::parse(arguments(args), item, errors);
        check::event::check(item, &model, errors);
        Ok(model)
    };
    run(tokens, read, expand::event::expand, |model| &model.head, error_stub::event)
}

/// `#[qapi(…)]` as an attribute of its own, outside of an annotated item. It has no effect, and the
/// item stays as it is.
pub(crate) fn qapi(item: TokenStream) -> TokenStream {
    if is_key_value() {
        return item;
    }
    let message = messages::misplaced(messages::WORDS_OF_DEFINITION);
    let error = compile_errors(&syn::Error::new(Span::call_site(), message));
    quote!(#error #item)
}

/// Emits the user's item without the attributes of this crate, and after it the generated code.
/// For an item with errors, the generated code consists of the errors and an error stub.
fn run<M>(
    tokens: TokenStream,
    read: impl FnOnce(&Item, &Errors) -> Result<M, Reported>,
    expand: fn(&Checked<M>) -> TokenStream,
    head: fn(&M) -> &Head,
    error_stub: fn(&Head) -> TokenStream,
) -> TokenStream {
    let tokens = with_parentheses(tokens);
    let mut item: Item = match keywords::parse(tokens.clone()) {
        Ok(item) => item,
        Err(error) => {
            let error = compile_errors(&error);
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
            let head = model.as_ref().map(head);
            let imported = head.filter(|_| has_words(&item)).map(error_stub::misplaced);
            let error_stub = head.filter(|_| takes_stub(&item)).map(error_stub);
            quote!(#compile_errors #error_stub #imported)
        }
    };
    strip(&mut item);
    quote!(#item #generated)
}

/// The words of an attribute. `#[qapi_struct = "x"]` has none: the compiler reports this form, and
/// passes the value.
fn arguments(args: TokenStream) -> TokenStream {
    if is_key_value() { TokenStream::new() } else { with_parentheses(args) }
}

/// Whether the item has `#[qapi(…)]`, and is not in a block of methods, which contains no imports.
fn has_words(item: &Item) -> bool {
    let attributes = match item {
        Item::Enum(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Fn(item) if enclosing_block(&item.sig.ident).is_none() => &item.attrs,
        _ => return false,
    };
    attributes.iter().any(is_qapi)
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
