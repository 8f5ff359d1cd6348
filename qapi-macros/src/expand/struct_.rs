//! `#[qapi_struct]`

use proc_macro2::TokenStream;
use quote::quote;

use super::{definition, members, object, scope};
use crate::errors::Checked;
use crate::model::{Head, OnlyField, Struct, Transparent};

pub(crate) fn expand(model: &Checked<Struct>) -> TokenStream {
    let Struct { head, transparent, bases, members } = &**model;
    if let Some(transparent) = transparent {
        return expand_transparent(head, transparent);
    }
    let base_entry = members::base_entry(bases);
    let kind =
        quote!(__qapi::DefinitionKind::Struct(__qapi::Struct::new(#base_entry, __MEMBERS)));

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
        object(head, &quote!(__qapi::Ok(Self { #visit_fields })), &serialize_fields),
    ];
    scope(head, &code.into_iter().collect())
}

/// The implementations for a newtype that stands for the type of its field.
fn expand_transparent(head: &Head, transparent: &Transparent) -> TokenStream {
    let ident = &head.ident;
    let fields = transparent.fields.iter().map(|OnlyField { member, ty }| {
        quote! {
            impl __qapi::QapiType for #ident {
                fn schema_type() -> __qapi::Type {
                    <#ty as __qapi::QapiType>::schema_type()
                }
                fn visit(__input: __qapi::Input<'_, '_>) -> __qapi::Result<Self> {
                    __qapi::Ok(Self { #member: <#ty as __qapi::QapiType>::visit(__input)? })
                }
            }
            impl __qapi::Serialize for #ident {
                fn serialize<__S: __qapi::Serializer>(
                    &self,
                    __serializer: __S,
                ) -> __qapi::Result<__S::Ok, __S::Error> {
                    <#ty as __qapi::QapiType>::serialize_value(&self.#member, __serializer)
                }
            }
        }
    });
    scope(head, &fields.collect())
}
