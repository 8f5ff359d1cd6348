//! `#[qapi_struct]`

use proc_macro2::TokenStream;
use syn::ItemStruct;

use super::members::{base, member};
use super::{as_written, head};
use crate::args::Words;
use crate::errors::Errors;
use crate::model::Struct;
use crate::symbol;

pub(crate) fn parse(args: TokenStream, item: &ItemStruct, errors: &Errors) -> Struct {
    let words = Words::of_arguments(args, "`qapi_struct`", symbol::DEFINITION_WORDS, errors);
    let mut model = Struct {
        head: head(&words, &item.ident, &item.attrs, as_written),
        bases: Vec::new(),
        members: Vec::new(),
    };
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
