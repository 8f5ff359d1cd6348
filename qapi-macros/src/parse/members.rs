//! The members and the base of an object.

use syn::{Field, Ident, ItemStruct};

use super::part;
use crate::args::Words;
use crate::errors::Errors;
use crate::model::{Base, DefaultValue, Encoding, Member, OnlyField};
use crate::{names, symbol};

/// The member that `field` declares with `words`.
pub(crate) fn member(words: &Words, ident: &Ident, field: &Field) -> Member {
    Member {
        part: part(words, ident, &field.attrs, names::dashed_from_snake),
        ty: field.ty.clone(),
        encodings: encodings(words),
        default: default(words),
        secret: words.span(symbol::SECRET).is_some(),
    }
}

/// The default that the words declare.
pub(crate) fn default(words: &Words) -> Option<DefaultValue> {
    let word = words.span(symbol::DEFAULT)?;
    let value = words.expression(symbol::DEFAULT)?.cloned().map(Box::new);
    Some(DefaultValue { word, value })
}

/// The encodings that the words declare.
pub(crate) fn encodings(words: &Words) -> Vec<Encoding> {
    let unit = words.text(symbol::UNIT).cloned().map(Encoding::Unit);
    let base64 = words.span(symbol::BASE64).map(Encoding::Base64);
    unit.into_iter().chain(base64).collect()
}

/// The fields of a struct that should have a single field, which accepts no words. Messages call
/// the field `owner`.
pub(crate) fn only_fields(item: &ItemStruct, owner: &str, errors: &Errors) -> Vec<OnlyField> {
    let field = |(member, field): (syn::Member, &Field)| {
        // Reports every word, as none is legal.
        let _none = Words::of_attributes(&field.attrs, owner, &[], errors);
        OnlyField { member, ty: field.ty.clone() }
    };
    item.fields.members().zip(&item.fields).map(field).collect()
}

/// The base, if `words` contain `base`.
pub(crate) fn base(words: &Words, ident: &Ident, field: &Field) -> Option<Base> {
    Some(Base {
        ident: ident.clone(),
        ty: field.ty.clone(),
        word: words.span(symbol::BASE)?,
        strays: words.strays(&[symbol::BASE]),
    })
}
