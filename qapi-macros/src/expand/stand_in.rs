//! What stands in for a definition with mistakes, so that whatever uses the item brings no errors
//! of its own.

use proc_macro2::TokenStream;
use quote::quote;

use super::scope;
use crate::model::Head;

/// For a struct, a union or an alternate.
pub(crate) fn ty(head: &Head) -> TokenStream {
    let ident = &head.ident;
    scope(head, &quote!(__qapi::stand_in_type!(#ident);))
}

/// For an enumeration.
pub(crate) fn enumeration(head: &Head) -> TokenStream {
    let ident = &head.ident;
    scope(head, &quote!(__qapi::stand_in_enum!(#ident);))
}

/// For an event.
pub(crate) fn event(head: &Head) -> TokenStream {
    let ident = &head.ident;
    scope(head, &quote!(__qapi::stand_in_event!(#ident);))
}
