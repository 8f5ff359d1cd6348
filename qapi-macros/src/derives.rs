//! The attributes of Rust and serde beside those of this crate: `derive` and `cfg_attr`.

use proc_macro2::TokenTree;
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Path, Token};

pub(crate) fn is_derive(attribute: &Attribute) -> bool {
    attribute.path().is_ident("derive")
}

/// The traits that `derive` names. Traits of a derive above an attribute of this crate are unknown.
pub(crate) fn derived(derive: &Attribute) -> Vec<Path> {
    let paths = derive.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated);
    paths.unwrap_or_default().into_iter().collect()
}

/// The derived traits of this name.
pub(crate) fn derived_as(attributes: &[Attribute], name: &str) -> impl Iterator<Item = Path> {
    let derives = attributes.iter().filter(|attribute| is_derive(attribute));
    derives.flat_map(derived).filter(move |path| is_last(path, name))
}

/// Whether a derived trait has this name.
pub(crate) fn derives(attributes: &[Attribute], name: &str) -> bool {
    derived_as(attributes, name).next().is_some()
}

pub(crate) fn is_last(path: &Path, name: &str) -> bool {
    path.segments.last().is_some_and(|last| last.ident == name)
}

/// The name of the attribute `name`, if `attribute` is a `cfg_attr` that contains it.
pub(crate) fn conditional(attribute: &Attribute, name: &str) -> Option<TokenTree> {
    let Meta::List(list) = &attribute.meta else { return None };
    if !attribute.path().is_ident("cfg_attr") {
        return None;
    }
    let mut after_comma = false;
    list.tokens.clone().into_iter().find(|token| {
        let begins = after_comma && matches!(token, TokenTree::Ident(ident) if ident == name);
        after_comma = matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
        begins
    })
}

/// Whether `attribute` is a `cfg_attr` that contains the attribute `name`.
pub(crate) fn is_conditional(attribute: &Attribute, name: &str) -> bool {
    conditional(attribute, name).is_some()
}
