//! `#[qapi_enum]`

use proc_macro2::TokenStream;
use syn::ItemEnum;

use super::{head, part, unchanged};
use crate::args::Words;
use crate::errors::Errors;
use crate::model::{Enum, OpenVariant};
use crate::{names, symbol};

pub(crate) fn parse(args: TokenStream, item: &ItemEnum, errors: &Errors) -> Enum {
    let words = Words::of_arguments(args, "`qapi_enum`", symbol::ENUM_WORDS, errors);
    let (mut values, mut open) = (Vec::new(), Vec::new());
    for variant in &item.variants {
        let legal = symbol::VALUE_WORDS;
        let words = Words::of_attributes(&variant.attrs, "a value", legal, errors);
        let ident = &variant.ident;
        match words.span(symbol::OPEN) {
            Some(word) => {
                let strays = words.strays(&[symbol::OPEN]);
                open.push(OpenVariant { ident: ident.clone(), word, strays });
            }
            None => {
                values.push(part(&words, ident, &variant.attrs, names::dashed_from_camel));
            }
        }
    }
    let extends = words.path(symbol::EXTENDS).cloned();
    Enum {
        head: head(&words, &item.ident, &item.attrs, unchanged),
        prefix: words.text(symbol::PREFIX).cloned(),
        visibility: item.vis.clone(),
        values,
        open,
        strays: match extends {
            Some(_) => words.strays(symbol::EXTENSION_WORDS),
            None => Vec::new(),
        },
        extends,
    }
}
