//! Rules on the parameters of a command's function:
//! - `check_pattern`: a parameter is a name
//! - `check_unconditional`: a parameter is there always
//! - `check_strays`: only an argument has the words of one
//! - `check_injected`: state and session are taken as `&T` or `Arc<T>`
//! - `check_lent`: an argument is taken by value or as a plain reference
//! - `check_fd`: nothing stands for a file descriptor that is absent

use syn::{FnArg, ItemFn, Pat, PatType, Type};

use crate::args::Stray;
use crate::errors::Errors;
use crate::model::{Argument, Command, DefaultValue, Parameter, Passing, Role};
use crate::types::{bare, only_argument};

pub(super) fn check_parameters(item: &ItemFn, model: &Command, errors: &Errors) {
    for input in &item.sig.inputs {
        if let FnArg::Typed(parameter) = input {
            check_pattern(parameter, errors);
            check_unconditional(parameter, errors);
        }
    }
    for parameter in &model.parameters {
        check_strays(parameter, errors);
        match &parameter.role {
            Role::State(..) => {
                check_injected(parameter, "the server's state", "TheState", errors)
            }
            Role::Session(_) => {
                check_injected(parameter, "the session", "SessionContext", errors)
            }
            Role::Argument(argument) => {
                check_lent(parameter, errors);
                check_fd(argument, errors);
            }
        }
    }
}

/// A parameter is a name.
fn check_pattern(parameter: &PatType, errors: &Errors) {
    let plain = match &*parameter.pat {
        Pat::Ident(pattern) => pattern.by_ref.is_none() && pattern.subpat.is_none(),
        _ => false,
    };
    if !plain {
        let message = "`pattern`: an argument is known by its name; write `name: Type` and take \
                       it apart in the function";
        errors.at(&parameter.pat, message);
    }
}

/// A parameter is there always.
fn check_unconditional(parameter: &PatType, errors: &Errors) {
    for attribute in &parameter.attrs {
        if attribute.path().is_ident("cfg") {
            let message = "`cfg`: a single argument cannot be conditional; put it into a struct \
                           and take that with `boxed`";
            errors.at(attribute, message);
        }
    }
}

/// Only an argument has the words of one.
fn check_strays(parameter: &Parameter, errors: &Errors) {
    let role = match &parameter.role {
        Role::State(..) => "state",
        Role::Session(_) => "session",
        Role::Argument(_) => {
            for Stray { word, span } in &parameter.strays {
                let message = format!(
                    "`{word}`: the parameter stands for all arguments; put the word on the \
                     member of its type that it is about, or leave it out"
                );
                errors.at_span(*span, message);
            }
            return;
        }
    };
    for Stray { word, span } in &parameter.strays {
        let message = format!("`{word}`: `{role}` is no argument; leave out one of the two");
        errors.at_span(*span, message);
    }
}

/// State and session are taken as `&T` or `Arc<T>`.
fn check_injected(parameter: &Parameter, what: &str, example: &str, errors: &Errors) {
    let (ident, written) = (&parameter.ident, &parameter.written);
    let fits = match bare(written) {
        Type::Reference(reference) => {
            reference.mutability.is_none() && reference.lifetime.is_none()
        }
        other => only_argument(other, "Arc").is_some(),
    };
    if !fits {
        let message = format!(
            "`{ident}`: {what} is shared with other calls; write `{ident}: &{example}` or \
             `{ident}: Arc<{example}>`"
        );
        errors.at(written, message);
    }
}

/// An argument is taken by value or as a plain reference.
fn check_lent(parameter: &Parameter, errors: &Errors) {
    let (ident, written) = (&parameter.ident, &parameter.written);
    let inner = only_argument(written, "Option").unwrap_or(bare(written));
    match inner {
        Type::ImplTrait(ty) => {
            let message = format!(
                "`{ident}`: what an argument may be has a place in the schema; name the type"
            );
            errors.at(ty, message);
        }
        Type::Reference(reference) => {
            if let Some(token) = &reference.mutability {
                let message = format!(
                    "`mut`: an argument belongs to the message; write `{ident}: &Type` or \
                     `mut {ident}: Type`"
                );
                errors.at(token, message);
            }
            if let Some(lifetime) = &reference.lifetime {
                let message = format!(
                    "`{lifetime}`: an argument lives as long as the call; leave the lifetime out"
                );
                errors.at_span(lifetime.span(), message);
            }
        }
        _ => {}
    }
}

/// Nothing stands for a file descriptor that is absent.
fn check_fd(Argument { member, passing }: &Argument, errors: &Errors) {
    if let (Passing::Fd, Some(DefaultValue { word, .. })) = (passing, &member.default) {
        let message = "`default`: no file descriptor stands for one that is absent; leave it out, \
                       and write `Option<OwnedFd>` if there may be none";
        errors.at_span(*word, message);
    }
}
