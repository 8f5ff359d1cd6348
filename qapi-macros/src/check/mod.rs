//! The rules for one definition. `qapi_core` checks rules for the whole schema when the program
//! starts.
//!
//! All definitions:
//! - `check_one_kind`: an item is one definition, not two
//! - `check_misplaced_words`: `#[qapi(…)]` is only in places where the macros parse it
//! - `check_no_generics`: a definition has no generic parameters
//! - `check_no_numbers`: variants have no discriminants
//! - `check_since`: a version consists of up to three numbers with dots between them
//! - `check_features`: the names of features are valid and distinct
//! - `check_feature_spelling`: no feature misspells `deprecated` or `unstable`
//! - `check_special_features`: types have neither `deprecated` nor `unstable`
//! - `check_part`: the rules for values, members and arguments
//! - `check_owned`: a type owns its data
//! - `check_clashes`: names within a definition are distinct, and so are their spellings in C
//!
//! Rules for other attributes are in [`attributes`], and rules for documentation in [`doc`].
//!
//! Names, in [`name`]:
//! - `check_form`: a name consists of letters, digits, `-` and `_` after a letter
//! - `check_convention`: commands and members are lower case, events upper case, types CamelCase
//! - `check_reserved`: a name is not reserved for the generator
//! - `check_exception`: a name with `name_exception` does not follow the convention
//!
//! Types, in [`type_`]:
//! - `check_type`: a type has an equivalent in QAPI
//! - `check_member_type`: a member has a valid encoding and default
//!
//! Types that contain themselves have rules in [`recursion`]. Rules for one kind of definition are
//! in the file of that kind.

pub(crate) mod alternate;
pub(crate) mod attributes;
pub(crate) mod command;
mod doc;
pub(crate) mod enum_;
pub(crate) mod event;
pub(crate) mod fields;
pub(crate) mod name;
pub(crate) mod parameter;
pub(crate) mod place;
pub(crate) mod recursion;
pub(crate) mod returned;
pub(crate) mod struct_;
pub(crate) mod type_;
pub(crate) mod union_;

use std::collections::{HashMap, HashSet};

use proc_macro2::Span;
use syn::{Attribute, Generics, Ident, ItemEnum, LitStr, Type};

use crate::args::{FeatureWord, is_qapi};
use crate::errors::Errors;
use crate::messages::{self, owned_type};
use crate::model::{Head, Name, Part};
use crate::names::c_name;
use crate::types::{bare, only_argument, shows_lifetime};
use name::{NameKind, check_name};

/// The attributes that annotate a definition.
const ATTRIBUTES: [&str; 6] =
    ["qapi_enum", "qapi_struct", "qapi_union", "qapi_alternate", "qapi_command", "qapi_event"];

/// The features with a meaning for QEMU's tools and for a server's policy.
const SPECIAL_FEATURES: [&str; 2] = ["deprecated", "unstable"];

/// All rules for the properties of every definition.
fn check_head(head: &Head, kind: NameKind, attributes: &[Attribute], errors: &Errors) {
    check_item_attributes(attributes, errors);
    check_name(&head.name, kind, errors);
    check_since(head.since.as_ref(), errors);
    check_features(&head.features, errors);
    check_special_features(&head.features, kind, errors);
}

/// All rules for the attributes of an item.
fn check_item_attributes(attributes: &[Attribute], errors: &Errors) {
    check_one_kind(attributes, errors);
    check_misplaced_words(attributes, messages::WORDS_OF_DEFINITION, errors);
}

/// `#[qapi(…)]` is only in places where the macros parse it.
fn check_misplaced_words(attributes: &[Attribute], advice: &str, errors: &Errors) {
    for attribute in attributes.iter().filter(|attribute| is_qapi(attribute)) {
        errors.at(attribute.path(), messages::misplaced(advice));
    }
}

/// The fields of variants have no `#[qapi(…)]`.
fn check_variant_fields(item: &ItemEnum, errors: &Errors) {
    for field in item.variants.iter().flat_map(|variant| &variant.fields) {
        check_misplaced_words(&field.attrs, "words belong on the variant; move them", errors);
    }
}

/// An item is one definition, not two.
fn check_one_kind(attributes: &[Attribute], errors: &Errors) {
    for attribute in attributes {
        if let Some(name) = kind(attribute) {
            let message = format!(
                "`{name}`: the item already is a QAPI definition; remove one of the attributes"
            );
            errors.at(attribute.path(), message);
        }
    }
}

/// Whether one of `attributes` annotates a definition.
pub(crate) fn is_annotated(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| kind(attribute).is_some())
}

/// The name of `attribute`, if it annotates a definition.
fn kind(attribute: &Attribute) -> Option<&Ident> {
    let last = &attribute.path().segments.last()?.ident;
    ATTRIBUTES.iter().any(|name| last == name).then_some(last)
}

