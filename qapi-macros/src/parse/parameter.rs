//! The parameters of a command's function: the source of each value, and how it is passed.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Pat, PatType, Type, parse_quote_spanned};

use super::members::{default, encodings};
use super::part;
use crate::args::Words;
use crate::errors::Errors;
use crate::model::{
    Argument, DefaultValue, Execution, Member, Parameter, Passing, Role, Sharing,
};
use crate::symbol::Word;
use crate::types::{
    at_last_segment, bare, is_path, is_str, last_segment, only_argument, with_argument,
};
use crate::{names, symbol};

/// How the parameters of a function correspond to the arguments of its command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArgumentForm {
    /// Each parameter is one argument.
    Listed,
    /// One parameter contains all arguments, so that words of an argument have no meaning for it.
    Whole,
}

/// The parameter, if it has a name.
pub(crate) fn parse(
    parameter: &PatType,
    execution: Execution,
    form: ArgumentForm,
    errors: &Errors,
) -> Option<Parameter> {
    let legal = symbol::PARAMETER_WORDS;
    let words = Words::of_attributes(&parameter.attrs, "a parameter", legal, errors);
    let Pat::Ident(pattern) = &*parameter.pat else { return None };
    let ident = pattern.ident.clone();
    let (role, fitting): (Role, &[Word]) = if words.span(symbol::STATE).is_some() {
        let (ty, sharing) = shared(&parameter.ty);
        (Role::State(ty, sharing), &[symbol::STATE])
    } else if words.span(symbol::SESSION).is_some() {
        let (_, sharing) = shared(&parameter.ty);
        (Role::Session(sharing), &[symbol::SESSION])
    } else if words.span(symbol::CANCELLATION).is_some() {
        let (_, sharing) = shared(&parameter.ty);
        (Role::Cancellation(sharing), &[symbol::CANCELLATION])
    } else {
        let part = part(&words, &ident, &parameter.attrs, names::dashed_from_snake);
        let (ty, passing) = match words.span(symbol::FD) {
            Some(_) => (name_of_fd(&parameter.ty), Passing::Fd),
            None => passing(&parameter.ty, execution),
        };
        let argument = Argument {
            member: Member {
                part,
                ty,
                encodings: encodings(&words),
                default: default(&words)
                    .map(|default| owned_default(default, &parameter.ty, passing)),
                secret: words.span(symbol::SECRET).is_some(),
            },
            passing,
        };
        let fitting = match form {
            ArgumentForm::Listed => legal,
            ArgumentForm::Whole => &[],
        };
        (Role::Argument(argument), fitting)
    };
    let strays = words.strays(fitting);
    Some(Parameter { ident, declared: (*parameter.ty).clone(), role, strays })
}

/// `T`, if `ty` is `&T` or `Arc<T>`; `check` rejects all other types.
fn shared(ty: &Type) -> (Type, Sharing) {
    match bare(ty) {
        Type::Reference(reference) => ((*reference.elem).clone(), Sharing::Reference),
        other => match only_argument(other, "Arc") {
            Some(inner) => (inner.clone(), Sharing::Arc),
            None => (other.clone(), Sharing::Arc),
        },
    }
}

/// The type to decode for a file descriptor of type `ty`: the type of its name.
fn name_of_fd(ty: &Type) -> Type {
    let (ty, span) = (at_last_segment(ty), Span::call_site().located_at(last_segment(ty)));
    parse_quote_spanned!(span=> <#ty as __qapi::FdParameter>::Name)
}

/// The type to decode for a parameter of type `ty`, and how to pass it to the function.
///
/// Only the strings of inline functions borrow from the request. Other references are decoded
/// into an owned value, and the function borrows that value.
fn passing(ty: &Type, execution: Execution) -> (Type, Passing) {
    let ty = bare(ty);
    if let Type::Reference(reference) = ty {
        return match (execution, is_str(&reference.elem)) {
            (Execution::Inline, true) => (ty.clone(), Passing::Value),
            (Execution::Inline | Execution::Blocking | Execution::Async, _) => {
                (owned(&reference.elem), Passing::Reference)
            }
        };
    }
    let Some(Type::Reference(inner)) = only_argument(ty, "Option") else {
        return (ty.clone(), Passing::Value);
    };
    let passing = match (execution, bare(&inner.elem)) {
        (Execution::Inline, elem) if is_str(elem) => return (ty.clone(), Passing::Value),
        (_, Type::Slice(_)) => Passing::OptionalSlice,
        (_, elem) if is_str(elem) || is_path(elem) => Passing::OptionalSlice,
        (_, _) => Passing::OptionalReference,
    };
    (with_argument(ty, &owned(&inner.elem)), passing)
}

/// The default of a parameter of type `ty`, converted to the decoded type.
fn owned_default(default: DefaultValue, ty: &Type, passing: Passing) -> DefaultValue {
    let (Passing::Reference, Type::Reference(reference)) = (passing, bare(ty)) else {
        return default;
    };
    let elem = &reference.elem;
    let value = default.value.map(|value| {
        let span = Span::call_site().located_at(value.span());
        Box::new(parse_quote_spanned!(span=> <#elem as __qapi::ToOwned>::to_owned(#value)))
    });
    DefaultValue { value, ..default }
}

/// The owned type of a reference to `borrowed`.
fn owned(borrowed: &Type) -> Type {
    let span = Span::call_site().located_at(borrowed.span());
    match bare(borrowed) {
        Type::Slice(slice) => {
            let elem = &slice.elem;
            parse_quote_spanned!(span=> __qapi::Vec<#elem>)
        }
        other if is_str(other) => parse_quote_spanned!(span=> __qapi::String),
        other if is_path(other) => parse_quote_spanned!(span=> __qapi::PathBuf),
        other => other.clone(),
    }
}
