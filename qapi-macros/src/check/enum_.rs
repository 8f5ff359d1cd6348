//! Rules for `#[qapi_enum]`:
//! - `check_open`: only the last variant may be open; an open variant has no `cfg` or other words
//! - `check_extension`: an enum that extends another one is not a definition, and is not open
//! - `check_prefix`: the prefix is an upper case name of C
//! - `check_values_are_names`: values have no data

use syn::{Fields, ItemEnum};

use super::doc::{Documented, check_doc};
use super::name::NameKind;
use super::{
    check_clashes, check_head, check_item_attributes, check_no_generics, check_no_numbers,
    check_part,
};
use crate::args::Stray;
use crate::errors::Errors;
use crate::model::{Enum, OpenVariant};

pub(crate) fn check(item: &ItemEnum, model: &Enum, errors: &Errors) {
    match model.extends {
        Some(_) => check_item_attributes(&item.attrs, errors),
        None => {
            check_head(&model.head, NameKind::Type, &item.attrs, errors);
            let documented = Documented {
                head: &model.head,
                kind: "enum",
                part: "value",
                parts: model.values.iter().collect(),
                returns: None,
            };
            check_doc(&documented, errors);
        }
    }
    check_extension(model, errors);
    check_open(item, model, errors);
    check_no_generics(&item.generics, errors);
    check_prefix(model, errors);
    check_values_are_names(item, model, errors);
    check_no_numbers(item, errors);
    for value in &model.values {
        check_part(value, NameKind::Value, errors);
    }
    check_clashes(&model.values, errors);
}

/// Only the last variant may be open. An open variant has no `cfg` or other words.
fn check_open(item: &ItemEnum, model: &Enum, errors: &Errors) {
    for second in model.open.iter().skip(1) {
        let message = "`open`: an enum has one open variant; remove the word from the others";
        errors.at_span(second.word, message);
    }
    let Some(OpenVariant { ident, word, strays }) = model.open.first() else { return };
    for Stray { word, span } in strays {
        let message = format!(
            "`{word}`: the open variant contains values of other crates and is no value itself; \
             remove the word"
        );
        errors.at_span(*span, message);
    }
    let enum_ident = &item.ident;
    let variant = item.variants.iter().find(|variant| variant.ident == *ident);
    if let Some(variant) = variant {
        let is_one =
            matches!(&variant.fields, Fields::Unnamed(fields) if fields.unnamed.len() == 1);
        if !is_one {
            let message = format!(
                "`{ident}`: the open variant contains a value of another crate; write \
                 `{ident}(OpenValue<{enum_ident}>)`"
            );
            errors.at(variant.ident.clone(), message);
        }
        if let Some(cfg) = variant.attrs.iter().find(|one| one.path().is_ident("cfg")) {
            let message = "`cfg`: the open variant cannot be conditional; remove the condition";
            errors.at(cfg, message);
        }
    }
    if item.variants.last().is_some_and(|last| last.ident != *ident) {
        let message = "`open`: values of other crates come last; move the variant to the end";
        errors.at_span(*word, message);
    }
}

/// An enum that extends another one is not a definition, and is not open.
fn check_extension(model: &Enum, errors: &Errors) {
    let Some(extends) = &model.extends else { return };
    for Stray { word, span } in &model.strays {
        let message = format!(
            "`{word}`: an enum that extends another one is no definition; remove the word"
        );
        errors.at_span(*span, message);
    }
    if let Some(open) = model.open.first() {
        let message = "`open`: an enum that extends another one cannot be open; remove one of \
                       `open` and `extends`";
        errors.at_span(open.word, message);
    }
    if model.values.is_empty() {
        let message = "`extends`: the enum has no values to add; write a variant for each value";
        errors.at(extends, message);
    }
}

/// The prefix is an upper case name of C, as are all prefixes in QEMU.
fn check_prefix(model: &Enum, errors: &Errors) {
    let Some(prefix) = &model.prefix else { return };
    let text = prefix.value();
    let fits = text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.chars().all(|letter| {
            letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_'
        });
    if !fits {
        let message = format!(
            "`{text}`: not a prefix in C; write upper case letters, digits and `_` after a \
             letter, as in `prefix = \"UPPER_CASE\"`"
        );
        errors.at(prefix, message);
    }
}

/// Values have no data.
fn check_values_are_names(item: &ItemEnum, model: &Enum, errors: &Errors) {
    for variant in &item.variants {
        let ident = &variant.ident;
        if model.open.iter().any(|open| open.ident == *ident) {
            continue;
        }
        match &variant.fields {
            Fields::Unit => {}
            fields @ (Fields::Named(_) | Fields::Unnamed(_)) => {
                let message = format!(
                    "`{ident}`: a value of a QAPI enum has no data; write `{ident}` alone, or \
                     annotate the enum with `#[qapi_union]` or `#[qapi_alternate]`"
                );
                errors.at(fields, message);
            }
        }
    }
}
