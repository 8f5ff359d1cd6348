//! `#[qapi_enum]`

use proc_macro2::TokenStream;
use syn::ItemEnum;

use super::{as_written, head, part};
use crate::args::Words;
use crate::errors::Errors;
use crate::model::Enum;
use crate::{names, symbol};

pub(crate) fn parse(args: TokenStream, item: &ItemEnum, errors: &Errors) -> Enum {
    let words = Words::of_arguments(args, "`qapi_enum`", symbol::ENUM_WORDS, errors);
    let values = item.variants.iter().map(|variant| {
        let legal = symbol::VALUE_WORDS;
        let words = Words::of_attributes(&variant.attrs, "a value", legal, errors);
        part(&words, &variant.ident, &variant.attrs, names::dashed_from_camel)
    });
    Enum {
        head: head(&words, &item.ident, &item.attrs, as_written),
        prefix: words.text(symbol::PREFIX).cloned(),
        visibility: item.vis.clone(),
        values: values.collect(),
    }
}
