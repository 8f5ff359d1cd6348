//! Fields that are members of an object.

use syn::{Field, Ident};

use super::part;
use crate::args::Words;
use crate::model::{Base, Member};
use crate::{names, symbol};

/// The member that `field` is, under the words of its attributes.
pub(crate) fn member(words: &Words, ident: &Ident, field: &Field) -> Member {
    Member {
        part: part(words, ident, &field.attrs, names::dashed_from_snake),
        ty: field.ty.clone(),
    }
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
