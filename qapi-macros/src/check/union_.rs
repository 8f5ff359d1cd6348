//! Rules for `#[qapi_union]` on an enum:
//! - `check_branches_are_objects`: a branch has one type or none
//! - `check_tag`: `tag` is not a built-in type
//! - `check_has_branches`: a union has branches
//! - `check_branches_strays`: the branches of another union have no words of a definition
//!
//! On a struct:
//! - `check_one_discriminator`: one field is the discriminator, if the base does not contain it
//! - `check_base_discriminator`: if the base contains the discriminator, one field is the branches
//!
//! Further rules are in [`fields`](super::fields). The compiler reports branches that are not
//! values of the enum `tag`.

use syn::{Fields, Item, ItemEnum, ItemStruct};

use super::doc::{Documented, check_doc};
use super::fields::{check_base, check_fields_are_named, check_parts};
use super::name::{NameKind, check_name};
use super::type_::{check_discriminator, check_member_type};
use super::{
    check_head, check_item_attributes, check_no_generics, check_no_numbers, check_owned,
    check_variant_fields,
};
use crate::args::Stray;
use crate::errors::Errors;
use crate::model::{Head, Part, Union, UnionEnum, UnionField, UnionStruct};

/// Built-in types, which are not enums.
const BUILTIN: [&str; 13] = [
    "String", "bool", "f64", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "Vec", "Value",
];

pub(crate) fn check(item: &Item, model: &Union, errors: &Errors) {
    match (item, model) {
        (Item::Enum(item), Union::Enum(model)) => check_enum(item, model, errors),
        (Item::Struct(item), Union::Struct(model)) => check_struct(item, model, errors),
        (_, Union::Enum(_) | Union::Struct(_)) => {}
    }
}

fn check_enum(item: &ItemEnum, model: &UnionEnum, errors: &Errors) {
    match &model.discriminator {
        Some(discriminator) => {
            check_head(&model.head, NameKind::Type, &item.attrs, errors);
            check_union_doc(&model.head, Vec::new(), errors);
            check_name(discriminator, NameKind::Member, errors);
        }
        None => check_item_attributes(&item.attrs, errors),
    }
    check_tag(model, errors);
    check_branches_strays(model, errors);
    check_no_generics(&item.generics, errors);
    check_has_branches(item, errors);
    check_branches_are_objects(item, errors);
    check_variant_fields(item, errors);
    check_no_numbers(item, errors);
}

fn check_union_doc(head: &Head, parts: Vec<&Part>, errors: &Errors) {
    let documented = Documented { head, kind: "union", part: "member", parts, returns: None };
    check_doc(&documented, errors);
}

fn check_struct(item: &ItemStruct, model: &UnionStruct, errors: &Errors) {
    check_head(&model.head, NameKind::Type, &item.attrs, errors);
    let parts = || model.fields.iter().map(|field| &field.member().part);
    check_union_doc(&model.head, parts().collect(), errors);
    check_no_generics(&item.generics, errors);
    check_fields_are_named(item, errors);
    check_base(item, &model.bases, errors);
    check_parts(parts(), errors);
    if model.discriminator.is_none() && model.branches.is_empty() {
        check_one_discriminator(item, model, errors);
    } else {
        check_base_discriminator(model, errors);
    }
    for field in &model.fields {
        let member = field.member();
        check_owned(&member.part.ident, &member.ty, errors);
        match field {
            UnionField::Member(member) => check_member_type(member, errors),
            UnionField::Discriminator { member, .. } => check_discriminator(member, errors),
        }
    }
}

/// `tag` is not a built-in type.
fn check_tag(model: &UnionEnum, errors: &Errors) {
    let Some(tag) = model.tag.segments.last() else { return };
    let ident = tag.ident.to_string();
    let is_builtin = BUILTIN.contains(&ident.as_str());
    if is_builtin {
        let message = format!(
            "`{ident}`: the value of an enum selects the branch; write the name of an enum with \
             `#[qapi_enum]`"
        );
        errors.at(&model.tag, message);
    }
}

