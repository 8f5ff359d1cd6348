//! `#[qapi_event]`

use proc_macro2::TokenStream;
use quote::quote;

use super::{definition, members, scope};
use crate::errors::Checked;
use crate::model::{Event, Member};

pub(crate) fn expand(model: &Checked<Event>) -> TokenStream {
    let Event { head, members, rate_limit: _, key: _ } = &**model;
    let (rate_limit, key) = (rate_limit(model), key(model));
    let kind = quote! {
        __qapi::DefinitionKind::Event(
            __qapi::event(__qapi::Arguments::Members(__MEMBERS)) #rate_limit
        )
    };
    let table = members::table(members.iter().map(members::entry));
    let (ident, definition) = (&head.ident, definition(head, &kind));
    let visit: TokenStream = members.iter().map(members::visit_field).collect();
    let serialize = members.iter().map(members::serialize);
    let code = quote! {
        #definition
        #table
        #[automatically_derived]
        impl __qapi::QapiEvent for #ident {
            const DEFINITION: &'static __qapi::Definition = &__DEFINITION;

            fn visit_members(
                __object: &mut __qapi::ObjectVisitor<'_, '_>,
            ) -> __qapi::Result<Self> {
                __qapi::Ok(Self { #visit })
            }

            fn serialize_members<__M: __qapi::SerializeMap>(
                &self,
                __map: &mut __M,
            ) -> __qapi::Result<(), __M::Error> {
                #(#serialize)*
                __qapi::Ok(())
            }
            #key
        }
    };
    scope(head, &code)
}

/// What describes the rate limit.
fn rate_limit(model: &Event) -> Option<TokenStream> {
    let milliseconds = model.rate_limit.as_ref()?.milliseconds;
    let key = match &model.key {
        Some(key) => quote!(__qapi::Some(#key)),
        None => quote!(__qapi::None),
    };
    Some(quote!(.rate_limit(#milliseconds, #key)))
}

/// The method that yields the value of the rate limit's key, if it has one.
fn key(model: &Event) -> Option<TokenStream> {
    let key = model.key.as_ref()?.value();
    let Member { part, ty } = model.members.iter().find(|member| member.part.name.text == key)?;
    let ident = &part.ident;
    Some(quote! {
        fn rate_limit_key(&self) -> __qapi::Vec<__qapi::u8> {
            __qapi::rate_limit_key::<#ty>(&self.#ident)
        }
    })
}
