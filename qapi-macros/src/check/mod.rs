//! The rules that one definition can break on its own. Those that need the whole schema are
//! checked when the program starts.
//!
//! Of all definitions:
//! - `check_one_kind`: an item is one definition, not two
//! - `check_misplaced_words`: our words stand where something reads them
//! - `check_no_generics`: a definition is of concrete types
//! - `check_no_numbers`: variants have no numbers
//! - `check_since`: a version is digits and dots
//! - `check_features`: features have names, each another
//! - `check_feature_spelling`: those with a fixed meaning are spelt as they are
//! - `check_special_features`: `deprecated` and `unstable` are not for types
//! - `check_part`: the same for values, members and arguments
//! - `check_owned`: what a type holds is its own
//! - `check_clashes`: names within a definition differ, also as C spells them
//!
//! Of documentation: in [`doc`].
//!
//! Of names, in [`name`]:
//! - `check_form`: letters, digits, `-` and `_`, a letter first
//! - `check_convention`: commands and members lower case, events upper case, types CamelCase
//! - `check_reserved`: some names are kept for the generator
//! - `check_exception`: an exemption from the convention is needed
//!
//! Of types, in [`type_`]:
//! - `check_type`: some have no place in QAPI, and others do instead
//! - `check_member_type`: what can be told in several ways is told in one
//!
//! Of one kind: in the file of that kind.

pub(crate) mod alternate;
pub(crate) mod command;
mod doc;
pub(crate) mod enum_;
pub(crate) mod event;
pub(crate) mod fields;
pub(crate) mod name;
pub(crate) mod parameter;
pub(crate) mod returned;
pub(crate) mod struct_;
pub(crate) mod type_;
pub(crate) mod union_;

use std::collections::{HashMap, HashSet};

use proc_macro2::Span;
use syn::{Attribute, Generics, Ident, ItemEnum, LitStr, Type};

use crate::args::{FeatureWord, is_ours};
use crate::errors::Errors;
use crate::messages::owned_instead;
use crate::model::{Head, Name, Part};
use crate::names::c_name;
use crate::types::{bare, only_argument};
use name::{NameKind, check_name};

/// The attributes that make a definition.
const ATTRIBUTES: [&str; 6] =
    ["qapi_enum", "qapi_struct", "qapi_union", "qapi_alternate", "qapi_command", "qapi_event"];

/// The features with a fixed meaning.
const SPECIAL_FEATURES: [&str; 2] = ["deprecated", "unstable"];

/// All rules on what every definition has.
fn check_head(head: &Head, kind: NameKind, attributes: &[Attribute], errors: &Errors) {
    check_item_attributes(attributes, errors);
    check_name(&head.name, kind, errors);
    check_since(head.since.as_ref(), errors);
    check_features(&head.features, errors);
    check_special_features(&head.features, kind, errors);
}

/// All rules on the attributes of an item.
fn check_item_attributes(attributes: &[Attribute], errors: &Errors) {
    check_one_kind(attributes, errors);
    let advice = "words of the whole definition stand in the attribute that makes it; move them";
    check_misplaced_words(attributes, advice, errors);
}

/// Our words stand where something reads them.
fn check_misplaced_words(attributes: &[Attribute], advice: &str, errors: &Errors) {
    for attribute in attributes.iter().filter(|attribute| is_ours(attribute)) {
        errors.at(attribute.path(), format!("`qapi`: {advice}"));
    }
}

/// The same for the fields of variants.
fn check_variant_fields(item: &ItemEnum, errors: &Errors) {
    for field in item.variants.iter().flat_map(|variant| &variant.fields) {
        check_misplaced_words(&field.attrs, "words stand on the variant; move them", errors);
    }
}

/// An item is one definition, not two.
fn check_one_kind(attributes: &[Attribute], errors: &Errors) {
    for attribute in attributes {
        let Some(last) = attribute.path().segments.last() else { continue };
        if ATTRIBUTES.iter().any(|name| last.ident == name) {
            let message = format!(
                "`{}`: the item is a QAPI definition already; keep one of the attributes",
                last.ident
            );
            errors.at(attribute.path(), message);
        }
    }
}

