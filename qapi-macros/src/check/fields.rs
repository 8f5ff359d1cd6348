//! Rules for the fields of structs, unions and events:
//! - `check_fields_are_named`: members have names
//! - `check_base`: only the first field may be a base; a base has no other words

use syn::{Fields, ItemStruct};

use super::name::NameKind;
use super::type_::check_member_type;
use super::{check_clashes, check_owned, check_part};
use crate::args::Stray;
use crate::errors::Errors;
use crate::model::{Base, Member, Part};

/// All rules for members.
pub(super) fn check_members(members: &[Member], errors: &Errors) {
    check_parts(members.iter().map(|member| &member.part), errors);
    for member in members {
        check_owned(&member.part.ident, &member.ty, errors);
        check_member_type(member, errors);
    }
}

/// The rules for members, except those for their types.
pub(super) fn check_parts<'a>(parts: impl Iterator<Item = &'a Part> + Clone, errors: &Errors) {
    for part in parts.clone() {
        check_part(part, NameKind::Member, errors);
    }
    check_clashes(parts, errors);
}

/// Members have names.
pub(super) fn check_fields_are_named(item: &ItemStruct, errors: &Errors) {
    if let Fields::Unnamed(fields) = &item.fields {
        let message = format!(
            "`{}`: the members of a QAPI object have names; write `struct {0} {{ name: Type }}`",
            item.ident
        );
        errors.at(fields, message);
    }
}

/// Only the first field may be a base. A base has no other words.
pub(super) fn check_base(item: &ItemStruct, bases: &[Base], errors: &Errors) {
    for base in bases.iter().skip(1) {
        let message = "`base`: a QAPI object has one base; write the members of this one as \
                       fields, or make it a base of the first";
        errors.at_span(base.word, message);
    }
    let first_field = item.fields.iter().find_map(|field| field.ident.as_ref());
    for base in bases.iter().take(1) {
        if first_field != Some(&base.ident) {
            let message = "`base`: members of the base come first; make it the first field";
            errors.at_span(base.word, message);
        }
    }
    for Stray { word, span } in bases.iter().flat_map(|base| &base.strays) {
        let message = format!("`{word}`: a base is no member; remove the word");
        errors.at_span(*span, message);
    }
}
