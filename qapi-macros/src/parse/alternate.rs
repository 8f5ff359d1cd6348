//! `#[qapi_alternate]`

use proc_macro2::TokenStream;
use syn::ItemEnum;

use super::{head, only_field, part, unchanged};
use crate::args::Words;
use crate::errors::Errors;
use crate::model::{Alternate, Alternative};
use crate::{names, symbol};

pub(crate) fn parse(args: TokenStream, item: &ItemEnum, errors: &Errors) -> Alternate {
    let words = Words::of_arguments(args, "`qapi_alternate`", symbol::ALTERNATE_WORDS, errors);
    let alternatives = item.variants.iter().filter_map(|variant| {
        let legal = symbol::ALTERNATIVE_WORDS;
        let words = Words::of_attributes(&variant.attrs, "an alternative", legal, errors);
        let part = part(&words, &variant.ident, &variant.attrs, names::dashed_from_camel);
        Some(Alternative { part, ty: only_field(&variant.fields)?.clone() })
    });
    Alternate {
        alternatives: alternatives.collect(),
        head: head(&words, &item.ident, &item.attrs, unchanged),
    }
}
