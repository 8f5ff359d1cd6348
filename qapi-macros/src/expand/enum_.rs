//! `#[qapi_enum]`

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::{
    definition, extension, located_at, may_be_hidden, part_entry, qapi_type, scope, serialize,
    unlisted,
};
use crate::errors::Checked;
use crate::model::{Enum, OpenVariant};

pub(crate) fn expand(model: &Checked<Enum>) -> TokenStream {
    let Enum { head, prefix, extends, visibility: _, values, open, strays: _ } = &**model;
    if let Some(extends) = extends {
        return extension::expand(model, extends);
    }
    let entries = values.iter().map(|value| part_entry("EnumValue", value, None));
    let prefix = prefix.iter().map(|prefix| quote!(.prefix(#prefix)));
    let is_open = open.iter().map(|_| quote!(.open()));
    let kind = quote! {
        __qapi::DefinitionKind::Enum(
            __qapi::Enum::new(&[#(#entries),*]) #(#prefix)* #(#is_open)*
        )
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
    let visit = if !open.is_empty() {
        quote!(__qapi::visit_open_enum(__input, &__DEFINITION, #value_of))
    } else if values.iter().any(may_be_hidden) {
        quote!(__qapi::visit_marked_enum(__input, &__DEFINITION, #value_of))
    } else {
        quote!(__qapi::visit_enum(__input, #value_of))
    };
    let code = [
        definition(head, &kind),
        inherent(model),
        qapi_type(head, &visit),
        serialize(&head.ident, &quote!(__serializer.serialize_str(self.as_str()))),
        display(model),
        qapi_enum(model),
        qapi_open_enum(model),
    ];
    scope(head, &code.into_iter().collect())
}

/// `ALL` and `as_str`.
pub(super) fn inherent(Enum { head, visibility, values, open, .. }: &Enum) -> TokenStream {
    let ident = &head.ident;
    let all = values.iter().map(|value| {
        let (cfg, ident) = (&value.cfg, &value.ident);
        quote!(#(#cfg)* Self::#ident)
    });
    let arms = values.iter().map(|value| {
        let (cfg, ident, name) = (&value.cfg, &value.ident, &value.name.text);
        quote!(#(#cfg)* Self::#ident => #name,)
    });
    let open_arms = open
        .iter()
        .map(|OpenVariant { ident, .. }| quote!(Self::#ident(ref __value) => __value.as_str(),));
    let all_doc = match open[..] {
        [] => "Every value, in the order of the schema.",
        _ => "Every value but those that other crates add, in the order of the schema.",
    };
    quote! {
        impl #ident {
            #[doc = #all_doc]
            #[allow(dead_code, reason = "not every program lists the values")]
            #visibility const ALL: &'static [Self] = &[#(#all),*];

            /// The string on the wire.
            #visibility const fn as_str(&self) -> &'static __qapi::str {
                match *self { #(#arms)* #(#open_arms)* }
            }
        }
    }
}

/// The marker trait of enums that can select the branch of a union.
fn qapi_enum(Enum { head, values, open, .. }: &Enum) -> TokenStream {
    let ident = &head.ident;
    let variants = values.iter().map(|value| {
        let (cfg, name) = (&value.cfg, value.ident.to_string());
        quote!(#(#cfg)* #name)
    });
    let values = values.iter().map(|value| {
        let (cfg, name) = (&value.cfg, &value.name.text);
        quote!(#(#cfg)* #name)
    });
    let open = open.iter().map(|OpenVariant { ident, .. }| ident.to_string());
    let unlisted = unlisted(head);
    quote! {
        #[automatically_derived]
        #unlisted
        impl __qapi::QapiEnum for #ident {
            const VARIANTS: &'static [&'static __qapi::str] = &[#(#variants,)* #(#open),*];
            const VALUES: &'static [&'static __qapi::str] = &[#(#values),*];
        }
        impl __qapi::Sealed<__qapi::EnumKind> for #ident {}
    }
}

/// The trait of enums that contain values of other crates.
fn qapi_open_enum(Enum { head, open, .. }: &Enum) -> TokenStream {
    let ident = &head.ident;
    let implement = |OpenVariant { ident: variant, .. }: &OpenVariant| {
        let value = quote_spanned!(located_at(variant)=> Self::#variant(__value));
        quote! {
            #[automatically_derived]
            impl __qapi::QapiOpenEnum for #ident {
                fn added(__value: __qapi::OpenValue<Self>) -> Self {
                    #value
                }
                fn name(&self) -> &'static __qapi::str {
                    self.as_str()
                }
            }
        }
    };
    open.iter().map(implement).collect()
}

/// `Display`, which writes the string on the wire.
pub(super) fn display(Enum { head, .. }: &Enum) -> TokenStream {
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
