//! From syntax to [`model`](crate::model): takes what the model has room for. What it has none
//! for is for [`check`](crate::check) to refuse.

pub(crate) mod alternate;
pub(crate) mod command;
pub(crate) mod enum_;
pub(crate) mod event;
pub(crate) mod members;
pub(crate) mod parameter;
pub(crate) mod struct_;
pub(crate) mod union_;

use syn::ext::IdentExt;
use syn::{Attribute, Fields, Ident, Item, ItemEnum, ItemFn, ItemStruct, Type, parse_quote};

use crate::args::Words;
use crate::docs::Doc;
use crate::errors::{Errors, Reported};
use crate::messages;
use crate::model::{Head, Name, Part};
use crate::symbol;

/// The enum that `attribute` stands on.
pub(crate) fn expect_enum<'a>(
    attribute: &str,
    item: &'a Item,
    errors: &Errors,
) -> Result<&'a ItemEnum, Reported> {
    match item {
        Item::Enum(item) => Ok(item),
        other => Err(wrong_item(attribute, "an enum", other, errors)),
    }
}

/// The struct that `attribute` stands on.
pub(crate) fn expect_struct<'a>(
    attribute: &str,
    item: &'a Item,
    errors: &Errors,
) -> Result<&'a ItemStruct, Reported> {
    match item {
        Item::Struct(item) => Ok(item),
        other => Err(wrong_item(attribute, "a struct", other, errors)),
    }
}

/// The function that `attribute` stands on.
pub(crate) fn expect_fn<'a>(
    attribute: &str,
    item: &'a Item,
    errors: &Errors,
) -> Result<&'a ItemFn, Reported> {
    match item {
        Item::Fn(item) => Ok(item),
        other => Err(wrong_item(attribute, "a function", other, errors)),
    }
}

pub(crate) fn wrong_item(
    attribute: &str,
    wanted: &str,
    item: &Item,
    errors: &Errors,
) -> Reported {
    let message = messages::wrong_item(attribute, wanted, item);
    match item {
        Item::Enum(item) => errors.at(item.enum_token, message),
        Item::Struct(item) => errors.at(item.struct_token, message),
        Item::Fn(item) => errors.at(item.sig.fn_token, message),
        Item::Type(item) => errors.at(item.type_token, message),
        Item::Union(item) => errors.at(item.union_token, message),
        Item::Trait(item) => errors.at(item.trait_token, message),
        Item::Impl(item) => errors.at(item.impl_token, message),
        Item::Mod(item) => errors.at(item.mod_token, message),
        other => errors.at(other, message),
    }
}

/// What the arguments and attributes of an item say of its definition. `derive` makes the QAPI
/// name out of the Rust one.
fn head(
    words: &Words,
    ident: &Ident,
    attributes: &[Attribute],
    derive: fn(&str) -> String,
) -> Head {
    Head {
        crate_path: words
            .path(symbol::CRATE)
            .cloned()
            .unwrap_or_else(|| parse_quote!(::qapi_core)),
        ident: ident.clone(),
        name: name(words, ident, derive),
        doc: Doc::of_definition(attributes),
        since: words.text(symbol::SINCE).cloned(),
        features: words.features(symbol::FEATURES).to_vec(),
    }
}

/// What the words and attributes of a variant, field or parameter say of it.
fn part(
    words: &Words,
    ident: &Ident,
    attributes: &[Attribute],
    derive: fn(&str) -> String,
) -> Part {
    Part {
        ident: ident.clone(),
        name: name(words, ident, derive),
        doc: Box::new(Doc::of_part(attributes)),
        since: words.text(symbol::SINCE).cloned(),
        features: words.features(symbol::FEATURES).to_vec(),
        cfg: cfg(attributes),
    }
}

fn name(words: &Words, ident: &Ident, derive: fn(&str) -> String) -> Name {
    let exception = words.place(symbol::NAME_EXCEPTION);
    match words.text(symbol::NAME) {
        Some(text) => Name { text: text.value(), span: text.span(), exception },
        None => Name { text: derive(&ident.unraw().to_string()), span: ident.span(), exception },
    }
}

/// The conditions among `attributes`.
fn cfg(attributes: &[Attribute]) -> Vec<Attribute> {
    let is_cfg = |attribute: &&Attribute| attribute.path().is_ident("cfg");
    attributes.iter().filter(is_cfg).cloned().collect()
}

/// The type of a variant's single field.
fn only_field(fields: &Fields) -> Option<&Type> {
    match fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            fields.unnamed.first().map(|field| &field.ty)
        }
        Fields::Unnamed(_) | Fields::Named(_) | Fields::Unit => None,
    }
}

/// Types are named in QAPI as they are in Rust.
fn as_written(ident: &str) -> String {
    ident.to_owned()
}
