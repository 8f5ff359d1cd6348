//! `#[qapi_alternate]`

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::{definition, place_of, qapi_type, scope, serialize};
use crate::errors::Checked;
use crate::model::{Alternate, Alternative};

pub(crate) fn expand(model: &Checked<Alternate>) -> TokenStream {
    let Alternate { head, alternatives } = &**model;
    let entries = alternatives.iter().map(entry);
    let kind = quote!(Alternate(__qapi::Alternate { members: &[#(#entries),*] }));
    let (visits, name) = (alternatives.iter().map(visit), &head.name.text);
    let visit = quote! {
        #(#visits)*
        __qapi::Err(__input.alternate_error(#name))
    };
    let arms = alternatives.iter().map(|Alternative { part, ty: _ }| {
        let (cfg, ident) = (&part.cfg, &part.ident);
        quote! {
            #(#cfg)*
            Self::#ident(__value) => __qapi::Serialize::serialize(__value, __serializer),
        }
    });
    let code = [
        definition(head, &kind),
        qapi_type(&head.ident, &visit),
        serialize(&head.ident, &quote!(match self { #(#arms)* })),
    ];
    scope(head, &code.into_iter().collect())
}

/// What describes the alternative.
fn entry(Alternative { part, ty }: &Alternative) -> TokenStream {
    let (cfg, name, doc, place) = (&part.cfg, &part.name.text, &part.doc, place_of(ty));
    quote_spanned!(place=> #(#cfg)* __qapi::alternative::<#ty>(#name, #doc))
}

/// Reads the alternative from `__input` if that is of its JSON type.
fn visit(Alternative { part, ty }: &Alternative) -> TokenStream {
    let (cfg, ident, place) = (&part.cfg, &part.ident, place_of(ty));
    quote_spanned! {place=>
        #(#cfg)*
        if __qapi::takes::<#ty>(&__input) {
            return __qapi::Ok(Self::#ident(__qapi::QapiType::visit(__input)?));
        }
    }
}
