//! Rules for `#[qapi_struct]`:
//! - `check_transparent`: a transparent struct has one field and no words of a definition
//!
//! Further rules are in [`fields`](super::fields).

use syn::ItemStruct;

use super::attributes::check_default_values;
use super::doc::{Documented, check_doc};
use super::fields::{check_base, check_fields_are_named, check_members};
use super::name::NameKind;
use super::type_::check_type;
use super::{check_head, check_item_attributes, check_no_generics};
use crate::args::Stray;
use crate::errors::Errors;
use crate::model::{Struct, Transparent};

pub(crate) fn check(item: &ItemStruct, model: &Struct, errors: &Errors) {
    check_no_generics(&item.generics, errors);
    if let Some(transparent) = &model.transparent {
        check_transparent(item, transparent, errors);
        return;
    }
    check_head(&model.head, NameKind::Type, &item.attrs, errors);
    let documented = Documented {
        head: &model.head,
        kind: "struct",
        part: "member",
        parts: model.members.iter().map(|member| &member.part).collect(),
        returns: None,
    };
    check_doc(&documented, errors);
    check_fields_are_named(item, errors);
    check_base(item, &model.bases, errors);
    check_members(&model.members, errors);
    check_default_values(&item.attrs, &model.members, errors);
}

/// A transparent struct has one field and no words of a definition.
fn check_transparent(item: &ItemStruct, transparent: &Transparent, errors: &Errors) {
    check_item_attributes(&item.attrs, errors);
    for Stray { word, span } in &transparent.strays {
        let message = format!(
            "`{word}`: a transparent struct stands for the type of its field and is no \
             definition; remove one of `{word}` and `transparent`"
        );
        errors.at_span(*span, message);
    }
    if transparent.fields.len() != 1 {
        let message = format!(
            "`transparent`: a transparent struct has one field; write `struct {}(TheType)`, or \
             remove the word",
            item.ident
        );
        errors.at_span(transparent.word, message);
    }
    for field in &transparent.fields {
        check_type(&field.ty, errors);
    }
}
