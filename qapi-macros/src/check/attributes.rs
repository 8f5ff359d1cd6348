//! Rules for the other attributes of an item:
//! - `check_derives`: no derive implements what the attribute implements
//! - `check_serde`: words of serde have no effect on the attribute's `Serialize`
//! - `check_conditional`: documentation and words of this crate are not in `cfg_attr`
//! - `check_documentation`: documentation is a literal, which the attribute can read

use quote::ToTokens;
use syn::{Attribute, Expr, ExprLit, FnArg, Item, Lit, Meta};

use crate::derives::{conditional, derived_as, derives};
use crate::errors::Errors;
use crate::model::Member;

/// All rules for the other attributes of `item`.
pub(crate) fn check(item: &Item, errors: &Errors) {
    let (own, parts) = attributes(item);
    let is_type = !matches!(item, Item::Fn(_) | Item::Verbatim(_));
    if is_type {
        check_derives(own, errors);
    }
    let deserializes = derives(own, "Deserialize");
    for attribute in own.iter().chain(parts) {
        if is_type && !deserializes {
            check_serde(attribute, errors);
        }
        check_conditional(attribute, errors);
        check_documentation(attribute, errors);
    }
}

/// A derived `Default` agrees with the defaults of the members.
pub(crate) fn check_default_values(own: &[Attribute], members: &[Member], errors: &Errors) {
    let with_value = members.iter().find_map(|member| {
        let value = member.default.as_ref()?.value.as_ref()?;
        Some((&member.part.ident, value))
    });
    let Some((ident, value)) = with_value else { return };
    for path in derived_as(own, "Default") {
        let value = value.to_token_stream();
        let message = format!(
            "`Default`: the derived value of `{ident}` may differ from its default `{value}`; \
             remove the derive, and write `impl Default` with the same values"
        );
        errors.at(path, message);
    }
}

/// The attributes of the item, and those of its fields, variants and parameters.
fn attributes(item: &Item) -> (&[Attribute], Vec<&Attribute>) {
    match item {
        Item::Enum(item) => {
            let variants = item.variants.iter();
            let parts = variants.flat_map(|variant| {
                variant.attrs.iter().chain(variant.fields.iter().flat_map(|field| &field.attrs))
            });
            (&item.attrs, parts.collect())
        }
        Item::Struct(item) => {
            (&item.attrs, item.fields.iter().flat_map(|field| &field.attrs).collect())
        }
        Item::Fn(item) => {
            let parts = item.sig.inputs.iter().flat_map(|input| match input {
                FnArg::Receiver(receiver) => &receiver.attrs,
                FnArg::Typed(parameter) => &parameter.attrs,
            });
            (&item.attrs, parts.collect())
        }
        _ => (&[], Vec::new()),
    }
}

/// No derive implements what the attribute implements.
fn check_derives(own: &[Attribute], errors: &Errors) {
    for path in derived_as(own, "Serialize") {
        let message = "`Serialize`: the attribute implements it, with the names of the schema; \
                       remove the derive";
        errors.at(path, message);
    }
}

/// Words of serde have no effect on the attribute's `Serialize`.
fn check_serde(attribute: &Attribute, errors: &Errors) {
    if attribute.path().is_ident("serde") {
        let message = "`serde`: the attribute implements `Serialize` and ignores words of serde; \
                       write `#[qapi(name = \"qapi-name\")]` and the like, or write \
                       `derive(Deserialize)` below the attribute if the word is for that";
        errors.at(attribute.path(), message);
    }
}

/// Documentation and words of this crate are not in `cfg_attr`, whose condition the attribute
/// does not know.
fn check_conditional(attribute: &Attribute, errors: &Errors) {
    for name in ["doc", "qapi"] {
        if let Some(found) = conditional(attribute, name) {
            let message = format!(
                "`{name}`: the attribute does not know the condition of `cfg_attr`, and would \
                 lose this; write it without `cfg_attr`, or write two items with `#[cfg(…)]`"
            );
            errors.at(found, message);
        }
    }
}

/// Documentation is a literal, which the attribute can read.
fn check_documentation(attribute: &Attribute, errors: &Errors) {
    let Meta::NameValue(meta) = &attribute.meta else { return };
    if !meta.path.is_ident("doc") {
        return;
    }
    if !matches!(meta.value, Expr::Lit(ExprLit { lit: Lit::Str(_), .. })) {
        let message = "`doc`: documentation is a part of the schema, and the attribute cannot \
                       evaluate this expression; write a doc comment or a string";
        errors.at(&meta.value, message);
    }
}
