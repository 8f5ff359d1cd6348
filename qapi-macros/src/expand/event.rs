//! `#[qapi_event]`

use proc_macro2::TokenStream;
use quote::quote;

use super::{definition, members, scope};
use crate::errors::Checked;
use crate::model::Event;

pub(crate) fn expand(model: &Checked<Event>) -> TokenStream {
    let Event { head, members } = &**model;
    let kind = quote! {
        Event(__qapi::Event { arguments: __qapi::Arguments::Members(__MEMBERS) })
    };
    let table = members::table(members);
    let (ident, definition) = (&head.ident, definition(head, &kind));
    let serialize = members.iter().map(members::serialize);
    let code = quote! {
        #definition
        #table
        #[automatically_derived]
        impl __qapi::QapiEvent for #ident {
            const DEFINITION: &'static __qapi::Definition = &__DEFINITION;

            fn serialize_members<__M: __qapi::SerializeMap>(
                &self,
                __map: &mut __M,
            ) -> __qapi::Result<(), __M::Error> {
                #(#serialize)*
                __qapi::Ok(())
            }
        }
    };
    scope(head, &code)
}
