//! From syntax to [`model`](crate::model). Parsing skips the parts of an item that the model cannot
//! represent; [`check`](crate::check) reports them.

pub(crate) mod alternate;
pub(crate) mod command;
pub(crate) mod enum_;
pub(crate) mod event;
pub(crate) mod members;
pub(crate) mod parameter;
pub(crate) mod struct_;
pub(crate) mod union_;

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::{
    Attribute, Fields, ForeignItemFn, Ident, Item, ItemEnum, ItemFn, ItemStruct, LitStr, Type,
    parse_quote,
};

use crate::args::Words;
use crate::docs::Doc;
use crate::errors::{Errors, Reported};
use crate::groups::with_parentheses;
use crate::model::{Head, Name, Part, Period, Registered};
use crate::symbol;
use crate::{keywords, messages};

/// The function of a command without a body, if `tokens` are one; its block is empty.
pub(crate) fn declaration(tokens: &TokenStream) -> Option<ItemFn> {
    let last = tokens.clone().into_iter().last()?;
    if !matches!(last, TokenTree::Punct(punct) if punct.as_char() == ';') {
        return None;
    }
    let ForeignItemFn { attrs, vis, sig, .. } =
        keywords::parse(with_parentheses(tokens.clone())).ok()?;
    Some(ItemFn { attrs, vis, sig, block: parse_quote!({}) })
}

/// The item as an enum.
///
/// # Errors
/// `attribute` is on an item of another kind.
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

/// The item as a struct.
///
/// # Errors
/// `attribute` is on an item of another kind.
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

/// The item as a function.
///
/// # Errors
/// `attribute` is on an item of another kind.
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

/// Reports, at the keyword of the item, that `attribute` is on an item of the wrong kind.
pub(crate) fn wrong_item(
    attribute: &str,
    expected: &str,
    item: &Item,
    errors: &Errors,
) -> Reported {
    let message = messages::wrong_item(attribute, expected, item);
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

/// The properties that every definition has. `derive` converts the Rust name to the QAPI name.
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
        registered: registered(words),
    }
}

/// How the definition reaches the registry, according to the words.
fn registered(words: &Words) -> Registered {
    match (words.introduced(symbol::REGISTRATION), words.span(symbol::REGISTER)) {
        (Some(name), _) => Registered::Static(name.clone()),
        (None, Some(_)) => Registered::Reference,
        (None, None) => Registered::Inventory,
    }
}

/// The properties of a variant, field or parameter. `derive` converts the Rust name to the QAPI
/// name.
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
    let exception = words.span(symbol::NAME_EXCEPTION);
    match words.text(symbol::NAME) {
        Some(text) => Name { text: text.value(), span: text.span(), exception },
        None => Name { text: derive(&ident.unraw().to_string()), span: ident.span(), exception },
    }
}

/// The `cfg` attributes among `attributes`.
fn cfg(attributes: &[Attribute]) -> Vec<Attribute> {
    let is_cfg = |attribute: &&Attribute| attribute.path().is_ident("cfg");
    attributes.iter().filter(is_cfg).cloned().collect()
}

/// The type of the single unnamed field of a variant.
fn only_field(fields: &Fields) -> Option<&Type> {
    match fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            fields.unnamed.first().map(|field| &field.ty)
        }
        Fields::Unnamed(_) | Fields::Named(_) | Fields::Unit => None,
    }
}

/// The QAPI name of a type, which is its Rust name.
fn unchanged(ident: &str) -> String {
    ident.to_owned()
}

/// A length of time as in `500ms` or `1s`. A length of zero is invalid.
fn period(text: &LitStr) -> Period {
    Period { text: text.clone(), milliseconds: milliseconds(&text.value()) }
}

fn milliseconds(text: &str) -> Option<u64> {
    let digits = text.find(|found: char| !found.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let scale = match unit {
        "ms" => 1,
        "s" => 1000,
        _ => return None,
    };
    let number: u32 = number.parse().ok()?;
    Some(u64::from(number) * scale).filter(|period| *period > 0)
}
