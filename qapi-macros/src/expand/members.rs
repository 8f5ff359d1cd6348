//! Members of objects: their descriptions, visits and serialization.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Ident, Type};

use super::{may_be_hidden, part_entry};
use crate::model::{Base, DefaultValue, Encoding, Member};

/// The description of `member`.
pub(super) fn entry(member: &Member) -> TokenStream {
    let (ty, by) = (decoded_type(member), member_trait(member));
    let secret = member.secret.then(|| quote!(.secret()));
    let entry = part_entry("Member", &member.part, Some(quote!(<#ty as #by>::SHAPE)));
    quote!(#entry #secret)
}

/// The trait that describes, visits and serializes the member.
fn member_trait(Member { encodings, .. }: &Member) -> TokenStream {
    match encodings.first().and_then(Encoding::type_name) {
        None => quote!(__Member),
        Some(name) => {
            let name = Ident::new(name, Span::call_site());
            quote!(__qapi::EncodedMember<__qapi::#name>)
        }
    }
}

/// The decoded type, which is an `Option` for a member with a default.
fn decoded_type(Member { ty, default, .. }: &Member) -> TokenStream {
    match default {
        None => quote!(#ty),
        Some(_) => quote!(__qapi::Option<#ty>),
    }
}

/// The static `__MEMBERS` of `entries`, and the import of the trait that all code for members
/// without an encoding uses.
pub(super) fn table(entries: impl IntoIterator<Item = TokenStream>) -> TokenStream {
    let mut entries = entries.into_iter().peekable();
    let import = entries.peek().map(|_| {
        quote!(
            #[allow(unused_imports, reason = "all members may have an encoding")]
            use __qapi::MemberType as __Member;
        )
    });
    quote! {
        #import
        static __MEMBERS: &[__qapi::Member] = &[#(#entries),*];
    }
}

/// The visit of the member in `__object`.
pub(super) fn visit(member: &Member) -> TokenStream {
    let Member { part, default, .. } = member;
    let (name, ty, by) = (&part.name.text, decoded_type(member), member_trait(member));
    let visit = if may_be_hidden(part) {
        quote!(<#ty as #by>::visit_marked(__object, &__DEFINITION, #name)?)
    } else {
        quote!(<#ty as #by>::visit_member(__object, #name)?)
    };
    match default {
        None => visit,
        Some(DefaultValue { value: None, .. }) => {
            let ty = &member.ty;
            quote!(#visit.unwrap_or_else(|| __qapi::need_default::<#ty>()))
        }
        Some(DefaultValue { value: Some(value), .. }) => {
            quote!(#visit.unwrap_or_else(|| #value))
        }
    }
}

/// The initializer of the member's field.
pub(super) fn visit_field(member: &Member) -> TokenStream {
    let (cfg, ident, visit) = (&member.part.cfg, &member.part.ident, visit(member));
    quote!(#(#cfg)* #ident: #visit,)
}

/// Serializes the member's field to `__map`.
pub(super) fn serialize(member: &Member) -> TokenStream {
    let Member { part, ty, .. } = member;
    let (cfg, ident, name) = (&part.cfg, &part.ident, &part.name.text);
    let by = member_trait(member);
    let serialize = quote! {
        <#ty as #by>::serialize_member(&self.#ident, #name, __map)?;
    };
    if may_be_hidden(part) {
        quote!(#(#cfg)* if !__qapi::is_omitted(&__DEFINITION, #name) { #serialize })
    } else {
        quote!(#(#cfg)* #serialize)
    }
}

/// Serializes an argument that a client sends, if it is present.
pub(super) fn serialize_argument(member: &Member) -> TokenStream {
    let (ty, by) = (decoded_type(member), member_trait(member));
    let (ident, name) = (&member.part.ident, &member.part.name.text);
    quote!(<#ty as #by>::serialize_member(&self.#ident, #name, __map)?;)
}

/// The description of the base.
pub(super) fn base_entry(bases: &[Base]) -> TokenStream {
    match bases.first() {
        Some(Base { ty, .. }) => {
            let reference = object_reference(ty);
            quote!(__qapi::Some(#reference))
        }
        None => quote!(__qapi::None),
    }
}

/// The visit of the base's members in `__object`.
pub(super) fn visit_base(Base { ty, .. }: &Base) -> TokenStream {
    quote!(<#ty as __qapi::QapiObject>::visit_members(__object)?)
}

/// The initializer of the base's field.
pub(super) fn visit_base_field(base: &Base) -> TokenStream {
    let (ident, visit) = (&base.ident, visit_base(base));
    quote!(#ident: #visit,)
}

/// Serializes the base's members to `__map`.
pub(super) fn serialize_base(Base { ident, ty, .. }: &Base) -> TokenStream {
    quote!(<#ty as __qapi::QapiObject>::serialize_members(&self.#ident, __map)?;)
}

/// Serializes an argument whose field borrows the value.
pub(super) fn serialize_borrowed(member: &Member) -> TokenStream {
    let Member { part, ty, .. } = member;
    let (ident, name, by) = (&part.ident, &part.name.text, member_trait(member));
    quote! {
        <#ty as #by>::serialize_member(&__qapi::ToOwned::to_owned(self.#ident), #name, __map)?;
    }
}

/// Serializes an optional argument whose field borrows the value.
pub(super) fn serialize_optional_borrowed(member: &Member) -> TokenStream {
    let Member { part, ty, .. } = member;
    let (ident, name, by) = (&part.ident, &part.name.text, member_trait(member));
    quote! {
        <#ty as #by>::serialize_member(
            &self.#ident.map(__qapi::ToOwned::to_owned), #name, __map,
        )?;
    }
}

/// A reference to the type of an object.
pub(super) fn object_reference(ty: &Type) -> TokenStream {
    quote!(__qapi::Reference::by_function(<#ty as __qapi::QapiObject>::object_type))
}
