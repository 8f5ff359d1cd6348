//! The parameters of a command's function: where each value comes from, and how it gets there.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Pat, PatType, Type, parse_quote_spanned};

use super::members::{default, representations};
use super::part;
use crate::args::Words;
use crate::errors::Errors;
use crate::model::{
    Argument, DefaultValue, Execution, Member, Parameter, Passing, Role, Sharing,
};
use crate::symbol::Word;
use crate::types::{bare, is_path, is_str, only_argument, with_argument};
use crate::{names, symbol};

/// The parameter, if it has a name. One that stands for the `whole` of the arguments has no words
/// of an argument.
pub(crate) fn parse(
    parameter: &PatType,
    execution: Execution,
    whole: bool,
    errors: &Errors,
) -> Option<Parameter> {
    let legal = symbol::PARAMETER_WORDS;
    let words = Words::of_attributes(&parameter.attrs, "a parameter", legal, errors);
    let Pat::Ident(pattern) = &*parameter.pat else { return None };
    let ident = pattern.ident.clone();
    let (role, fitting): (Role, &[Word]) = if words.place(symbol::STATE).is_some() {
        let (ty, sharing) = shared(&parameter.ty);
        (Role::State(ty, sharing), &[symbol::STATE])
    } else if words.place(symbol::SESSION).is_some() {
        let (_, sharing) = shared(&parameter.ty);
        (Role::Session(sharing), &[symbol::SESSION])
    } else {
        let part = part(&words, &ident, &parameter.attrs, names::dashed_from_snake);
        let (ty, passing) = match words.place(symbol::FD) {
            Some(_) => (name_of_fd(&parameter.ty), Passing::Fd),
            None => passing(&parameter.ty, execution),
        };
        let argument = Argument {
            member: Member {
                part,
                ty,
                representations: representations(&words),
                default: default(&words)
                    .map(|default| owned_default(default, &parameter.ty, passing)),
            },
            passing,
        };
        (Role::Argument(argument), if whole { &[] } else { legal })
    };
    let strays = words.strays(fitting);
    Some(Parameter { ident, written: (*parameter.ty).clone(), role, strays })
}

/// The type behind `&T` or `Arc<T>`. Checking refuses all others.
fn shared(ty: &Type) -> (Type, Sharing) {
    match bare(ty) {
        Type::Reference(reference) => ((*reference.elem).clone(), Sharing::Reference),
        other => match only_argument(other, "Arc") {
            Some(inner) => (inner.clone(), Sharing::Arc),
            None => (other.clone(), Sharing::Arc),
        },
    }
}

/// The type to read for a file descriptor of type `ty`: its name.
fn name_of_fd(ty: &Type) -> Type {
    let span = Span::call_site().located_at(ty.span());
    parse_quote_spanned!(span=> <#ty as __qapi::FdParameter>::Name)
}

/// The type to read for a parameter of type `ty`, and how to pass it on.
///
/// Only strings of inline functions are borrowed from the message; all else is read whole and
/// lent to the function.
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

/// The default of a parameter of type `ty`, as a value of the type that is read for it.
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

/// The type that owns what `lent` is a view of.
fn owned(lent: &Type) -> Type {
    match bare(lent) {
        Type::Slice(slice) => {
            let elem = &slice.elem;
            parse_quote_spanned!(Span::call_site().located_at(lent.span())=> __qapi::Vec<#elem>)
        }
        other if is_str(other) => {
            parse_quote_spanned!(Span::call_site().located_at(lent.span())=> __qapi::String)
        }
        other if is_path(other) => {
            parse_quote_spanned!(Span::call_site().located_at(lent.span())=> __qapi::PathBuf)
        }
        other => other.clone(),
    }
}
