//! Members of objects: described, visited, written.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::{part_arguments, place_of};
use crate::model::{Base, Member};

/// What describes `member`.
pub(super) fn entry(member: &Member) -> TokenStream {
    let Member { part, ty } = member;
    let (cfg, arguments, place) = (&part.cfg, part_arguments(part), place_of(ty));
    quote_spanned!(place=> #(#cfg)* __qapi::member::<#ty>(#arguments))
}

/// What describes each of `members`, as a slice.
pub(super) fn entries<'a>(members: impl IntoIterator<Item = &'a Member>) -> TokenStream {
    let entries = members.into_iter().map(entry);
    quote!(&[#(#entries),*])
}

/// Reads the member from `__object`.
pub(super) fn visit(Member { part, ty }: &Member) -> TokenStream {
    let (name, place) = (&part.name.text, place_of(ty));
    quote_spanned!(place=> __object.member::<#ty>(#name)?)
}

/// Sets the member's field to what is read from `__object`.
pub(super) fn visit_field(member: &Member) -> TokenStream {
    let (cfg, ident, visit) = (&member.part.cfg, &member.part.ident, visit(member));
    quote!(#(#cfg)* #ident: #visit,)
}

/// Writes the member's field to `__map`.
pub(super) fn serialize(Member { part, ty }: &Member) -> TokenStream {
    let (cfg, ident, name, place) = (&part.cfg, &part.ident, &part.name.text, place_of(ty));
    quote_spanned! {place=>
        #(#cfg)*
        __qapi::MemberType::serialize_member(&self.#ident, #name, __map)?;
    }
}

/// Names the base struct's type.
pub(super) fn base_entry(bases: &[Base]) -> TokenStream {
    match bases.first() {
        Some(Base { ty, .. }) => {
            quote_spanned!(place_of(ty)=> __qapi::Some(__qapi::object_type::<#ty>()))
        }
        None => quote!(__qapi::None),
    }
}

/// Reads the base struct from `__object`.
pub(super) fn visit_base(Base { ty, .. }: &Base) -> TokenStream {
    let place = place_of(ty);
    quote_spanned!(place=> <#ty as __qapi::QapiObject>::visit_members(__object)?)
}

/// Sets the base struct's field to what is read from `__object`.
pub(super) fn visit_base_field(base: &Base) -> TokenStream {
    let (ident, visit) = (&base.ident, visit_base(base));
    quote!(#ident: #visit,)
}

/// Writes the members of the base struct to `__map`.
pub(super) fn serialize_base(Base { ident, ty, .. }: &Base) -> TokenStream {
    let place = place_of(ty);
    quote_spanned!(place=> __qapi::QapiObject::serialize_members(&self.#ident, __map)?;)
}
