//! Rules on `#[qapi_enum]`:
//! - `check_values_are_names`: values carry no data

use syn::{Fields, ItemEnum};

use super::name::NameKind;
use super::{check_clashes, check_head, check_no_generics, check_no_numbers, check_part};
use crate::errors::Errors;
use crate::model::Enum;

pub(crate) fn check(item: &ItemEnum, model: &Enum, errors: &Errors) {
    check_head(&model.head, NameKind::Type, &item.attrs, errors);
    check_no_generics(&item.generics, errors);
    check_values_are_names(item, errors);
    check_no_numbers(item, errors);
    for value in &model.values {
        check_part(value, NameKind::Value, errors);
    }
    check_clashes(&model.values, errors);
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
