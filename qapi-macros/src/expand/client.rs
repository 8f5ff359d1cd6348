//! The struct by which clients execute a command: one field an argument, of the type that the
//! function's parameter has.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Type, TypeReference, parse_quote, parse_quote_spanned};

use super::{members, place_of};
use crate::model::{Argument, Command, Head, Member, Parameter, Passing, Role};
use crate::types::{bare, only_argument, with_argument};

/// The struct, which stands beside the function and shares its name: a function is a value, and
/// a struct with named fields is none.
pub(super) fn declare(model: &Command) -> Option<TokenStream> {
    model.client?;
    let Head { crate_path, ident, name, .. } = &model.head;
    let visibility = &model.visibility;
    let doc = format!("`{}`, as a client executes it: the function's arguments.", name.text);
    let fields = arguments(model).map(|(parameter, Argument { member, passing })| {
        let Member { part, .. } = member;
        let (ident, written) = (&part.ident, bare(&parameter.written));
        let doc = match part.doc.overview.as_str() {
            "" => format!("The argument `{}`.", part.name.text),
            doc => doc.to_owned(),
        };
        let ty: Type = match passing {
            Passing::Fd => parse_quote!(<#written as #crate_path::__private::FdParameter>::Name),
            Passing::Value
            | Passing::Reference
            | Passing::OptionalReference
            | Passing::OptionalSlice => with_lifetime(written),
        };
        quote!(#[doc = #doc] #visibility #ident: #ty,)
    });
    let generics = borrows(model).then(|| quote!(<'a>));
    Some(quote! {
        #[doc = #doc]
        #[allow(dead_code, non_camel_case_types, reason = "it is a call of the function")]
        #visibility struct #ident #generics { #(#fields)* }
    })
}

/// What makes the struct a command.
pub(super) fn implement(model: &Command, returns: &TokenStream) -> Option<TokenStream> {
    model.client?;
    let ident = &model.head.ident;
    let generics = borrows(model).then(|| quote!(<'_>));
    let serialize = arguments(model).map(|(_, argument)| serialize(model, argument));
    Some(quote! {
        #[automatically_derived]
        impl __qapi::QapiCommand for #ident #generics {
            const DEFINITION: &'static __qapi::Definition = &__DEFINITION;
            type Return = #returns::Value;

            fn serialize_arguments<__M: __qapi::SerializeMap>(
                &self,
                __map: &mut __M,
            ) -> __qapi::Result<(), __M::Error> {
                #(#serialize)*
                __qapi::Ok(())
            }
        }
    })
}

fn arguments(model: &Command) -> impl Iterator<Item = (&Parameter, &Argument)> {
    model.parameters.iter().filter_map(|parameter| match &parameter.role {
        Role::Argument(argument) => Some((parameter, argument)),
        Role::State(..) | Role::Session(_) => None,
    })
}

/// Writes an argument to `__map`.
fn serialize(model: &Command, Argument { member, passing }: &Argument) -> TokenStream {
    // Clients give every argument, those with a default too.
    let Member { part, ty, representations, default: _ } = member;
    let (ident, name) = (&part.ident, &part.name.text);
    if model.boxed.is_some() {
        return quote! {
            <#ty as __qapi::QapiObject>::serialize_members(&self.#ident, __map)?;
        };
    }
    match passing {
        Passing::Reference if !representations.is_empty() => members::serialize_lent(member),
        Passing::OptionalReference | Passing::OptionalSlice if !representations.is_empty() => {
            members::serialize_optional_lent(member)
        }
        Passing::Value | Passing::Fd => members::serialize(member),
        Passing::Reference => quote! {
            __qapi::SerializeMap::serialize_entry(__map, #name, self.#ident)?;
        },
        Passing::OptionalReference | Passing::OptionalSlice => quote! {
            if let __qapi::Some(__value) = self.#ident {
                __qapi::SerializeMap::serialize_entry(__map, #name, __value)?;
            }
        },
    }
}

/// Whether an argument borrows.
fn borrows(model: &Command) -> bool {
    arguments(model).any(|(parameter, _)| lent(&parameter.written).is_some())
}

/// The reference that a parameter is, or that it holds if it is there at all.
fn lent(written: &Type) -> Option<&TypeReference> {
    match only_argument(written, "Option").unwrap_or(bare(written)) {
        Type::Reference(reference) => Some(reference),
        _ => None,
    }
}

/// The type with the lifetime that a field needs and a parameter does without.
fn with_lifetime(written: &Type) -> Type {
    let Some(TypeReference { elem, .. }) = lent(written) else { return written.clone() };
    let reference = parse_quote_spanned!(place_of(elem)=> &'a #elem);
    match only_argument(written, "Option") {
        Some(_) => with_argument(written, &reference),
        None => reference,
    }
}
