//! `#[qapi_struct]`

use proc_macro2::TokenStream;
use syn::ItemStruct;

use super::members::{base, member, only_fields};
use super::{head, unchanged};
use crate::args::Words;
use crate::errors::Errors;
use crate::model::{Struct, Transparent};
use crate::symbol;

pub(crate) fn parse(args: TokenStream, item: &ItemStruct, errors: &Errors) -> Struct {
    let words = Words::of_arguments(args, "`qapi_struct`", symbol::STRUCT_WORDS, errors);
    let mut model = Struct {
        head: head(&words, &item.ident, &item.attrs, unchanged),
        transparent: None,
        bases: Vec::new(),
        members: Vec::new(),
    };
    if let Some(word) = words.span(symbol::TRANSPARENT) {
        let fields = only_fields(item, "the field of a `transparent` struct", errors);
        let strays = words.strays(symbol::TRANSPARENT_WORDS);
        return Struct { transparent: Some(Transparent { word, fields, strays }), ..model };
    }
    for field in &item.fields {
        let legal = symbol::MEMBER_WORDS;
        let words = Words::of_attributes(&field.attrs, "a member", legal, errors);
        let Some(ident) = &field.ident else { continue };
        match base(&words, ident, field) {
            Some(base) => model.bases.push(base),
            None => model.members.push(member(&words, ident, field)),
        }
    }
    model
}
