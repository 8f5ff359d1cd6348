//! Rules for `#[qapi_alternate]`:
//! - `check_not_empty`: an alternate has alternatives
//! - `check_alternatives_have_types`: each alternative is one type
//!
//! When the program starts, `qapi_core` checks that the JSON types of the alternatives differ.

use syn::{Fields, ItemEnum};

use super::doc::{Documented, check_doc};
use super::name::NameKind;
use super::type_::check_type;
use super::{
    check_clashes, check_head, check_no_generics, check_no_numbers, check_owned, check_part,
    check_variant_fields,
};
use crate::errors::Errors;
use crate::model::Alternate;

pub(crate) fn check(item: &ItemEnum, model: &Alternate, errors: &Errors) {
    check_head(&model.head, NameKind::Type, &item.attrs, errors);
    let documented = Documented {
        head: &model.head,
        kind: "alternate",
        part: "alternative",
        parts: model.alternatives.iter().map(|alternative| &alternative.part).collect(),
        returns: None,
    };
    check_doc(&documented, errors);
    check_no_generics(&item.generics, errors);
    check_not_empty(item, errors);
    check_alternatives_have_types(item, errors);
    check_variant_fields(item, errors);
    check_no_numbers(item, errors);
    for alternative in &model.alternatives {
        check_part(&alternative.part, NameKind::Alternative, errors);
        check_type(&alternative.ty, errors);
        check_owned(&alternative.part.ident, &alternative.ty, errors);
    }
    check_clashes(model.alternatives.iter().map(|alternative| &alternative.part), errors);
}

/// An alternate has alternatives.
fn check_not_empty(item: &ItemEnum, errors: &Errors) {
    if item.variants.is_empty() {
        let message = format!(
            "`{}`: an alternate without alternatives accepts no value; write variants with one \
             type each, as in `Name(Type)`",
            item.ident
        );
        errors.at(&item.ident, message);
    }
}

/// Each alternative is one type.
fn check_alternatives_have_types(item: &ItemEnum, errors: &Errors) {
    for variant in &item.variants {
        let ident = &variant.ident;
        match &variant.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {}
            Fields::Unit => {
                let message = format!(
                    "`{ident}`: an alternative has a type; write `{ident}(Type)`, or \
                     `{ident}(Null)` for `null`"
                );
                errors.at(ident, message);
            }
            fields @ (Fields::Unnamed(_) | Fields::Named(_)) => {
                let message =
                    format!("`{ident}`: an alternative is one type; write `{ident}(Type)`");
                errors.at(fields, message);
            }
        }
    }
}
