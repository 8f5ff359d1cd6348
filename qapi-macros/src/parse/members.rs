//! Fields that are members of an object.

use syn::{Field, Ident, ItemStruct};

use super::part;
use crate::args::Words;
use crate::errors::Errors;
use crate::model::{Base, DefaultValue, Member, OnlyField, Representation};
use crate::{names, symbol};

/// The member that `field` is, under the words of its attributes.
pub(crate) fn member(words: &Words, ident: &Ident, field: &Field) -> Member {
    Member {
        part: part(words, ident, &field.attrs, names::dashed_from_snake),
        ty: field.ty.clone(),
        representations: representations(words),
        default: default(words),
    }
}

/// What the words say of its absence.
pub(crate) fn default(words: &Words) -> Option<DefaultValue> {
    let word = words.place(symbol::DEFAULT)?;
    let value = words.expression(symbol::DEFAULT)?.cloned().map(Box::new);
    Some(DefaultValue { word, value })
}

/// In which ways the words say that a value is told.
pub(crate) fn representations(words: &Words) -> Vec<Representation> {
    let unit = words.text(symbol::UNIT).cloned().map(Representation::Unit);
    let base64 = words.place(symbol::BASE64).map(Representation::Base64);
    unit.into_iter().chain(base64).collect()
}

/// The fields of a struct that has one for its content, which messages call `what`.
pub(crate) fn only_fields(item: &ItemStruct, what: &str, errors: &Errors) -> Vec<OnlyField> {
    let field = |(member, field): (syn::Member, &Field)| {
        // Reads no words, and thereby refuses them.
        let _none = Words::of_attributes(&field.attrs, what, &[], errors);
        OnlyField { member, ty: field.ty.clone() }
    };
    item.fields.members().zip(&item.fields).map(field).collect()
}

/// The base that `field` is, if the words of its attributes say so.
pub(crate) fn base(words: &Words, ident: &Ident, field: &Field) -> Option<Base> {
    Some(Base {
        ident: ident.clone(),
        ty: field.ty.clone(),
        word: words.place(symbol::BASE)?,
        strays: words.strays(&[symbol::BASE]),
    })
}
