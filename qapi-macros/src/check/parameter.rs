//! Rules for the parameters of a command's function:
//! - `check_pattern`: the pattern of a parameter is a name
//! - `check_unconditional`: a parameter has no `cfg`
//! - `check_strays`: words of an argument are only on a parameter that is a single argument
//! - `check_injected`: the type of state, session and cancellation is `&T` or `Arc<T>`
//! - `check_reference`: an argument is a value, or a reference without `mut` and lifetime
//! - `check_fd`: a file descriptor has no default
//! - `check_mark`: a parameter of a type of the framework has the mark of that type

use quote::ToTokens;
use syn::{FnArg, ItemFn, Pat, PatType, Type};

use crate::args::Stray;
use crate::errors::Errors;
use crate::model::{Argument, Command, DefaultValue, Parameter, Passing, Role};
use crate::types::{bare, only_argument, shared};

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
            Role::State(..) if parameter.strays.is_empty() && !check_mark(parameter, errors) => {}
            Role::State(ty, _) => {
                check_injected(parameter, "the server's state", "TheState", errors);
                check_state_is_sized(ty, errors);
            }
            Role::Session(_) => {
                check_injected(parameter, "the session", "SessionContext", errors)
            }
            Role::Cancellation(_) => {
                check_injected(parameter, "the token", "Cancellation", errors)
            }
            Role::Argument(argument) => {
                if argument.passing == Passing::Fd || check_mark(parameter, errors) {
                    check_reference(parameter, errors);
                }
                check_fd(argument, errors);
            }
        }
    }
}

/// The pattern of a parameter is a name.
fn check_pattern(parameter: &PatType, errors: &Errors) {
    let plain = match &*parameter.pat {
        Pat::Ident(pattern) => pattern.by_ref.is_none() && pattern.subpat.is_none(),
        _ => false,
    };
    if !plain {
        let message = "`pattern`: the name of a parameter is that of the argument; write `name: \
                       Type`, and match the pattern in the function";
        errors.at(&parameter.pat, message);
    }
}

/// A parameter has no `cfg`.
fn check_unconditional(parameter: &PatType, errors: &Errors) {
    for attribute in &parameter.attrs {
        if attribute.path().is_ident("cfg") {
            let message = "`cfg`: a single argument cannot be conditional; move it to a struct, \
                           and make that the arguments with `boxed`";
            errors.at(attribute, message);
        }
    }
}

/// Words of an argument are only on a parameter that is a single argument.
fn check_strays(parameter: &Parameter, errors: &Errors) {
    let role = match &parameter.role {
        Role::State(..) => "state",
        Role::Session(_) => "session",
        Role::Cancellation(_) => "cancellation",
        Role::Argument(_) => {
            for Stray { word, span } in &parameter.strays {
                let message = format!(
                    "`{word}`: the parameter contains all arguments; move the word to a member \
                     of its type, or remove it"
                );
                errors.at_span(*span, message);
            }
            return;
        }
    };
    for Stray { word, span } in &parameter.strays {
        let message = format!(
            "`{word}`: a parameter with `{role}` is no argument; remove one of the two words"
        );
        errors.at_span(*span, message);
    }
}

/// The type of state, session and cancellation is `&T` or `Arc<T>`.
fn check_injected(parameter: &Parameter, what: &str, example: &str, errors: &Errors) {
    let (ident, declared) = (&parameter.ident, &parameter.declared);
    let fits = match bare(declared) {
        Type::Reference(reference) => {
            reference.mutability.is_none() && reference.lifetime.is_none()
        }
        other => only_argument(other, "Arc").is_some(),
    };
    if !fits {
        let message = format!(
            "`{ident}`: calls share {what}; write `{ident}: &{example}` or `{ident}: \
             Arc<{example}>`"
        );
        errors.at(declared, message);
    }
}

/// An argument is a value, or a reference without `mut` and lifetime.
fn check_reference(parameter: &Parameter, errors: &Errors) {
    let (ident, declared) = (&parameter.ident, &parameter.declared);
    let inner = only_argument(declared, "Option").unwrap_or(bare(declared));
    match inner {
        Type::ImplTrait(ty) => {
            let message =
                format!("`{ident}`: the schema contains the argument's type; write a named type");
            errors.at(ty, message);
        }
        Type::Reference(reference) => {
            if let Some(token) = &reference.mutability {
                let message = format!(
                    "`mut`: an argument is borrowed from the request; write `{ident}: &Type` or \
                     `mut {ident}: Type`"
                );
                errors.at(token, message);
            }
            if let Some(lifetime) = &reference.lifetime {
                let message = format!(
                    "`{lifetime}`: an argument lives as long as the call; remove the lifetime"
                );
                errors.at_span(lifetime.span(), message);
            }
        }
        _ => {}
    }
}

/// A file descriptor has no default.
fn check_fd(Argument { member, passing }: &Argument, errors: &Errors) {
    if let (Passing::Fd, Some(DefaultValue { word, .. })) = (passing, &member.default) {
        let message = "`default`: a file descriptor has no default; remove the word, and write \
                       `Option<OwnedFd>` if the argument is optional";
        errors.at_span(*word, message);
    }
}

const CANCELLATION: &str = "the server passes the call's token to a parameter with the mark \
                            `cancellation`; write `#[qapi(cancellation)] name";

/// The types that only one mark makes the type of a parameter, by the last segment of their paths.
const MARKED: [(&str, &str); 4] = [
    ("SessionContext", SESSION),
    ("Cancellation", CANCELLATION),
    ("OwnedFd", FD),
    ("BorrowedFd", OWNED_FD),
];

const SESSION: &str = "the server passes the caller's session to a parameter with the mark \
                       `session`; write `#[qapi(session)] name";

const FD: &str = "the server passes a file descriptor to a parameter with the mark `fd`; write \
                  `#[qapi(fd)] name";

const OWNED_FD: &str =
    "a command takes a file descriptor that it owns; write `#[qapi(fd)] name: OwnedFd`";

/// A parameter of a type of the framework has the mark of that type. Returns whether it has.
fn check_mark(parameter: &Parameter, errors: &Errors) -> bool {
    let declared = only_argument(&parameter.declared, "Option").unwrap_or(&parameter.declared);
    let ty = match bare(declared) {
        Type::Reference(reference) => bare(&reference.elem),
        other => only_argument(other, "Arc").unwrap_or(other),
    };
    let Type::Path(path) = ty else { return true };
    let Some(last) = path.path.segments.last().filter(|last| last.arguments.is_none()) else {
        return true;
    };
    let Some((name, advice)) = MARKED.iter().find(|(name, _)| last.ident == name) else {
        return true;
    };
    // An argument of a type of the user's with the name of the token is no reference.
    if *advice == CANCELLATION && std::ptr::eq(ty, bare(&parameter.declared)) {
        return true;
    }
    let advice = match advice.strip_suffix("name") {
        Some(advice) => {
            let mut declared = parameter.declared.to_token_stream().to_string();
            declared.retain(|letter| letter != ' ');
            format!("{advice}{}: {declared}`", parameter.ident)
        }
        None => advice.replace("name", &parameter.ident.to_string()),
    };
    errors.at(ty, format!("`{name}`: {advice}"));
    false
}

/// State has a type with a size, as the server finds it by its type.
fn check_state_is_sized(ty: &Type, errors: &Errors) {
    if let Type::TraitObject(object) = bare(ty) {
        let text = shared(object);
        let message = format!(
            "`dyn`: the server finds state by its type, which has a size; write `&Box<{text}>`, \
             and add such a box as state"
        );
        errors.at(object, message);
    }
}
