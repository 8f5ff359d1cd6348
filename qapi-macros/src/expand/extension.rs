//! `#[qapi_enum(extends = …)]`: values that extend an open enum of another crate.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

use super::enum_::{display, inherent};
use super::{part_entry, scope};
use crate::model::Enum;

/// The registration of the values, and the conversions between the two enums.
pub(super) fn expand(model: &Enum, extends: &Path) -> TokenStream {
    let Enum { head, values, .. } = model;
    let ident = &head.ident;
    let entries = values.iter().map(|value| part_entry("EnumValue", value, None));
    let arms = values.iter().map(|value| {
        let (cfg, ident, name) = (&value.cfg, &value.ident, &value.name.text);
        quote!(#(#cfg)* #name => __qapi::Ok(Self::#ident),)
    });
    let (inherent, crate_path) = (inherent(model), &head.crate_path);
    let display = display(model);
    // The discriminant of a variant is its index in the table, as `cfg` removes it from both.
    let code = quote! {
        static __VALUES: &[__qapi::EnumValue] = &[#(#entries),*];
        #crate_path::__private::submit!(__qapi::EnumExtension::new(
            __qapi::Reference::by_function(<#extends as __qapi::QapiOpenEnum>::open_type),
            __VALUES,
            #crate_path::__private::source!(),
        ));
        #inherent
        #display
        #[automatically_derived]
        impl __qapi::From<#ident> for #extends {
            fn from(__value: #ident) -> Self {
                let __value = &__VALUES[__value as __qapi::usize];
                <#extends as __qapi::QapiOpenEnum>::added(__qapi::OpenValue::new(__value))
            }
        }
        #[automatically_derived]
        impl __qapi::TryFrom<#extends> for #ident {
            type Error = #extends;

            fn try_from(__value: #extends) -> __qapi::Result<Self, #extends> {
                match <#extends as __qapi::QapiOpenEnum>::name(&__value) {
                    #(#arms)*
                    _ => __qapi::Err(__value),
                }
            }
        }
    };
    scope(head, &code)
}