/// A branch has one type or none.
fn check_branches_are_objects(item: &ItemEnum, errors: &Errors) {
    for variant in &item.variants {
        let ident = &variant.ident;
        match &variant.fields {
            Fields::Unit => {}
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {}
            fields @ (Fields::Unnamed(_) | Fields::Named(_)) => {
                let message = format!(
                    "`{ident}`: a branch has one type, a struct or union; write \
                     `{ident}(TheStruct)`, or `{ident}` alone for a branch without members"
                );
                errors.at(fields, message);
            }
        }
    }
}

/// A union has branches.
fn check_has_branches(item: &ItemEnum, errors: &Errors) {
    if item.variants.is_empty() {
        let message = format!(
            "`{}`: a union has branches; write one variant for each value of the discriminator",
            item.ident
        );
        errors.at(&item.ident, message);
    }
}

/// The branches of another union have no words of a definition.
fn check_branches_strays(model: &UnionEnum, errors: &Errors) {
    for Stray { word, span } in &model.strays {
        let message = format!(
            "`{word}`: without `discriminator` the enum is only the branches of another union; \
             move the word to that union, or add `discriminator = \"member-name\"`"
        );
        errors.at_span(*span, message);
    }
}

/// One field is the discriminator, if the base does not contain it.
fn check_one_discriminator(item: &ItemStruct, model: &UnionStruct, errors: &Errors) {
    let mut words = model.fields.iter().filter_map(|field| match field {
        UnionField::Discriminator { member: _, word } => Some(*word),
        UnionField::Member(_) => None,
    });
    if words.next().is_none() {
        let message = format!(
            "`{}`: the union has no discriminator; write `#[qapi(discriminator)]` on the field \
             with the branches, or `#[qapi_struct]` on the struct",
            item.ident
        );
        errors.at(&item.ident, message);
    }
    for word in words {
        let message = "`discriminator`: a union has one discriminator; remove the word from the \
                       other fields";
        errors.at_span(word, message);
    }
}

/// If the base contains the discriminator, one field is the branches.
fn check_base_discriminator(model: &UnionStruct, errors: &Errors) {
    if let Some(discriminator) = &model.discriminator {
        let missing = match (model.bases.is_empty(), model.branches.is_empty()) {
            (false, false) => None,
            (true, false) => {
                Some("the union has no base with this member; write `#[qapi(base)]` on a field")
            }
            (false, true) => Some(
                "the union has no field with the branches; write `#[qapi(branches)]` on a field",
            ),
            (true, true) => Some(
                "the union has neither a base with this member nor a field with the branches; \
                 write `#[qapi(base)]` on one field and `#[qapi(branches)]` on another",
            ),
        };
        if let Some(missing) = missing {
            let message = format!(
                "`{}`: {missing}, or `#[qapi(discriminator)]` on the discriminator itself",
                discriminator.value()
            );
            errors.at(discriminator, message);
        }
    }
    for field in &model.branches {
        if model.discriminator.is_none() {
            let message = "`branches`: the discriminator in the base has no name; write \
                           `#[qapi_union(discriminator = \"member-name\")]`";
            errors.at_span(field.word, message);
        }
        for Stray { word, span } in &field.strays {
            let message =
                format!("`{word}`: the branches are no member; move it to a member of the base");
            errors.at_span(*span, message);
        }
    }
    for second in model.branches.iter().skip(1) {
        let message = "`branches`: a union has one field with the branches; remove the word from \
                       the others";
        errors.at_span(second.word, message);
    }
    for field in &model.fields {
        if let UnionField::Discriminator { word, .. } = field {
            let message = "`discriminator`: a union has one discriminator, and the base contains \
                           it; remove one of the two";
            errors.at_span(*word, message);
        }
    }
}
