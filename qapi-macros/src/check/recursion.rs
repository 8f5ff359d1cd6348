//! Rules for types that contain themselves:
//! - `check_size`: a type does not contain itself without a `Box` or a `Vec`, and not as its base
//! - `check_self`: the type of a member is not `Self`, which generated code cannot name

use proc_macro2::{Ident, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Field, Item, Meta, Type};

use crate::args::is_qapi;
use crate::errors::Errors;
use crate::types::{contained, find_ident, only_argument};

/// All rules for the fields of `item`.
pub(crate) fn check(item: &Item, errors: &Errors) {
    let (ident, fields): (_, Vec<&Field>) = match item {
        Item::Struct(item) => (&item.ident, item.fields.iter().collect()),
        Item::Enum(item) => {
            // The open variant of an enum has no member of the schema.
            let closed = item.variants.iter().filter(|v| !v.attrs.iter().any(|a| has(a, "open")));
            (&item.ident, closed.flat_map(|variant| &variant.fields).collect())
        }
        _ => return,
    };
    for field in fields {
        if !check_self(ident, &field.ty, errors) {
            check_size(ident, field, errors);
        }
    }
}

/// A type does not contain itself without a `Box` or a `Vec`, and not as its base.
fn check_size(ident: &Ident, field: &Field, errors: &Errors) {
    let Some(found) = contained(ident, &field.ty) else { return };
    let is_variant = field.ident.is_none();
    let message = if field.attrs.iter().any(|attribute| has(attribute, "base")) {
        format!("`{found}`: a type is not its own base; remove the field, or write another type")
    } else {
        let is_optional = only_argument(&field.ty, "Option").is_some();
        let boxed = format!("Box<{ident}>");
        let instead = if is_optional || is_variant { boxed } else { format!("Option<{boxed}>") };
        format!(
            "`{found}`: the type contains itself, so that its size is infinite; write `{instead}`"
        )
    };
    errors.at(found, message);
}

/// Whether the attribute has a word.
fn has(attribute: &Attribute, word: &str) -> bool {
    let Meta::List(list) = &attribute.meta else { return false };
    let is_word = |token| matches!(token, TokenTree::Ident(ident) if ident == word);
    is_qapi(attribute) && list.tokens.clone().into_iter().any(is_word)
}

/// The type of a member is not `Self`. Returns whether it is.
fn check_self(ident: &Ident, ty: &Type, errors: &Errors) -> bool {
    let Some(found) = find_ident(ty.to_token_stream(), "Self") else { return false };
    let message =
        format!("`Self`: the schema names the type of each member; write `{ident}` in its place");
    errors.at(found, message);
    true
}
