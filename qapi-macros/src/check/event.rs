//! Rules for `#[qapi_event]`:
//! - `check_rate_limit`: a rate limit is a valid period
//! - `check_boxed`: boxed data are one type
//! - `check_unconditional`: members have no `cfg`
//! - `check_key`: the key of a rate limit is a member
//! - `check_exempt`: only an event with a rate limit has exempt events
//!
//! Further rules are in [`fields`](super::fields).

use proc_macro2::Span;
use quote::ToTokens;
use syn::ItemStruct;

use super::attributes::check_default_values;
use super::doc::{Documented, check_doc};
use super::fields::{check_fields_are_named, check_members};
use super::name::NameKind;
use super::{check_head, check_no_generics};
use crate::errors::Errors;
use crate::messages::listed;
use crate::model::{Event, EventData, Member, Period};

pub(crate) fn check(item: &ItemStruct, model: &Event, errors: &Errors) {
    check_head(&model.head, NameKind::Event, &item.attrs, errors);
    check_no_generics(&item.generics, errors);
    check_rate_limit(model, errors);
    check_exempt(model, errors);
    let members = match &model.data {
        EventData::Members(members) => members.as_slice(),
        EventData::Boxed { .. } => &[],
    };
    let documented = Documented {
        head: &model.head,
        kind: "event",
        part: "member",
        parts: members.iter().map(|member| &member.part).collect(),
        returns: None,
    };
    check_doc(&documented, errors);
    match &model.data {
        EventData::Members(members) => {
            check_fields_are_named(item, errors);
            check_members(members, errors);
            check_default_values(&item.attrs, members, errors);
            check_unconditional(members, errors);
            check_key(model, members, errors);
        }
        EventData::Boxed { fields: _, word } => check_boxed(item, model, *word, errors),
    }
}

/// Members have no `cfg`.
fn check_unconditional(members: &[Member], errors: &Errors) {
    for condition in members.iter().flat_map(|member| &member.part.cfg) {
        let message = "`cfg`: a member of an event cannot be conditional; move it to a struct, \
                       and make that the data with `boxed`";
        errors.at(condition, message);
    }
}

/// Boxed data are one type.
fn check_boxed(item: &ItemStruct, model: &Event, word: Span, errors: &Errors) {
    let ident = &item.ident;
    let mut fields = item.fields.iter();
    let Some(first) = fields.next() else {
        let message = format!(
            "`boxed`: the event has no data; write `struct {ident}(TheData)`, or remove the word"
        );
        errors.at_span(word, message);
        return;
    };
    for attribute in &first.attrs {
        if attribute.path().is_ident("cfg") {
            let message = "`cfg`: boxed data cannot be conditional; move the condition to members \
                           of their type";
            errors.at(attribute, message);
        }
    }
    for field in fields {
        let ty = &field.ty;
        let subject = match &field.ident {
            Some(ident) => ident.to_string(),
            None => ty.to_token_stream().to_string(),
        };
        let message = format!(
            "`{subject}`: boxed data are the members of one type; make this a member of that \
             type, or remove `boxed`"
        );
        errors.at(ty, message);
    }
    if let Some(key) = &model.key {
        let message = "`key`: a member of boxed data cannot be the key; remove `boxed` and list \
                       the members, or remove `key`";
        errors.at(key, message);
    }
}

/// A rate limit is a valid period.
fn check_rate_limit(model: &Event, errors: &Errors) {
    if let Some(Period { text, milliseconds: None }) = &model.rate_limit {
        let message = format!(
            "`{}`: not a period; write seconds or milliseconds, as in `rate_limit = \"1s\"` or \
             `rate_limit = \"500ms\"`",
            text.value()
        );
        errors.at(text, message);
    }
}

/// Only an event with a rate limit has exempt events.
fn check_exempt(model: &Event, errors: &Errors) {
    if let (None, Some(function)) = (&model.rate_limit, &model.exempt) {
        let message = "`exempt`: the event has no rate limit; add `rate_limit = \"1s\"`, or \
                       remove `exempt`";
        errors.at(function, message);
    }
}

/// The key of a rate limit is a member.
fn check_key(model: &Event, members: &[Member], errors: &Errors) {
    let Some(key) = &model.key else { return };
    let name = key.value();
    if model.rate_limit.is_none() {
        let message =
            "`key`: the event has no rate limit; add `rate_limit = \"1s\"`, or remove `key`";
        errors.at(key, message);
    }
    if members.iter().all(|member| member.part.name.text != name) {
        let names = members.iter().map(|member| member.part.name.text.as_str());
        let message = match listed(names) {
            none if none.is_empty() => {
                format!("`{name}`: the event has no members; remove `key`")
            }
            names => format!("`{name}`: the event has no such member; write one of {names}"),
        };
        errors.at(key, message);
    }
}
