//! Implementations for an item with errors, so that code that uses the item compiles and adds no
//! errors to those of the item.

use proc_macro2::TokenStream;
use quote::quote;

use super::scope;
use crate::model::Head;

/// The error stub of a struct, a union or an alternate.
pub(crate) fn type_(head: &Head) -> TokenStream {
    let ident = &head.ident;
    scope(head, &quote!(__qapi::error_stub_type!(#ident);))
}

/// The error stub of an enum.
pub(crate) fn enum_(head: &Head) -> TokenStream {
    let ident = &head.ident;
    scope(head, &quote!(__qapi::error_stub_enum!(#ident);))
}

/// The error stub of an event.
pub(crate) fn event(head: &Head) -> TokenStream {
    let ident = &head.ident;
    scope(head, &quote!(__qapi::error_stub_event!(#ident);))
}
