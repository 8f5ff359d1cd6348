//! `#[qapi_enum]`

use proc_macro2::TokenStream;
use quote::quote;

use super::{definition, marks, part_entry, qapi_type, scope, serialize};
use crate::errors::Checked;
use crate::model::Enum;

pub(crate) fn expand(model: &Checked<Enum>) -> TokenStream {
    let Enum { head, prefix, visibility: _, values } = &**model;
    let entries = values.iter().map(|value| part_entry("value", value, None));
    let prefix = prefix.iter().map(|prefix| quote!(.prefix(#prefix)));
    let kind = quote! {
        __qapi::DefinitionKind::Enum(__qapi::enumeration(&[#(#entries),*]) #(#prefix)*)
    };
    let arms = values.iter().map(|value| {
        let (cfg, ident, name) = (&value.cfg, &value.ident, &value.name.text);
        quote!(#(#cfg)* #name => __qapi::Some(Self::#ident),)
    });
    let value_of = quote! {
        |__name| match __name {
            #(#arms)*
            _ => __qapi::None,
        }
    };
    let is_marked = values.iter().any(|value| marks(&value.features).is_some());
    let visit = if is_marked {
        quote!(__qapi::visit_marked_enum(__input, &__DEFINITION, #value_of))
    } else {
        quote!(__qapi::visit_enum(__input, #value_of))
    };
    let code = [
        definition(head, &kind),
        inherent(model),
        qapi_type(&head.ident, &visit),
        serialize(&head.ident, &quote!(__serializer.serialize_str(self.as_str()))),
        display(model),
        marker(model),
    ];
    scope(head, &code.into_iter().collect())
}

/// `ALL` and `as_str`.
fn inherent(Enum { head, prefix: _, visibility, values }: &Enum) -> TokenStream {
    let ident = &head.ident;
    let all = values.iter().map(|value| {
        let (cfg, ident) = (&value.cfg, &value.ident);
        quote!(#(#cfg)* Self::#ident)
    });
    let arms = values.iter().map(|value| {
        let (cfg, ident, name) = (&value.cfg, &value.ident, &value.name.text);
        quote!(#(#cfg)* Self::#ident => #name,)
    });
    quote! {
        impl #ident {
            /// Every value, in the order of the schema.
            #[allow(dead_code, reason = "not every enum's values are listed somewhere")]
            #visibility const ALL: &'static [Self] = &[#(#all),*];

            /// The string on the wire.
            #visibility const fn as_str(&self) -> &'static ::core::primitive::str {
                match *self { #(#arms)* }
            }
        }
    }
}

/// An enum can select the branch of a union.
fn marker(Enum { head, .. }: &Enum) -> TokenStream {
    let ident = &head.ident;
    quote! {
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl __qapi::QapiEnum for #ident {}
    }
}

/// A value reads as it does on the wire.
fn display(Enum { head, .. }: &Enum) -> TokenStream {
    let ident = &head.ident;
    quote! {
        #[automatically_derived]
        impl __qapi::Display for #ident {
            fn fmt(&self, __formatter: &mut __qapi::Formatter<'_>) -> __qapi::fmt::Result {
                __formatter.pad(self.as_str())
            }
        }
    }
}
