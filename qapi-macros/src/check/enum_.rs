//! Rules on `#[qapi_enum]`:
//! - `check_open`: one variant at most stands for values of other crates
//! - `check_extension`: values that are added to another enum are no definition
//! - `check_prefix`: a prefix of names of C
//! - `check_values_are_names`: values carry no data

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

/// One variant at most stands for values of other crates: the last one, always there.
fn check_open(item: &ItemEnum, model: &Enum, errors: &Errors) {
    for second in model.open.iter().skip(1) {
        let message = "`open`: one variant stands for the values of other crates; mark one only";
        errors.at_span(second.word, message);
    }
    let Some(OpenVariant { ident, word, strays }) = model.open.first() else { return };
    for Stray { word, span } in strays {
        let message =
            format!("`{word}`: the variant is no value, but all that others add; leave it out");
        errors.at_span(*span, message);
    }
    let enum_ident = &item.ident;
    let variant = item.variants.iter().find(|variant| variant.ident == *ident);
    if let Some(variant) = variant {
        let is_one =
            matches!(&variant.fields, Fields::Unnamed(fields) if fields.unnamed.len() == 1);
        if !is_one {
            let message = format!(
                "`{ident}`: it holds the value that another crate adds; write \
                 `{ident}(OpenValue<{enum_ident}>)`"
            );
            errors.at(variant.ident.clone(), message);
        }
        if let Some(cfg) = variant.attrs.iter().find(|one| one.path().is_ident("cfg")) {
            let message = "`cfg`: an enum is open or it is not; leave the condition out";
            errors.at(cfg, message);
        }
    }
    if item.variants.last().is_some_and(|last| last.ident != *ident) {
        let message = "`open`: values of other crates come last; make it the last variant";
        errors.at_span(*word, message);
    }
}

/// Values that are added to another enum are no definition, and have no words of one.
fn check_extension(model: &Enum, errors: &Errors) {
    let Some(extends) = &model.extends else { return };
    for Stray { word, span } in &model.strays {
        let message = format!(
            "`{word}`: values added to another enum are no definition of their own; leave it out"
        );
        errors.at_span(*span, message);
    }
    if let Some(open) = model.open.first() {
        let message = "`open`: these values are added to another enum, which may be open; leave \
                       out one of `open` and `extends`";
        errors.at_span(open.word, message);
    }
    if model.values.is_empty() {
        let message = "`extends`: there are no values to add; write a variant for each";
        errors.at(extends, message);
    }
}

/// A prefix of names of C. QEMU's all are upper case, with underscores.
fn check_prefix(model: &Enum, errors: &Errors) {
    let Some(prefix) = &model.prefix else { return };
    let text = prefix.value();
    let fits = text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.chars().all(|letter| {
            letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_'
        });
    if !fits {
        let message = format!(
            "`{text}`: not what a name of C begins with; write upper case letters, digits and \
             `_`, a letter first: `prefix = \"UPPER_CASE\"`"
        );
        errors.at(prefix, message);
    }
}

/// Values carry no data.
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
                    "`{ident}`: a value of a QAPI enum carries no data; write `{ident}` alone, \
                     or annotate the enum with `#[qapi_union]` or `#[qapi_alternate]`"
                );
                errors.at(fields, message);
            }
        }
    }
}
