//! Rules on `#[qapi_command]`:
//! - `check_plain_function`: a safe function without a receiver, a C interface or `const`
//! - `check_execution`: a function is either `async` or blocking
//! - `check_oob`: an out-of-band command runs at once
//! - `check_boxed`: boxed arguments are one argument
//! - `check_raw`: a command without generated code takes its arguments as they come
//! - `check_success_response`: a command that never answers returns nothing
//! - `check_client`: a command that clients execute by its struct answers, and says what it takes
//! - `check_return_type`: the returned type is named, and of something that is there and its own
//!
//! And those of [`parameter`](super::parameter) and [`returned`](super::returned).

use syn::{FnArg, ItemFn, Type};

use super::doc::{Documented, check_doc};
use super::name::NameKind;
use super::parameter::check_parameters;
use super::returned::check_returned_object;
use super::type_::{check_member_type, check_type};
use super::{check_clashes, check_head, check_no_generics, check_part};
use crate::errors::Errors;
use crate::messages::owned_instead;
use crate::model::{Argument, Command, Execution, Raw, Role};
use crate::types::{bare, is_nothing, only_argument, result_of};

pub(crate) fn check(item: &ItemFn, model: &Command, errors: &Errors) {
    check_head(&model.head, NameKind::Command, &item.attrs, errors);
    check_no_generics(&item.sig.generics, errors);
    check_plain_function(item, errors);
    check_execution(model, errors);
    check_oob(model, errors);
    check_boxed(model, errors);
    check_raw(model, errors);
    check_success_response(model, errors);
    check_client(model, errors);
    check_return_type(model, errors);
    check_returned_object(model, errors);
    check_parameters(item, model, errors);
    let parts: Vec<_> = arguments(model).map(|argument| &argument.member.part).collect();
    let is_listed = model.boxed.is_none() && model.raw.is_none();
    let documented = Documented {
        head: &model.head,
        kind: "command",
        part: "argument",
        parts: if is_listed { parts.clone() } else { Vec::new() },
        returns: Some(returns_something(model)),
    };
    check_doc(&documented, errors);
    if is_listed {
        for part in &parts {
            check_part(part, NameKind::Member, errors);
        }
        for argument in arguments(model) {
            check_member_type(&argument.member, errors);
        }
        check_clashes(parts, errors);
    }
}

/// The arguments among the parameters.
pub(super) fn arguments(model: &Command) -> impl Iterator<Item = &Argument> {
    model.parameters.iter().filter_map(|parameter| match &parameter.role {
        Role::Argument(argument) => Some(argument),
        Role::State(..) | Role::Session(_) => None,
    })
}

/// Whether clients are told that it returns something.
fn returns_something(model: &Command) -> bool {
    let told = model.raw.as_ref().and_then(|raw| raw.returns.as_ref());
    told.is_some() || model.returns.as_ref().is_some_and(|ty| !is_nothing(ty))
}

/// A safe function without a receiver, a C interface or `const`.
fn check_plain_function(item: &ItemFn, errors: &Errors) {
    let signature = &item.sig;
    if let Some(token) = &signature.unsafety {
        errors.at(token, "`unsafe`: any client may call a command; write a safe function");
    }
    if let Some(abi) = &signature.abi {
        errors.at(abi, "`extern`: a command is called from Rust; leave it out");
    }
    if let Some(token) = &signature.constness {
        errors.at(token, "`const`: a command runs when a client asks; leave it out");
    }
    if let Some(variadic) = &signature.variadic {
        errors.at(variadic, "`...`: each argument has a name; write them one by one");
    }
    if let Some(FnArg::Receiver(receiver)) = signature.inputs.first() {
        let message = "`self`: a command is a function of its own; take what it works on as \
                       `#[qapi(state)] name: &Type`";
        errors.at(receiver, message);
    }
}

/// A function is either `async` or blocking.
fn check_execution(model: &Command, errors: &Errors) {
    if let (Execution::Async, Some(word)) = (model.execution, model.blocking) {
        let message = "`blocking`: the function is `async`; leave out one of the two";
        errors.at_span(word, message);
    }
}

