//! Members of objects: described, visited, written.

use proc_macro2::TokenStream;
use quote::quote;

use super::{marks, part_entry};
use crate::model::{Base, Member};

/// What describes `member`.
pub(super) fn entry(Member { part, ty }: &Member) -> TokenStream {
    part_entry("member", part, Some(quote!(<#ty as __Member>::SHAPE)))
}

/// The static `__MEMBERS` of `entries`, and the trait that these and what reads and writes the
/// members call.
pub(super) fn table(entries: impl IntoIterator<Item = TokenStream>) -> TokenStream {
    let mut entries = entries.into_iter().peekable();
    let import = entries.peek().map(|_| {
        quote!(
            use __qapi::MemberType as __Member;
        )
    });
    quote! {
        #import
        static __MEMBERS: &[__qapi::Member] = &[#(#entries),*];
    }
}

/// Reads the member from `__object`.
pub(super) fn visit(Member { part, ty }: &Member) -> TokenStream {
    let name = &part.name.text;
    match marks(&part.features) {
        None => quote!(<#ty as __Member>::visit_member(__object, #name)?),
        Some(marks) => {
            quote!(<#ty as __Member>::visit_marked(__object, #name, #marks)?)
        }
    }
}

/// Sets the member's field to what is read from `__object`.
pub(super) fn visit_field(member: &Member) -> TokenStream {
    let (cfg, ident, visit) = (&member.part.cfg, &member.part.ident, visit(member));
    quote!(#(#cfg)* #ident: #visit,)
}

/// Writes the member's field to `__map`.
pub(super) fn serialize(Member { part, ty }: &Member) -> TokenStream {
    let (cfg, ident, name) = (&part.cfg, &part.ident, &part.name.text);
    let write = quote! {
        <#ty as __Member>::serialize_member(&self.#ident, #name, __map)?;
    };
    match marks(&part.features) {
        None => quote!(#(#cfg)* #write),
        Some(marks) => quote!(#(#cfg)* if !__qapi::is_hidden(#marks) { #write }),
    }
}

/// Names the base struct's type.
pub(super) fn base_entry(bases: &[Base]) -> TokenStream {
    match bases.first() {
        Some(Base { ty, .. }) => {
            quote!(__qapi::Some(<#ty as __qapi::QapiObject>::object_type))
        }
        None => quote!(__qapi::None),
    }
}

/// Reads the base struct from `__object`.
pub(super) fn visit_base(Base { ty, .. }: &Base) -> TokenStream {
    quote!(<#ty as __qapi::QapiObject>::visit_members(__object)?)
}

/// Sets the base struct's field to what is read from `__object`.
pub(super) fn visit_base_field(base: &Base) -> TokenStream {
    let (ident, visit) = (&base.ident, visit_base(base));
    quote!(#ident: #visit,)
}

/// Writes the members of the base struct to `__map`.
pub(super) fn serialize_base(Base { ident, ty, .. }: &Base) -> TokenStream {
    quote!(<#ty as __qapi::QapiObject>::serialize_members(&self.#ident, __map)?;)
}
