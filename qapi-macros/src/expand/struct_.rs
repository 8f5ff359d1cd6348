//! `#[qapi_struct]`

use proc_macro2::TokenStream;
use quote::quote;

use super::{definition, members, object, scope};
use crate::errors::Checked;
use crate::model::Struct;

pub(crate) fn expand(model: &Checked<Struct>) -> TokenStream {
    let Struct { head, bases, members } = &**model;
    let base_entry = members::base_entry(bases);
    let kind = quote!(__qapi::structure(#base_entry, __MEMBERS));

    let visit_fields: TokenStream = bases
        .iter()
        .map(members::visit_base_field)
        .chain(members.iter().map(members::visit_field))
        .collect();
    let serialize_fields: TokenStream = bases
        .iter()
        .map(members::serialize_base)
        .chain(members.iter().map(members::serialize))
        .collect();
    let code = [
        definition(head, &kind),
        members::table(members.iter().map(members::entry)),
        object(&head.ident, &quote!(__qapi::Ok(Self { #visit_fields })), &serialize_fields),
    ];
    scope(head, &code.into_iter().collect())
}