/// A definition has no generic parameters.
fn check_no_generics(generics: &Generics, errors: &Errors) {
    const ADVICE: &str = "a QAPI definition has no generic parameters; write concrete types";
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

/// Variants have no discriminants.
fn check_no_numbers(item: &ItemEnum, errors: &Errors) {
    for variant in &item.variants {
        if let Some((_, number)) = &variant.discriminant {
            let ident = &variant.ident;
            let message =
                format!("`{ident}`: a QAPI name has no number; remove the discriminant");
            errors.at(number, message);
        }
    }
}

/// A version consists of one to three numbers with dots between them.
fn check_since(since: Option<&LitStr>, errors: &Errors) {
    let Some(since) = since else { return };
    let text = since.value();
    let is_number =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !text.split('.').all(is_number) || text.split('.').count() > 3 {
        let message = format!(
            "`{text}`: not a version; write up to three numbers with dots between them, as in \
             `since = \"2.12\"`"
        );
        errors.at(since, message);
    }
}

/// The names of features are valid and distinct. Features with `cfg` may have the same name, as
/// their conditions may exclude each other.
fn check_features(features: &[FeatureWord], errors: &Errors) {
    let mut seen = HashSet::new();
    for FeatureWord { name, span, since, doc: _, cfg } in features {
        check_since(since.as_ref(), errors);
        let whole = Name { text: name.clone(), span: *span, exception: None };
        check_name(&whole, NameKind::Feature, errors);
        check_feature_spelling(name, *span, errors);
        if cfg.is_empty() && !seen.insert(c_name(name)) {
            errors.at_span(*span, messages::duplicate(name));
        }
    }
}

/// No feature misspells `deprecated` or `unstable`, as such a feature would have no effect. Names
/// with digits or with several words do not count as misspelled.
fn check_feature_spelling(name: &str, span: Span, errors: &Errors) {
    for special in SPECIAL_FEATURES {
        let same_start = name.chars().next() == special.chars().next();
        let one_word = name.chars().all(|letter| letter.is_ascii_alphabetic() || letter == '_');
        if name != special && same_start && one_word && strsim::osa_distance(name, special) <= 2 {
            let message = format!(
                "`{name}`: too similar to `{special}`; write that, or choose another name"
            );
            errors.at_span(span, message);
        }
    }
}

/// Types have neither `deprecated` nor `unstable`. These features belong to the members, commands
/// and events that use the type.
fn check_special_features(features: &[FeatureWord], kind: NameKind, errors: &Errors) {
    if kind != NameKind::Type {
        return;
    }
    for FeatureWord { name, span, since: _, doc: _, cfg: _ } in features {
        if SPECIAL_FEATURES.contains(&name.as_str()) {
            let message = format!(
                "`{name}`: a type cannot have this feature; move it to the members, commands and \
                 events that use the type"
            );
            errors.at_span(*span, message);
        }
    }
}

/// All rules for a value, a member or an argument.
fn check_part(part: &Part, kind: NameKind, errors: &Errors) {
    check_name(&part.name, kind, errors);
    check_since(part.since.as_ref(), errors);
    check_features(&part.features, errors);
}

/// A type owns its data, as a value outlives the message from which it was decoded.
fn check_owned(ident: &Ident, ty: &Type, errors: &Errors) {
    let inner = only_argument(ty, "Option").unwrap_or(bare(ty));
    if let Type::Reference(reference) = inner {
        let owned = owned_type(&reference.elem);
        let message = format!(
            "`{ident}`: a QAPI type owns its data; write {owned} in place of the reference"
        );
        errors.at(reference, message);
    }
    if let Type::Path(path) = inner
        && let Some(last) = path.path.segments.last().filter(|last| last.ident == "Cow")
        && !shows_lifetime(&last.arguments)
    {
        let message = format!(
            "`{ident}`: a QAPI type owns its data; write `Cow<'static, Type>`, or the owned type"
        );
        errors.at(&last.ident, message);
    }
}

/// Names within a definition are distinct, and so are their spellings in C. Parts with `cfg` may
/// have the same name, as their conditions may exclude each other.
fn check_clashes<'a>(parts: impl IntoIterator<Item = &'a Part>, errors: &Errors) {
    let mut seen: HashMap<String, (&Ident, &str)> = HashMap::new();
    for Part { ident, name, cfg, .. } in parts {
        if !cfg.is_empty() {
            continue;
        }
        if let Some((other, first)) = seen.insert(c_name(&name.text), (ident, &name.text)) {
            if ident == other {
                errors.leave_to_compiler();
                continue;
            }
            let message = if first == name.text {
                format!(
                    "`{ident}`: the name `{first}` is taken within the definition; choose \
                     another name"
                )
            } else {
                format!(
                    "`{ident}`: the names `{}` and `{first}` are the same in C; choose another \
                     name",
                    name.text
                )
            };
            errors.at_span(name.span, message);
        }
    }
}