/// An out-of-band command runs at once.
fn check_oob(model: &Command, errors: &Errors) {
    let Some(word) = model.allow_oob else { return };
    let how = match model.execution {
        Execution::Inline => return,
        Execution::Blocking => "blocking",
        Execution::Async => "`async`",
    };
    let message = format!(
        "`allow_oob`: an out-of-band command runs at once, and this function is {how}; write a \
         plain function that is quick, or leave the word out"
    );
    errors.at_span(word, message);
}

/// Boxed arguments are one argument.
fn check_boxed(model: &Command, errors: &Errors) {
    let Some(word) = model.boxed else { return };
    let mut arguments = arguments(model);
    if arguments.next().is_none() {
        let message = "`boxed`: there is no argument; add the one whose members are the \
                       arguments, or leave the word out";
        errors.at_span(word, message);
    }
    if let Some(second) = arguments.next() {
        let second = &second.member.part.ident;
        let message = format!(
            "`{second}`: boxed arguments are the members of one type; make it a member of that, \
             or leave `boxed` out"
        );
        errors.at(second, message);
    }
}

/// A command without generated code takes its arguments as they come.
fn check_raw(model: &Command, errors: &Errors) {
    let Some(Raw { word, data, returns }) = &model.raw else { return };
    let Some(word) = *word else {
        if let Some(data) = data {
            let message = "`data`: clients are told what the function takes; write `boxed` and a \
                           parameter of the type, or `gen = false` too";
            errors.at(data, message);
        }
        if let Some(returns) = returns {
            let message = "`returns`: clients are told what the function returns; leave it out, \
                           or write `gen = false` too";
            errors.at(returns, message);
        }
        return;
    };
    if let Some(boxed) = model.boxed {
        let message = "`boxed`: the arguments come as they are, without a type; leave it out";
        errors.at_span(boxed, message);
    }
    let mut arguments = arguments(model);
    match (arguments.next(), data) {
        (None, Some(data)) => {
            let message = "`data`: the function does not take the arguments; add `arguments: \
                           serde_json::Map<String, serde_json::Value>`";
            errors.at(data, message);
        }
        (None, None) if returns.is_none() => {
            let message = "`gen`: the function takes no arguments; add `arguments: \
                           serde_json::Map<String, serde_json::Value>`, or leave the word out";
            errors.at_span(word, message);
        }
        (None, None) | (Some(_), _) => {}
    }
    for second in arguments {
        let second = &second.member.part.ident;
        let message = format!(
            "`{second}`: the arguments come as one map; take it out of that, or leave `gen` out"
        );
        errors.at(second, message);
    }
}

/// A command that never answers returns nothing.
fn check_success_response(model: &Command, errors: &Errors) {
    let (Some(_), Some(ty)) = (model.no_success_response, &model.returns) else { return };
    if !is_nothing(ty) {
        let message = "`success_response`: a command that does not answer returns nothing; \
                       return `()` or `Result<()>`, or leave the word out";
        errors.at(ty, message);
    }
}

/// A command that clients execute by its struct answers, and says what it takes.
fn check_client(model: &Command, errors: &Errors) {
    if let (Some(word), Some(_)) = (model.client, &model.raw) {
        let message = "`client`: nothing says what the arguments are; leave out one of `client` \
                       and `gen`";
        errors.at_span(word, message);
    }
    if let (Some(word), Some(_)) = (model.client, model.no_success_response) {
        let message = "`client`: a client waits for the answer, and this command gives none; \
                       leave out one of `client` and `success_response`";
        errors.at_span(word, message);
    }
}

/// The returned type is named, and of something that is there and its own.
fn check_return_type(model: &Command, errors: &Errors) {
    let Some(ty) = &model.returns else { return };
    let returned = result_of(ty).unwrap_or(bare(ty));
    check_type(returned, errors);
    if let Type::Reference(reference) = returned {
        let message = format!(
            "`&`: what a command returns outlives what it was taken from; write {} instead",
            owned_instead(&reference.elem)
        );
        errors.at(reference, message);
    }
    if only_argument(returned, "Option").is_some() {
        let message = "`Option`: a command returns something, or fails; return a `Result`, or a \
                       struct whose members are optional";
        errors.at(returned, message);
    }
    if let Type::ImplTrait(_) | Type::Infer(_) | Type::TraitObject(_) = bare(ty) {
        let message = "`impl`: what a command returns has a place in the schema; name the type";
        errors.at(ty, message);
    }
}
