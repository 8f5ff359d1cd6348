//! From a checked model to code. Generated code consists of data and of calls of
//! `qapi_core::__private`; that module contains all algorithms.
//!
//! Generated code is in one `const _` block, in which `__qapi` is an alias of the module. The code
//! uses no other path, and each generated name begins with two underscores, so that no name
//! collides with the user's names. Two items that users refer to are outside of the block and name
//! the module by its full path: a command's struct for clients, and its static for the registry.
//! Calls of macros have the full path too: below an unknown attribute the compiler expands macros
//! before it resolves imports.

pub(crate) mod alternate;
mod client;
pub(crate) mod command;
pub(crate) mod enum_;
pub(crate) mod error_stub;
pub(crate) mod event;
mod extension;
pub(crate) mod members;
pub(crate) mod struct_;
pub(crate) mod union_;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{Ident, LitStr};

use crate::args::FeatureWord;
use crate::docs::{Doc, Section};
use crate::model::{Head, Part, Registered};

/// The block that contains the generated `code`.
fn scope(head: &Head, code: &TokenStream) -> TokenStream {
    let crate_path = &head.crate_path;
    quote! {
        #[allow(deprecated, non_snake_case, reason = "generated code uses names of the item")]
        const _: () = {
            use #crate_path::__private as __qapi;
            #code
        };
    }
}

/// The static with the definition of a type or event, and its entry in the inventory.
fn definition(head: &Head, kind: &TokenStream) -> TokenStream {
    let definition = description(head, kind);
    let crate_path = &head.crate_path;
    match head.registered {
        Registered::Reference => definition,
        Registered::Inventory | Registered::Static(_) => quote! {
            #definition
            #crate_path::__private::submit!(__qapi::Registration::new(&__DEFINITION));
        },
    }
}

/// The static with the definition of the item.
fn description(head: &Head, kind: &TokenStream) -> TokenStream {
    let Head { crate_path, ident: _, name, doc, since, features, registered: _ } = head;
    let name = &name.text;
    let Doc { overview, sections, prose: _ } = doc;
    let sections = (!sections.is_empty()).then(|| {
        let entries = sections.iter().map(|Section { kind, text, heading: _ }| {
            let kind = Ident::new(kind.heading(), Span::call_site());
            quote!(__qapi::Section::new(__qapi::SectionKind::#kind, #text))
        });
        quote!(.sections(&[#(#entries),*]))
    });
    let calls = since_and_features(since.as_ref(), features);
    quote! {
        static __DEFINITION: __qapi::Definition =
            __qapi::Definition::new(
                __qapi::Part::new(#name, #overview) #calls,
                #crate_path::__private::source!(),
                #kind,
            ) #sections;
    }
}

/// Leaves an implementation out of the compiler's lists of types, if it is for a type of the
/// framework. The attribute is unknown in a module with `no_implicit_prelude`.
fn unlisted(head: &Head) -> Option<TokenStream> {
    let is_framework = head.crate_path.is_ident("crate");
    is_framework.then(|| quote!(#[diagnostic::do_not_recommend]))
}

/// The implementation of `QapiType`. `visit` visits a value in `__input`.
fn qapi_type(head: &Head, visit: &TokenStream) -> TokenStream {
    let (ident, unlisted) = (&head.ident, unlisted(head));
    quote! {
        #[automatically_derived]
        #unlisted
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

/// The implementation of `Serialize`. `serialize` serializes `self` to `__serializer`.
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

/// The implementations for an object. `visit` visits the members of `__object`;
/// `serialize_members` are statements that serialize the members to `__map`.
fn object(head: &Head, visit: &TokenStream, serialize_members: &TokenStream) -> TokenStream {
    let (ident, unlisted) = (&head.ident, unlisted(head));
    let qapi_type = qapi_type(head, &quote!(__qapi::visit_object(__input)));
    let serialize = serialize(ident, &quote!(__qapi::serialize_object(self, __serializer)));
    quote! {
        #qapi_type
        #serialize
        impl __qapi::Sealed<__qapi::ObjectKind> for #ident {}
        #unlisted
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

/// The builder calls that add `since` and `features` to a description.
fn since_and_features(since: Option<&LitStr>, features: &[FeatureWord]) -> TokenStream {
    let since = since.iter().map(|since| quote!(.since(#since)));
    let features = (!features.is_empty()).then(|| {
        let entries = features.iter().map(|FeatureWord { name, span: _, since, doc, cfg }| {
            let since = since.iter().map(|since| quote!(.since(#since)));
            quote!(#(#cfg)* __qapi::Feature::new(__qapi::Part::new(#name, #doc) #(#since)*))
        });
        quote!(.features(&[#(#entries),*]))
    });
    quote!(#(#since)* #features)
}

/// The description of a part: a call of `builder` with the name, the documentation and the type.
fn part_entry(builder: &str, part: &Part, ty: Option<TokenStream>) -> TokenStream {
    let Part { ident: _, name, doc, since, features, cfg } = part;
    let (builder, name) = (Ident::new(builder, Span::call_site()), &name.text);
    let doc = &doc.overview;
    let calls = since_and_features(since.as_ref(), features);
    let ty = ty.into_iter();
    quote!(#(#cfg)* __qapi::#builder::new(__qapi::Part::new(#name, #doc) #calls #(, #ty)*))
}

/// A span for generated code at the location of `tokens`, where the compiler shows errors.
fn located_at(tokens: &impl ToTokens) -> Span {
    Span::call_site().located_at(tokens.span())
}

/// Whether a server may hide the part from clients: the part is newer than its owner, or has a
/// feature that a policy refers to.
fn may_be_hidden(part: &Part) -> bool {
    let is_special =
        |feature: &FeatureWord| matches!(feature.name.as_str(), "deprecated" | "unstable");
    part.since.is_some() || part.features.iter().any(is_special)
}
