//! `#[qapi_union]`

use proc_macro2::TokenStream;
use syn::{Item, ItemEnum, ItemStruct};

use super::members::{base, member};
use super::{cfg, head, only_field, unchanged, wrong_item};
use crate::args::Words;
use crate::errors::{Errors, Reported};
use crate::model::{Branch, BranchesField, Name, Union, UnionEnum, UnionField, UnionStruct};
use crate::symbol;

pub(crate) fn parse(args: TokenStream, item: &Item, errors: &Errors) -> Result<Union, Reported> {
    match item {
        Item::Enum(item) => Ok(Union::Enum(parse_enum(args, item, errors))),
        Item::Struct(item) => Ok(Union::Struct(parse_struct(args, item, errors))),
        other => Err(wrong_item("qapi_union", "an enum or a struct", other, errors)),
    }
}

fn parse_enum(args: TokenStream, item: &ItemEnum, errors: &Errors) -> UnionEnum {
    let words = Words::of_arguments(args, "`qapi_union`", symbol::UNION_ENUM_WORDS, errors);
    let discriminator = words.text(symbol::DISCRIMINATOR_NAME).map(|text| Name {
        text: text.value(),
        span: text.span(),
        exception: words.span(symbol::NAME_EXCEPTION),
    });
    let branches = item.variants.iter().map(|variant| {
        let legal = symbol::BRANCH_WORDS;
        let words = Words::of_attributes(&variant.attrs, "a branch", legal, errors);
        Branch {
            ident: variant.ident.clone(),
            ty: only_field(&variant.fields).cloned(),
            open: words.span(symbol::OPEN).is_some(),
            cfg: cfg(&variant.attrs),
        }
    });
    let mut head = head(&words, &item.ident, &item.attrs, unchanged);
    // `name_exception` exempts the discriminator; names of types have no exemption.
    head.name.exception = None;
    UnionEnum {
        strays: match discriminator {
            Some(_) => Vec::new(),
            None => words.strays(symbol::BRANCHES_WORDS),
        },
        discriminator,
        tag: words.required_path(symbol::TAG, "`qapi_union` on an enum", errors),
        branches: branches.collect(),
        head,
    }
}

fn parse_struct(args: TokenStream, item: &ItemStruct, errors: &Errors) -> UnionStruct {
    let owner = "`qapi_union` on a struct";
    let words = Words::of_arguments(args, owner, symbol::UNION_STRUCT_WORDS, errors);
    let mut model = UnionStruct {
        head: head(&words, &item.ident, &item.attrs, unchanged),
        bases: Vec::new(),
        discriminator: words.text(symbol::DISCRIMINATOR_NAME).cloned(),
        branches: Vec::new(),
        fields: Vec::new(),
    };
    for field in &item.fields {
        let legal = symbol::UNION_MEMBER_WORDS;
        let words = Words::of_attributes(&field.attrs, "a member", legal, errors);
        let Some(ident) = &field.ident else { continue };
        if let Some(base) = base(&words, ident, field) {
            model.bases.push(base);
            continue;
        }
        if let Some(word) = words.span(symbol::BRANCHES) {
            let strays = words.strays(&[symbol::BRANCHES]);
            let (ident, ty) = (ident.clone(), field.ty.clone());
            model.branches.push(BranchesField { ident, ty, word, strays });
            continue;
        }
        let member = member(&words, ident, field);
        model.fields.push(match words.span(symbol::DISCRIMINATOR) {
            Some(word) => UnionField::Discriminator { member, word },
            None => UnionField::Member(member),
        });
    }
    model
}
