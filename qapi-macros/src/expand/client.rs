//! The struct with which clients execute a command. It has one field for each argument, of the
//! type of the function's parameter.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Type, TypeReference, parse_quote, parse_quote_spanned};

use super::{located_at, members};
use crate::model::{Argument, Command, Head, Member, Parameter, Passing, Role};
use crate::types::{bare, only_argument, with_argument};

/// The struct. It can have the name of the function: a function is in the namespace of values, and
/// a struct with named fields is in the namespace of types.
pub(super) fn declare(model: &Command) -> Option<TokenStream> {
    model.client?;
    let Head { crate_path, ident, name, .. } = &model.head;
    let visibility = &model.visibility;
    let doc = format!("`{}`, as a client executes it: the function's arguments.", name.text);
    let fields = arguments(model).map(|(parameter, Argument { member, passing })| {
        let Member { part, .. } = member;
        let (ident, declared) = (&part.ident, bare(&parameter.declared));
        let doc = match part.doc.overview.as_str() {
            "" => format!("The argument `{}`.", part.name.text),
            doc => doc.to_owned(),
        };
        let ty: Type = match passing {
            Passing::Fd => parse_quote!(<#declared as #crate_path::__private::FdParameter>::Name),
            Passing::Value
            | Passing::Reference
            | Passing::OptionalReference
            | Passing::OptionalSlice => with_lifetime(declared),
        };
        quote!(#[doc = #doc] #visibility #ident: #ty,)
    });
    let generics = borrows(model).then(|| quote!(<'a>));
    Some(quote! {
        #[doc = #doc]
        #[allow(
            dead_code,
            non_camel_case_types,
            reason = "the struct has the name of the function"
        )]
        #visibility struct #ident #generics { #(#fields)* }
    })
}

/// The implementation of `QapiCommand` for the struct.
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
        Role::State(..) | Role::Session(_) | Role::Cancellation(_) => None,
    })
}

/// Serializes an argument to `__map`.
fn serialize(model: &Command, Argument { member, passing }: &Argument) -> TokenStream {
    // A client sends every argument, including those with a default.
    let Member { part, ty, encodings, default: _, secret: _ } = member;
    let (ident, name) = (&part.ident, &part.name.text);
    if model.boxed.is_some() {
        return quote! {
            <#ty as __qapi::QapiObject>::serialize_members(&self.#ident, __map)?;
        };
    }
    match passing {
        Passing::Reference if !encodings.is_empty() => members::serialize_borrowed(member),
        Passing::OptionalReference | Passing::OptionalSlice if !encodings.is_empty() => {
            members::serialize_optional_borrowed(member)
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

/// Whether a field of the struct is a reference.
fn borrows(model: &Command) -> bool {
    arguments(model).any(|(parameter, _)| reference(&parameter.declared).is_some())
}

/// The reference, if `declared` is `&T` or `Option<&T>`.
fn reference(declared: &Type) -> Option<&TypeReference> {
    match only_argument(declared, "Option").unwrap_or(bare(declared)) {
        Type::Reference(reference) => Some(reference),
        _ => None,
    }
}

/// The type with an explicit lifetime, which the type of a field requires.
fn with_lifetime(declared: &Type) -> Type {
    let Some(TypeReference { elem, .. }) = reference(declared) else { return declared.clone() };
    let reference = parse_quote_spanned!(located_at(elem)=> &'a #elem);
    match only_argument(declared, "Option") {
        Some(_) => with_argument(declared, &reference),
        None => reference,
    }
}
