//! Members of objects: described, visited, written.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Ident;

use super::{is_marked, part_entry};
use crate::model::{Base, DefaultValue, Member, Representation};

/// What describes `member`.
pub(super) fn entry(member: &Member) -> TokenStream {
    let (ty, how) = (read_type(member), how(member));
    part_entry("member", &member.part, Some(quote!(<#ty as #how>::SHAPE)))
}

/// The trait by which the member is described, read and written.
fn how(Member { representations, .. }: &Member) -> TokenStream {
    match representations.first().and_then(Representation::type_name) {
        None => quote!(__Member),
        Some(name) => {
            let name = Ident::new(name, Span::call_site());
            quote!(__qapi::MemberAs<__qapi::#name>)
        }
    }
}

/// The type that is read for the member: with a default it may be absent.
fn read_type(Member { ty, default, .. }: &Member) -> TokenStream {
    match default {
        None => quote!(#ty),
        Some(_) => quote!(__qapi::Option<#ty>),
    }
}

/// The static `__MEMBERS` of `entries`, and the trait that these and what reads and writes the
/// members call.
pub(super) fn table(entries: impl IntoIterator<Item = TokenStream>) -> TokenStream {
    let mut entries = entries.into_iter().peekable();
    let import = entries.peek().map(|_| {
        quote!(
            #[allow(unused_imports, reason = "members may be told in other ways")]
            use __qapi::MemberType as __Member;
        )
    });
    quote! {
        #import
        static __MEMBERS: &[__qapi::Member] = &[#(#entries),*];
    }
}

/// Reads the member from `__object`.
pub(super) fn visit(member: &Member) -> TokenStream {
    let Member { part, default, .. } = member;
    let (name, ty, how) = (&part.name.text, read_type(member), how(member));
    let read = if is_marked(part) {
        quote!(<#ty as #how>::visit_marked(__object, &__DEFINITION, #name)?)
    } else {
        quote!(<#ty as #how>::visit_member(__object, #name)?)
    };
    match default {
        None => read,
        Some(DefaultValue { value: None, .. }) => {
            let ty = &member.ty;
            quote!(#read.unwrap_or_else(|| __qapi::need_default::<#ty>()))
        }
        Some(DefaultValue { value: Some(value), .. }) => {
            quote!(#read.unwrap_or_else(|| #value))
        }
    }
}

/// Sets the member's field to what is read from `__object`.
pub(super) fn visit_field(member: &Member) -> TokenStream {
    let (cfg, ident, visit) = (&member.part.cfg, &member.part.ident, visit(member));
    quote!(#(#cfg)* #ident: #visit,)
}

/// Writes the member's field to `__map`.
pub(super) fn serialize(member: &Member) -> TokenStream {
    let Member { part, ty, .. } = member;
    let (cfg, ident, name) = (&part.cfg, &part.ident, &part.name.text);
    let how = how(member);
    let write = quote! {
        <#ty as #how>::serialize_member(&self.#ident, #name, __map)?;
    };
    if is_marked(part) {
        quote!(#(#cfg)* if !__qapi::is_hidden(&__DEFINITION, #name) { #write })
    } else {
        quote!(#(#cfg)* #write)
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

/// Writes the argument whose field borrows what the member owns.
pub(super) fn serialize_lent(member: &Member) -> TokenStream {
    let Member { part, ty, .. } = member;
    let (ident, name, how) = (&part.ident, &part.name.text, how(member));
    quote! {
        <#ty as #how>::serialize_member(&__qapi::ToOwned::to_owned(self.#ident), #name, __map)?;
    }
}

/// The same for one that may be absent.
pub(super) fn serialize_optional_lent(member: &Member) -> TokenStream {
    let Member { part, ty, .. } = member;
    let (ident, name, how) = (&part.ident, &part.name.text, how(member));
    quote! {
        <#ty as #how>::serialize_member(
            &self.#ident.map(__qapi::ToOwned::to_owned), #name, __map,
        )?;
    }
}
