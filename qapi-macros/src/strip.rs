//! Removes the attributes of this crate from the user's item. The rest is emitted unchanged.

use quote::ToTokens;
use syn::{
    Attribute, Field, Fields, FnArg, Ident, ImplItem, Item, ItemFn, ReturnType, Signature,
    TraitItem, parse_quote,
};

use crate::args::is_qapi;
use crate::derives::{derived, derives, is_conditional, is_derive, is_last};
use crate::docs::is_doc;
use crate::types::{contained, without_elision};

/// Removes every `#[qapi(…)]`, and the doc comments on parameters, which `rustc` rejects.
pub(crate) fn strip(item: &mut Item) {
    match item {
        Item::Enum(item) => {
            strip_attributes(&mut item.attrs);
            for variant in &mut item.variants {
                strip_attributes(&mut variant.attrs);
                strip_fields(&mut variant.fields);
            }
        }
        Item::Struct(item) => {
            strip_attributes(&mut item.attrs);
            strip_fields(&mut item.fields);
        }
        Item::Fn(item) => strip_function(&mut item.attrs, &mut item.sig),
        // An attribute on a block is an error, and one for the words in it is enough.
        Item::Impl(block) => {
            for item in &mut block.items {
                if let ImplItem::Fn(item) = item {
                    strip_function(&mut item.attrs, &mut item.sig);
                }
            }
        }
        Item::Trait(block) => {
            for item in &mut block.items {
                if let TraitItem::Fn(item) = item {
                    strip_function(&mut item.attrs, &mut item.sig);
                }
            }
        }
        _ => {}
    }
}

fn strip_function(attributes: &mut Vec<Attribute>, signature: &mut Signature) {
    strip_attributes(attributes);
    for input in &mut signature.inputs {
        let attributes = match input {
            FnArg::Receiver(receiver) => &mut receiver.attrs,
            FnArg::Typed(parameter) => &mut parameter.attrs,
        };
        attributes.retain(|attribute| !is_qapi(attribute) && !is_doc(attribute));
    }
}

/// Changes the parts that this crate reports, so that the compiler does not report them too:
/// removes attributes, discriminants and a parameter `self` outside of a block, puts recursive
/// fields into a `Box`, and writes the lifetimes of borrowed fields and return types.
pub(crate) fn strip_reported(item: &mut Item) {
    match item {
        Item::Enum(item) => {
            for field in item.variants.iter_mut().flat_map(|variant| &mut variant.fields) {
                end_recursion(&item.ident, field);
                without_elision(&mut field.ty);
            }
            let has_serde = derives(&item.attrs, "Deserialize");
            strip_reported_from(&mut item.attrs, has_serde);
            for variant in &mut item.variants {
                variant.discriminant = None;
                strip_reported_from(&mut variant.attrs, has_serde);
                for field in &mut variant.fields {
                    strip_reported_from(&mut field.attrs, has_serde);
                }
            }
        }
        Item::Struct(item) => {
            for field in &mut item.fields {
                end_recursion(&item.ident, field);
                without_elision(&mut field.ty);
            }
            let has_serde = derives(&item.attrs, "Deserialize");
            strip_reported_from(&mut item.attrs, has_serde);
            for field in &mut item.fields {
                strip_reported_from(&mut field.attrs, has_serde);
            }
        }
        Item::Fn(item) => {
            for input in &mut item.sig.inputs {
                if let FnArg::Typed(parameter) = input {
                    strip_reported_from(&mut parameter.attrs, true);
                }
            }
            strip_free_receiver(item);
            end_elision(item);
        }
        _ => {}
    }
}

/// Puts a field that contains the type `own` into a `Box`.
fn end_recursion(own: &Ident, field: &mut Field) {
    if contained(own, &field.ty).is_some() {
        let ty = &field.ty;
        field.ty = parse_quote!(::std::boxed::Box<#ty>);
    }
}

/// Removes `self` from a function outside of all blocks, and the body, which uses it.
fn strip_free_receiver(item: &mut ItemFn) {
    if !is_outside_blocks() || item.sig.receiver().is_none() {
        return;
    }
    let inputs = std::mem::take(&mut item.sig.inputs);
    let is_typed = |input: &FnArg| matches!(input, FnArg::Typed(_));
    item.sig.inputs = inputs.into_iter().filter(is_typed).collect();
    *item.block = parse_quote!({ loop {} });
    item.attrs.push(parse_quote!(#[allow(unused)]));
}

/// Writes the lifetimes of the return type, if no parameter has one that it could have.
fn end_elision(item: &mut ItemFn) {
    let inputs = item.sig.inputs.to_token_stream().to_string();
    if let ReturnType::Type(_, ty) = &mut item.sig.output
        && !inputs.contains(['&', '\''])
    {
        without_elision(ty);
    }
}

/// Whether the attribute is in the first column, where usually no block is around it. Without a
/// compiler, as in tests, there are no columns.
pub(crate) fn is_outside_blocks() -> bool {
    proc_macro::is_available() && proc_macro::Span::call_site().column() == 1
}

fn strip_reported_from(attributes: &mut Vec<Attribute>, has_serde: bool) {
    attributes.retain(|attribute| {
        let is_serde = attribute.path().is_ident("serde") && !has_serde;
        !is_serde && !is_conditional(attribute, "qapi") && !is_conditional(attribute, "doc")
    });
    for attribute in attributes.iter_mut().filter(|attribute| is_derive(attribute)) {
        let others = derived(attribute).into_iter().filter(|path| !is_last(path, "Serialize"));
        *attribute = parse_quote!(#[derive(#(#others),*)]);
    }
}

fn strip_fields(fields: &mut Fields) {
    for field in fields {
        strip_attributes(&mut field.attrs);
    }
}

fn strip_attributes(attributes: &mut Vec<Attribute>) {
    attributes.retain(|attribute| !is_qapi(attribute));
}
