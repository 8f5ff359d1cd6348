//! From a checked model to code: data, and calls of `qapi_core::__private`, where every
//! algorithm lives.
//!
//! All of it stands in one `const _` block, in which `__qapi` is that module. No other path is
//! used, and each name that is made up starts with two underscores, so that nothing the user
//! declares gets in the way.

pub(crate) mod alternate;
mod client;
pub(crate) mod command;
pub(crate) mod enum_;
pub(crate) mod event;
mod extension;
pub(crate) mod members;
pub(crate) mod stand_in;
pub(crate) mod struct_;
pub(crate) mod union_;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{Ident, LitStr};

use crate::args::FeatureWord;
use crate::docs::{Doc, Section};
use crate::model::{Head, Part};

/// Puts the generated `code` where it is out of everybody's way.
fn scope(head: &Head, code: &TokenStream) -> TokenStream {
    let crate_path = &head.crate_path;
    quote! {
        #[allow(deprecated, reason = "the definition of a deprecated item is the way to it")]
        const _: () = {
            use #crate_path::__private as __qapi;
            #code
        };
    }
}

/// The static that describes the item, and its registration.
fn definition(head: &Head, kind: &TokenStream) -> TokenStream {
    let Head { crate_path: _, ident: _, name, doc, since, features } = head;
    let name = &name.text;
    let Doc { overview, sections, prose: _ } = doc;
    let sections = (!sections.is_empty()).then(|| {
        let entries = sections.iter().map(|Section { kind, text, heading: _ }| {
            let kind = Ident::new(kind.heading(), Span::call_site());
            quote!(__qapi::section(__qapi::SectionKind::#kind, #text))
        });
        quote!(.sections(&[#(#entries),*]))
    });
    let more = more_entries(since.as_ref(), features);
    quote! {
        static __DEFINITION: __qapi::Definition =
            __qapi::definition(#name, #overview, __qapi::source!(), #kind) #sections #more;
        __qapi::inventory::submit!(__qapi::Registration(&__DEFINITION));
    }
}

/// The implementations of a type of the schema. `visit` reads it from `__input`.
fn qapi_type(ident: &Ident, visit: &TokenStream) -> TokenStream {
    quote! {
        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl __qapi::QapiType for #ident {
            fn schema_type() -> __qapi::Type {
                __qapi::Type::Defined(&__DEFINITION)
            }
            fn visit(__input: __qapi::Input<'_, '_>) -> __qapi::Result<Self> {
                #visit
            }
        }
    }
}

/// The implementation of `Serialize`. `serialize` writes `self` to `__serializer`.
fn serialize(ident: &Ident, serialize: &TokenStream) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl __qapi::Serialize for #ident {
            fn serialize<__S: __qapi::Serializer>(
                &self,
                __serializer: __S,
            ) -> __qapi::Result<__S::Ok, __S::Error> {
                #serialize
            }
        }
    }
}

/// The implementations of a type that is an object. `visit` reads it from the members of
/// `__object`; `serialize_members` are statements that write them to `__map`.
fn object(ident: &Ident, visit: &TokenStream, serialize_members: &TokenStream) -> TokenStream {
    quote! {
        __qapi::object!(#ident, __DEFINITION);
        #[diagnostic::do_not_recommend]
        impl __qapi::QapiObject for #ident {
            fn visit_members(
                __object: &mut __qapi::ObjectVisitor<'_, '_>,
            ) -> __qapi::Result<Self> {
                #visit
            }
            fn serialize_members<__M: __qapi::SerializeMap>(
                &self,
                __map: &mut __M,
            ) -> __qapi::Result<(), __M::Error> {
                #serialize_members
                __qapi::Ok(())
            }
        }
    }
}

/// The calls that add to a description what only some have.
fn more_entries(since: Option<&LitStr>, features: &[FeatureWord]) -> TokenStream {
    let since = since.iter().map(|since| quote!(.since(#since)));
    let features = (!features.is_empty()).then(|| {
        let entries = features.iter().map(|FeatureWord { name, span: _, since, doc, cfg }| {
            let since = since.iter().map(|since| quote!(.since(#since)));
            quote!(#(#cfg)* __qapi::feature(#name, #doc) #(#since)*)
        });
        quote!(.features(&[#(#entries),*]))
    });
    quote!(#(#since)* #features)
}

/// What describes a part: made by `describe` of `qapi_core` out of its name, its documentation
/// and what else is `given`.
fn part_entry(describe: &str, part: &Part, given: Option<TokenStream>) -> TokenStream {
    let Part { ident: _, name, doc, since, features, cfg } = part;
    let (describe, name) = (Ident::new(describe, Span::call_site()), &name.text);
    let doc = &doc.overview;
    let more = more_entries(since.as_ref(), features);
    let given = given.into_iter();
    quote!(#(#cfg)* __qapi::#describe(#name, #doc #(, #given)*) #more)
}

/// A span at the place of `tokens` for generated code, so that what the compiler finds wrong
/// with them is shown there.
fn place_of(tokens: &impl ToTokens) -> Span {
    Span::call_site().located_at(tokens.span())
}

/// Whether the server may spare clients the part: it is newer than its owner, or bears one of the
/// features that policies are about.
fn is_marked(part: &Part) -> bool {
    let is_special =
        |feature: &FeatureWord| matches!(feature.name.as_str(), "deprecated" | "unstable");
    part.since.is_some() || part.features.iter().any(is_special)
}