/// A definition is of concrete types.
fn check_no_generics(generics: &Generics, errors: &Errors) {
    const ADVICE: &str = "a QAPI definition has no parameters; write concrete types";
    for parameter in &generics.params {
        let subject = match parameter {
            syn::GenericParam::Lifetime(parameter) => parameter.lifetime.to_string(),
            syn::GenericParam::Type(parameter) => parameter.ident.to_string(),
            syn::GenericParam::Const(parameter) => parameter.ident.to_string(),
        };
        errors.at(parameter, format!("`{subject}`: {ADVICE}"));
    }
    if let Some(clause) = &generics.where_clause
        && generics.params.is_empty()
    {
        errors.at(clause, format!("`where`: {ADVICE}"));
    }
}

/// Variants have no numbers.
fn check_no_numbers(item: &ItemEnum, errors: &Errors) {
    for variant in &item.variants {
        if let Some((_, number)) = &variant.discriminant {
            let ident = &variant.ident;
            let message = format!("`{ident}`: QAPI gives it no number; leave the number out");
            errors.at(number, message);
        }
    }
}

/// A version is digits and dots, three numbers at most.
fn check_since(since: Option<&LitStr>, errors: &Errors) {
    let Some(since) = since else { return };
    let text = since.value();
    let is_number =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !text.split('.').all(is_number) || text.split('.').count() > 3 {
        let message =
            format!("`{text}`: not a version; write digits and dots: `since = \"2.12\"`");
        errors.at(since, message);
    }
}

/// Features have names, each another. Of those under conditions only one may exist.
fn check_features(features: &[FeatureWord], errors: &Errors) {
    let mut seen = HashSet::new();
    for FeatureWord { name, span, since, doc: _, cfg } in features {
        check_since(since.as_ref(), errors);
        let whole = Name { text: name.clone(), span: *span, exception: None };
        check_name(&whole, NameKind::Feature, errors);
        check_feature_spelling(name, *span, errors);
        if cfg.is_empty() && !seen.insert(c_name(name)) {
            errors.at_span(*span, format!("`{name}`: given twice; keep one"));
        }
    }
}

/// A name that is all but that of a feature with a fixed meaning was most likely meant to be it,
/// and would have none. One that says more in digits or in words was meant as it is.
fn check_feature_spelling(name: &str, span: Span, errors: &Errors) {
    for special in SPECIAL_FEATURES {
        let same_start = name.chars().next() == special.chars().next();
        let one_word = name.chars().all(|letter| letter.is_ascii_alphabetic() || letter == '_');
        if name != special && same_start && one_word && strsim::osa_distance(name, special) <= 2 {
            errors.at_span(span, format!("`{name}`: did you mean `{special}`? Write it so"));
        }
    }
}

/// `deprecated` and `unstable` are not for types: what uses them can be so.
fn check_special_features(features: &[FeatureWord], kind: NameKind, errors: &Errors) {
    if kind != NameKind::Type {
        return;
    }
    for FeatureWord { name, span, since: _, doc: _, cfg: _ } in features {
        if SPECIAL_FEATURES.contains(&name.as_str()) {
            let message = format!(
                "`{name}`: a type cannot be so; put it on the members, commands and events that \
                 use the type"
            );
            errors.at_span(*span, message);
        }
    }
}

/// All rules on a value, a member, an argument.
fn check_part(part: &Part, kind: NameKind, errors: &Errors) {
    check_name(&part.name, kind, errors);
    check_since(part.since.as_ref(), errors);
    check_features(&part.features, errors);
}

/// What a type holds is its own: a value outlives the message that it was read from.
fn check_owned(ident: &Ident, ty: &Type, errors: &Errors) {
    let inner = only_argument(ty, "Option").unwrap_or(bare(ty));
    if let Type::Reference(reference) = inner {
        let owned = owned_instead(&reference.elem);
        let message = format!("`{ident}`: holds what it does not own; write {owned} instead");
        errors.at(reference, message);
    }
}

/// Names within a definition differ, also as C spells them. Those under conditions may be alike,
/// as only one of them may exist.
fn check_clashes<'a>(parts: impl IntoIterator<Item = &'a Part>, errors: &Errors) {
    let mut seen: HashMap<String, &str> = HashMap::new();
    for Part { ident, name, cfg, .. } in parts {
        if !cfg.is_empty() {
            continue;
        }
        if let Some(first) = seen.insert(c_name(&name.text), &name.text) {
            let message = if first == name.text {
                format!(
                    "`{ident}`: another part of the definition is named `{first}` already; \
                     choose another name"
                )
            } else {
                format!(
                    "`{ident}`: its name `{}` and the name `{first}` are alike in C; choose \
                     another",
                    name.text
                )
            };
            errors.at_span(name.span, message);
        }
    }
}
