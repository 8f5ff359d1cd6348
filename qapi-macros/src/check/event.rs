//! Rules on `#[qapi_event]`:
//! - `check_rate_limit`: a rate limit is a period
//! - `check_key`: the key of a rate limit is a member
//!
//! And those of [`fields`](super::fields).

use syn::ItemStruct;

use super::fields::{check_fields_are_named, check_members};
use super::name::NameKind;
use super::{check_head, check_no_generics};
use crate::errors::Errors;
use crate::messages::listed;
use crate::model::{Event, RateLimit};

pub(crate) fn check(item: &ItemStruct, model: &Event, errors: &Errors) {
    check_head(&model.head, NameKind::Event, &item.attrs, errors);
    check_no_generics(&item.generics, errors);
    check_fields_are_named(item, errors);
    check_members(&model.members, errors);
    check_rate_limit(model, errors);
    check_key(model, errors);
}

/// A rate limit is a period.
fn check_rate_limit(model: &Event, errors: &Errors) {
    if let Some(RateLimit { text, milliseconds: None }) = &model.rate_limit {
        let message = format!(
            "`{}`: not a period; write seconds or milliseconds: `rate_limit = \"1s\"` or \
             `rate_limit = \"500ms\"`",
            text.value()
        );
        errors.at(text, message);
    }
}

/// The key of a rate limit is a member.
fn check_key(model: &Event, errors: &Errors) {
    let Some(key) = &model.key else { return };
    let name = key.value();
    if model.rate_limit.is_none() {
        let message =
            "`key`: there is no rate limit; write `rate_limit = \"1s\"` too, or leave it out";
        errors.at(key, message);
    }
    if model.members.iter().all(|member| member.part.name.text != name) {
        let names = model.members.iter().map(|member| member.part.name.text.as_str());
        let message = match listed(names) {
            none if none.is_empty() => {
                format!("`{name}`: the event has no members; leave `key` out")
            }
            names => format!("`{name}`: the event has no such member; it has {names}"),
        };
        errors.at(key, message);
    }
}
