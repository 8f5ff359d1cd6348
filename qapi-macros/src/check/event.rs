//! Rules on `#[qapi_event]`: those of [`fields`](super::fields).

use syn::ItemStruct;

use super::fields::{check_fields_are_named, check_members};
use super::name::NameKind;
use super::{check_head, check_no_generics};
use crate::errors::Errors;
use crate::model::Event;

pub(crate) fn check(item: &ItemStruct, model: &Event, errors: &Errors) {
    check_head(&model.head, NameKind::Event, &item.attrs, errors);
    check_no_generics(&item.generics, errors);
    check_fields_are_named(item, errors);
    check_members(&model.members, errors);
}
