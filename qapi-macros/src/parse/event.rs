//! `#[qapi_event]`

use proc_macro2::TokenStream;
use syn::{Field, ItemStruct};

use super::members::{member, only_fields};
use super::{head, period};
use crate::args::Words;
use crate::errors::Errors;
use crate::model::{Event, EventData};
use crate::{names, symbol};

pub(crate) fn parse(args: TokenStream, item: &ItemStruct, errors: &Errors) -> Event {
    let words = Words::of_arguments(args, "`qapi_event`", symbol::EVENT_WORDS, errors);
    let data = match words.span(symbol::BOXED) {
        Some(word) => EventData::Boxed { fields: only_fields(item, "boxed data", errors), word },
        None => EventData::Members(members(item, errors)),
    };
    Event {
        data,
        rate_limit: words.text(symbol::RATE_LIMIT).map(period),
        key: words.text(symbol::KEY).cloned(),
        exempt: words.path(symbol::EXEMPT).cloned(),
        head: head(&words, &item.ident, &item.attrs, names::upper_from_camel),
    }
}

fn members(item: &ItemStruct, errors: &Errors) -> Vec<crate::model::Member> {
    let read = |field: &Field| {
        let legal = symbol::EVENT_MEMBER_WORDS;
        let words = Words::of_attributes(&field.attrs, "a member of an event", legal, errors);
        Some(member(&words, field.ident.as_ref()?, field))
    };
    item.fields.iter().filter_map(read).collect()
}
