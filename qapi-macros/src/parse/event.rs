//! `#[qapi_event]`

use proc_macro2::TokenStream;
use syn::ItemStruct;

use super::head;
use super::members::member;
use crate::args::Words;
use crate::errors::Errors;
use crate::model::Event;
use crate::{names, symbol};

pub(crate) fn parse(args: TokenStream, item: &ItemStruct, errors: &Errors) -> Event {
    let words = Words::of_arguments(args, "`qapi_event`", symbol::DEFINITION_WORDS, errors);
    let members = item.fields.iter().filter_map(|field| {
        let legal = symbol::EVENT_MEMBER_WORDS;
        let words = Words::of_attributes(&field.attrs, "a member of an event", legal, errors);
        Some(member(&words, field.ident.as_ref()?, field))
    });
    Event {
        members: members.collect(),
        head: head(&words, &item.ident, &item.attrs, names::upper_from_camel),
    }
}
