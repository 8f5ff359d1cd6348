//! Rules on `#[qapi_union]` on an enum:
//! - `check_branches_are_objects`: each branch is one type, or nothing
//! - `check_tag`: the values that select a branch are those of an enum
//! - `check_has_branches`: there are branches
//! - `check_branches_strays`: branches alone are no definition, and have no words of one
//!
//! On a struct:
//! - `check_one_discriminator`: one field is the discriminator, unless the base has it
//! - `check_base_discriminator`: the base has it, and a field holds the branches
//!
//! And those of [`fields`](super::fields). That branches and the enum's values agree is for the
//! compiler to say.

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

/// Types that are no enums by any definition.
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

/// The values that select a branch are those of an enum.
fn check_tag(model: &UnionEnum, errors: &Errors) {
    let Some(tag) = model.tag.segments.last() else { return };
    let ident = tag.ident.to_string();
    let is_builtin = BUILTIN.contains(&ident.as_str());
    if is_builtin {
        let message = format!(
            "`{ident}`: a branch is selected by a value of an enum; name one that is annotated \
             with `#[qapi_enum]`"
        );
        errors.at(&model.tag, message);
    }
}

/// Each branch is one type, or nothing.
fn check_branches_are_objects(item: &ItemEnum, errors: &Errors) {
    for variant in &item.variants {
        let ident = &variant.ident;
        match &variant.fields {
            Fields::Unit => {}
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {}
            fields @ (Fields::Unnamed(_) | Fields::Named(_)) => {
                let message = format!(
                    "`{ident}`: a branch is one struct or union; write `{ident}(TheStruct)`, or \
                     `{ident}` alone where it adds no members"
                );
                errors.at(fields, message);
            }
        }
    }
}

/// There are branches.
fn check_has_branches(item: &ItemEnum, errors: &Errors) {
    if item.variants.is_empty() {
        let message = format!(
            "`{}`: a union has branches; write a variant for each value of the discriminator",
            item.ident
        );
        errors.at(&item.ident, message);
    }
}

/// Branches alone are no definition, and have no words of one.
fn check_branches_strays(model: &UnionEnum, errors: &Errors) {
    for Stray { word, span } in &model.strays {
        let message = format!(
            "`{word}`: without a discriminator these are only the branches of another union; \
             write it there, or add `discriminator = \"member-name\"`"
        );
        errors.at_span(*span, message);
    }
}

/// One field is the discriminator.
fn check_one_discriminator(item: &ItemStruct, model: &UnionStruct, errors: &Errors) {
    let mut words = model.fields.iter().filter_map(|field| match field {
        UnionField::Discriminator { member: _, word } => Some(*word),
        UnionField::Member(_) => None,
    });
    if words.next().is_none() {
        let message = format!(
            "`{}`: no member selects the branch; mark the field with the branches with \
             `#[qapi(discriminator)]`, or annotate with `#[qapi_struct]`",
            item.ident
        );
        errors.at(&item.ident, message);
    }
    for word in words {
        let message = "`discriminator`: one member selects the branch; mark one field only";
        errors.at_span(word, message);
    }
}

/// The base has the discriminator, and a field holds the branches.
fn check_base_discriminator(model: &UnionStruct, errors: &Errors) {
    if let Some(discriminator) = &model.discriminator {
        let missing = match (model.bases.is_empty(), model.branches.is_empty()) {
            (false, false) => None,
            (true, false) => Some("and there is none; mark a field with `#[qapi(base)]`"),
            (false, true) => {
                Some("and no field holds the branches; mark it with `#[qapi(branches)]`")
            }
            (true, true) => Some(
                "and there is none; mark a field with `#[qapi(base)]`, and the one with the \
                 branches with `#[qapi(branches)]`",
            ),
        };
        if let Some(missing) = missing {
            let message = format!(
                "`{}`: the member of a base is meant, {missing}, or mark the discriminator itself \
                 with `#[qapi(discriminator)]`",
                discriminator.value()
            );
            errors.at(discriminator, message);
        }
    }
    for field in &model.branches {
        if model.discriminator.is_none() {
            let message = "`branches`: nothing says which member of the base selects the branch; \
                           write `#[qapi_union(discriminator = \"member-name\")]`";
            errors.at_span(field.word, message);
        }
        for Stray { word, span } in &field.strays {
            let message =
                format!("`{word}`: the branches are no member; put it on a member of the base");
            errors.at_span(*span, message);
        }
    }
    for second in model.branches.iter().skip(1) {
        let message = "`branches`: one member selects the branch; mark one field only";
        errors.at_span(second.word, message);
    }
    for field in &model.fields {
        if let UnionField::Discriminator { word, .. } = field {
            let message = "`discriminator`: one member selects the branch, and the base has it; \
                           leave out one of the two";
            errors.at_span(*word, message);
        }
    }
}
