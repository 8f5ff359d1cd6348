//! Rules on `#[qapi_enum]`:
//! - `check_prefix`: a prefix of names of C
//! - `check_values_are_names`: values carry no data

use syn::{Fields, ItemEnum};

use super::name::NameKind;
use super::{check_clashes, check_head, check_no_generics, check_no_numbers, check_part};
use crate::errors::Errors;
use crate::model::Enum;

pub(crate) fn check(item: &ItemEnum, model: &Enum, errors: &Errors) {
    check_head(&model.head, NameKind::Type, &item.attrs, errors);
    check_no_generics(&item.generics, errors);
    check_prefix(model, errors);
    check_values_are_names(item, errors);
    check_no_numbers(item, errors);
    for value in &model.values {
        check_part(value, NameKind::Value, errors);
    }
    check_clashes(&model.values, errors);
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
fn check_values_are_names(item: &ItemEnum, errors: &Errors) {
    for variant in &item.variants {
        let ident = &variant.ident;
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
