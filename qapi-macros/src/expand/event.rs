//! `#[qapi_event]`

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::{definition, located_at, members, scope};
use crate::errors::Checked;
use crate::model::{Event, EventData, Member, OnlyField};

pub(crate) fn expand(model: &Checked<Event>) -> TokenStream {
    let Event { head, data, rate_limit: _, key: _, exempt: _ } = &**model;
    let (rate_limit, key, exempt) = (rate_limit(model), key(model), exempt(model));
    let Data { arguments, table, visit, serialize } = Data::of(data);
    let kind = quote! {
        __qapi::DefinitionKind::Event(
            __qapi::Event::new(__qapi::Arguments::#arguments) #rate_limit
        )
    };
    let (ident, definition) = (&head.ident, definition(head, &kind));
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
                #serialize
                __qapi::Ok(())
            }
            #key
            #exempt
        }
    };
    scope(head, &code)
}

/// The code for the data of the event.
struct Data {
    /// The description of the data.
    arguments: TokenStream,
    /// The table of members that `arguments` refers to, if any.
    table: Option<TokenStream>,
    /// Visits the fields.
    visit: TokenStream,
    /// Serializes the fields.
    serialize: TokenStream,
}

impl Data {
    fn of(data: &EventData) -> Self {
        match data {
            EventData::Members(members) => Self {
                arguments: quote!(Members(__MEMBERS)),
                table: Some(members::table(members.iter().map(members::entry))),
                visit: members.iter().map(members::visit_field).collect(),
                serialize: members.iter().map(members::serialize).collect(),
            },
            EventData::Boxed { fields, word: _ } => {
                let members = || fields.iter().map(|field| &field.member);
                let (fields, names, types) =
                    (members(), members(), fields.iter().map(|OnlyField { ty, .. }| ty));
                let objects: Vec<_> =
                    types.map(|ty| quote!(<#ty as __qapi::QapiObject>)).collect();
                Self {
                    arguments: quote!(Type(
                        #(__qapi::Reference::by_function(#objects::object_type))*
                    )),
                    table: None,
                    visit: quote!(#(#fields: #objects::visit_members(__object)?,)*),
                    serialize: quote!(
                        #(#objects::serialize_members(&self.#names, __map)?;)*
                    ),
                }
            }
        }
    }
}

/// The description of the rate limit.
fn rate_limit(model: &Event) -> Option<TokenStream> {
    let milliseconds = model.rate_limit.as_ref()?.milliseconds;
    let key = match &model.key {
        Some(key) => quote!(__qapi::Some(#key)),
        None => quote!(__qapi::None),
    };
    Some(quote!(.rate_limit(__qapi::RateLimit::new(#milliseconds, #key))))
}

/// The method that returns the value of the rate limit's key, if the rate limit has a key.
fn key(model: &Event) -> Option<TokenStream> {
    let key = model.key.as_ref()?.value();
    let EventData::Members(members) = &model.data else { return None };
    let Member { part, ty, .. } = members.iter().find(|member| member.part.name.text == key)?;
    let ident = &part.ident;
    Some(quote! {
        fn rate_limit_key(&self) -> __qapi::Vec<__qapi::u8> {
            __qapi::rate_limit_key::<#ty>(&self.#ident)
        }
    })
}

/// The method that exempts single events from the rate limit, if some are exempt.
fn exempt(model: &Event) -> Option<TokenStream> {
    let function = model.exempt.as_ref()?;
    let span = located_at(function);
    Some(quote_spanned! {span=>
        fn is_exempt(&self) -> __qapi::bool {
            #function(self)
        }
    })
}
