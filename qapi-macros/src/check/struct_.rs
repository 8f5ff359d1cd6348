//! Rules on `#[qapi_struct]`: those of [`fields`](super::fields).

use syn::ItemStruct;

use super::fields::{check_base, check_fields_are_named, check_members};
use super::name::NameKind;
use super::{check_head, check_no_generics};
use crate::errors::Errors;
use crate::model::Struct;

pub(crate) fn check(item: &ItemStruct, model: &Struct, errors: &Errors) {
    check_head(&model.head, NameKind::Type, &item.attrs, errors);
    check_no_generics(&item.generics, errors);
    check_fields_are_named(item, errors);
    check_base(item, &model.bases, errors);
    check_members(&model.members, errors);
}
