//! Implementations for an item with errors, so that code that uses the item compiles and adds no
//! errors to those of the item.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::Head;

/// The error stub of a struct, a union or an alternate.
pub(crate) fn type_(head: &Head) -> TokenStream {
    let Head { ident, crate_path, .. } = head;
    quote!(#crate_path::__private::error_stub_type!(#ident);)
}

/// The error stub of an enum.
pub(crate) fn enum_(head: &Head) -> TokenStream {
    let Head { ident, crate_path, .. } = head;
    quote!(#crate_path::__private::error_stub_enum!(#ident);)
}

/// The error stub of an event.
pub(crate) fn event(head: &Head) -> TokenStream {
    let Head { ident, crate_path, .. } = head;
    quote!(#crate_path::__private::error_stub_event!(#ident);)
}

/// The import of an attribute `qapi`, for an item with `#[qapi(…)]` above the attribute that
/// reports it. The compiler would report it too, as an unknown attribute.
pub(crate) fn misplaced(head: &Head) -> TokenStream {
    let crate_path = &head.crate_path;
    quote!(#[allow(unused_imports)] use #crate_path::__private::misplaced::*;)
}
