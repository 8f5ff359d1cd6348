//! `#[qapi_alternate]`

use proc_macro2::TokenStream;
use quote::quote;

use super::{definition, may_be_hidden, part_entry, qapi_type, scope, serialize};
use crate::errors::Checked;
use crate::model::{Alternate, Alternative};

pub(crate) fn expand(model: &Checked<Alternate>) -> TokenStream {
    let Alternate { head, alternatives } = &**model;
    let entries = alternatives.iter().map(entry);
    let kind =
        quote!(__qapi::DefinitionKind::Alternate(__qapi::Alternate::new(&[#(#entries),*])));
    let (visits, name) = (alternatives.iter().map(visit), &head.name.text);
    let visit = quote! {
        #(#visits)*
        __qapi::Err(__input.alternate_error(#name))
    };
    let arms = alternatives.iter().map(|Alternative { part, ty }| {
        let (cfg, ident) = (&part.cfg, &part.ident);
        quote! {
            #(#cfg)*
            Self::#ident(__value) => {
                <#ty as __qapi::QapiType>::serialize_value(__value, __serializer)
            }
        }
    });
    let code = [
        definition(head, &kind),
        qapi_type(head, &visit),
        serialize(&head.ident, &quote!(match self { #(#arms)* })),
    ];
    scope(head, &code.into_iter().collect())
}

/// The description of the alternative.
fn entry(Alternative { part, ty }: &Alternative) -> TokenStream {
    let function = quote!(<#ty as __qapi::QapiType>::schema_type);
    let reference = quote!(__qapi::Reference::by_function(#function));
    part_entry("AlternateMember", part, Some(reference))
}

/// Visits the alternative in `__input` if the JSON type matches.
fn visit(Alternative { part, ty }: &Alternative) -> TokenStream {
    let (cfg, ident, ty) = (&part.cfg, &part.ident, quote!(<#ty as __qapi::QapiType>));
    let name = &part.name.text;
    let is_visible = may_be_hidden(part)
        .then(|| quote!(__qapi::has_alternative(__input, &__DEFINITION, #name) &&));
    quote! {
        #(#cfg)*
        if #is_visible __qapi::takes(#ty::schema_type(), __input.kind()) {
            return __qapi::Ok(Self::#ident(#ty::visit(__input)?));
        }
    }
}
