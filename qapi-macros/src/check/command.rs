//! Rules for `#[qapi_command]`:
//! - `check_plain_function`: the function is safe and has no receiver, ABI or `const`
//! - `check_execution`: a function is not both `async` and blocking
//! - `check_cancellation`: a function on the server's thread has no deadline and no cancellation
//! - `check_oob`: an out-of-band command is neither `async` nor blocking
//! - `check_boxed`: boxed arguments are one parameter
//! - `check_raw`: a command with `gen = false` takes its arguments as one map
//! - `check_success_response`: a command without a response returns nothing
//! - `check_client`: a command with a client struct declares its arguments and has a response
//! - `check_declaration`: a command without a body has no words of a function
//! - `check_return_type`: the returned type is named, owned and not optional
//!
//! Further rules are in [`parameter`](super::parameter) and [`returned`](super::returned).

use quote::ToTokens;
use syn::{Attribute, FnArg, ItemFn, Type};

use super::doc::{Documented, check_doc};
use super::name::NameKind;
use super::parameter::check_parameters;
use super::place::{enclosing_block, is_above};
use super::returned::{check_error, check_returned_object};
use super::type_::{check_member_type, check_type};
use super::{check_clashes, check_head, check_no_generics, check_part};
use crate::errors::Errors;
use crate::messages::owned_type;
use crate::model::{Argument, Command, Execution, Period, Raw, Registered, Role};
use crate::strip::is_outside_blocks;
use crate::types::{bare, find_ident, is_unit, only_argument, result_of};

pub(crate) fn check(item: &ItemFn, model: &Command, errors: &Errors) {
    check_head(&model.head, NameKind::Command, &reported_here(item), errors);
    check_no_generics(&item.sig.generics, errors);
    check_plain_function(item, errors);
    check_execution(model, errors);
    check_cancellation(model, errors);
    check_oob(model, errors);
    check_boxed(model, errors);
    check_raw(model, errors);
    check_success_response(model, errors);
    check_client(model, errors);
    check_declaration(model, errors);
    check_return_type(model, errors);
    check_returned_object(model, errors);
    check_error(model, errors);
    check_parameters(item, model, errors);
    let parts: Vec<_> = arguments(model).map(|argument| &argument.member.part).collect();
    let is_listed = model.boxed.is_none() && model.raw.is_none();
    let documented = Documented {
        head: &model.head,
        kind: "command",
        part: "argument",
        parts: if is_listed { parts.clone() } else { Vec::new() },
        returns: Some(returns_value(model)),
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

/// The attributes of the function without those that the compiler reports: above this attribute in
/// a block, `#[qapi(…)]` is unknown.
fn reported_here(item: &ItemFn) -> Vec<Attribute> {
    let is_in_block = enclosing_block(&item.sig.ident).is_some();
    let reported = |attribute: &&Attribute| !(is_in_block && is_above(attribute));
    item.attrs.iter().filter(reported).cloned().collect()
}

/// The arguments among the parameters.
pub(super) fn arguments(model: &Command) -> impl Iterator<Item = &Argument> {
    model.parameters.iter().filter_map(|parameter| match &parameter.role {
        Role::Argument(argument) => Some(argument),
        Role::State(..) | Role::Session(_) | Role::Cancellation(_) => None,
    })
}

/// Whether the command returns a value according to its definition.
fn returns_value(model: &Command) -> bool {
    let declared = model.raw.as_ref().and_then(|raw| raw.returns.as_ref());
    declared.is_some() || model.returns.as_ref().is_some_and(|ty| !is_unit(ty))
}

/// The function is safe and has no receiver, ABI or `const`.
fn check_plain_function(item: &ItemFn, errors: &Errors) {
    let signature = &item.sig;
    if let Some(token) = &signature.unsafety {
        errors.at(token, "`unsafe`: every client may call a command; write a safe function");
    }
    if let Some(abi) = &signature.abi {
        errors.at(abi, "`extern`: only Rust code calls a command's function; remove it");
    }
    if let Some(token) = &signature.constness {
        errors.at(token, "`const`: a command runs only at run time; remove it");
    }
    if let Some(variadic) = &signature.variadic {
        errors.at(variadic, "`...`: each argument has a name; write one parameter for each");
    }
    if let Some(FnArg::Receiver(receiver)) = signature.inputs.first() {
        let moved = if is_outside_blocks() { "" } else { "move it out of the block, and " };
        let message = format!(
            "`self`: a command is a free function; {moved}write a parameter `#[qapi(state)] name: \
             &Type` for the server's state"
        );
        errors.at(receiver, message);
    } else if let Some(block) = enclosing_block(&signature.ident) {
        let ident = &signature.ident;
        let message = format!(
            "`{ident}`: a command is a free function; move it out of the `{block}` block"
        );
        errors.at(ident, message);
    }
}

/// A function is not both `async` and blocking.
fn check_execution(model: &Command, errors: &Errors) {
    if let (Execution::Async, Some(word)) = (model.execution, model.blocking) {
        let message = "`blocking`: an `async` function does not block; remove one of the two";
        errors.at_span(word, message);
    }
}

/// A function on the server's thread has no deadline and no cancellation, as nothing else runs
/// meanwhile. A deadline is a valid period.
fn check_cancellation(model: &Command, errors: &Errors) {
    if let Some(Period { text, milliseconds: None }) = &model.deadline
        && text.value() != "none"
    {
        let message = format!(
            "`{}`: not a period; write seconds or milliseconds, as in `deadline = \"5s\"` or \
             `deadline = \"500ms\"`, or `deadline = \"none\"`",
            text.value()
        );
        errors.at(text, message);
    }
    match model.execution {
        Execution::Inline => {}
        Execution::Blocking | Execution::Async => return,
    }
    let deadline = model.deadline.as_ref().map(|period| ("deadline", period.text.span()));
    let disconnect = model.cancel_on_disconnect.map(|word| ("cancel_on_disconnect", word));
    let parameters = model.parameters.iter().filter_map(|parameter| match parameter.role {
        Role::Cancellation(_) => Some(("cancellation", parameter.ident.span())),
        Role::State(..) | Role::Session(_) | Role::Argument(_) => None,
    });
    for (word, span) in deadline.into_iter().chain(disconnect).chain(parameters) {
        let message = format!(
            "`{word}`: nothing can interrupt a plain function, which runs on the server's \
             thread; make the function `async` or add `blocking`, or remove the word"
        );
        errors.at_span(span, message);
    }
}

/// An out-of-band command is neither `async` nor blocking.
fn check_oob(model: &Command, errors: &Errors) {
    let Some(word) = model.allow_oob else { return };
    let how = match model.execution {
        Execution::Inline => return,
        Execution::Blocking => "blocking",
        Execution::Async => "`async`",
    };
    let message = format!(
        "`allow_oob`: an out-of-band command runs within the dispatch, and this function is \
         {how}; write a plain function that returns quickly, or remove the word"
    );
    errors.at_span(word, message);
}

/// Boxed arguments are one parameter.
fn check_boxed(model: &Command, errors: &Errors) {
    let Some(word) = model.boxed else { return };
    let mut arguments = arguments(model);
    if arguments.next().is_none() {
        let message = "`boxed`: the function has no argument; add a parameter whose members are \
                       the arguments, or remove the word";
        errors.at_span(word, message);
    }
    if let Some(second) = arguments.next() {
        let second = &second.member.part.ident;
        let message = format!(
            "`{second}`: boxed arguments are the members of one parameter's type; make this one \
             a member of that type, or remove `boxed`"
        );
        errors.at(second, message);
    }
}

/// A command with `gen = false` takes its arguments as one map.
fn check_raw(model: &Command, errors: &Errors) {
    let Some(Raw { word, data, returns }) = &model.raw else { return };
    let Some(word) = *word else {
        if let Some(data) = data {
            let message = "`data`: the parameters declare the arguments; write `boxed` and a \
                           parameter of the type, or add `gen = false`";
            errors.at(data, message);
        }
        if let Some(returns) = returns {
            let message = "`returns`: the function has a return type; remove the word, or add \
                           `gen = false`";
            errors.at(returns, message);
        }
        return;
    };
    if let Some(boxed) = model.boxed {
        let message = "`boxed`: with `gen = false` the arguments have no type; remove `boxed`";
        errors.at_span(boxed, message);
    }
    let mut arguments = arguments(model);
    match (arguments.next(), data) {
        (None, Some(data)) => {
            let message = "`data`: the function has no parameter for the arguments; add \
                           `arguments: serde_json::Map<String, serde_json::Value>`";
            errors.at(data, message);
        }
        (None, None) if returns.is_none() => {
            let message = "`gen`: the function has no parameter for the arguments; add \
                           `arguments: serde_json::Map<String, serde_json::Value>`, or remove \
                           the word";
            errors.at_span(word, message);
        }
        (None, None) | (Some(_), _) => {}
    }
    for second in arguments {
        let second = &second.member.part.ident;
        let message = format!(
            "`{second}`: with `gen = false` one map contains all arguments; look this one up in \
             the map, or remove `gen`"
        );
        errors.at(second, message);
    }
}

/// A command without a response returns nothing.
fn check_success_response(model: &Command, errors: &Errors) {
    let (Some(_), Some(ty)) = (model.no_success_response, &model.returns) else { return };
    if !is_unit(ty) {
        let message = "`success_response`: a command without a response returns nothing; write \
                       the return type `()` or `Result<()>`, or remove the word";
        errors.at(ty, message);
    }
}

/// A command with a client struct declares its arguments and has a response.
fn check_client(model: &Command, errors: &Errors) {
    if let (Some(word), Some(_)) = (model.client, &model.raw) {
        let message = "`client`: with `gen = false` the arguments have no type; remove one of \
                       `client` and `gen`";
        errors.at_span(word, message);
    }
    if let (Some(word), Some(_)) = (model.client, model.no_success_response) {
        let message = "`client`: a client waits for a response, which this command does not \
                       send; remove one of `client` and `success_response`";
        errors.at_span(word, message);
    }
}

/// A command without a body has no words of a function. A method of a trait is no declaration.
fn check_declaration(model: &Command, errors: &Errors) {
    if !model.is_declaration || enclosing_block(&model.head.ident).is_some() {
        return;
    }
    const ADVICE: &str = "a command without a body is a declaration for clients; remove";
    if let Some(word) = model.blocking {
        errors.at_span(word, format!("`blocking`: {ADVICE} the word"));
    }
    if let Registered::Static(name) = &model.head.registered {
        errors.at(name, format!("`registration`: {ADVICE} the word"));
    }
    for parameter in &model.parameters {
        let role = match &parameter.role {
            Role::State(..) => "state",
            Role::Session(_) => "session",
            Role::Cancellation(_) => "cancellation",
            Role::Argument(_) => continue,
        };
        errors.at(&parameter.ident, format!("`{role}`: {ADVICE} the parameter"));
    }
}

/// The returned type is named, owned and not optional.
fn check_return_type(model: &Command, errors: &Errors) {
    let Some(ty) = &model.returns else { return };
    if let Some(future) = find_ident(ty.to_token_stream(), "Future") {
        let message = "`Future`: the server awaits an `async` function; write `async fn`, and \
                       return the output of the future";
        errors.at(future, message);
        return;
    }
    let returned = result_of(ty).unwrap_or(bare(ty));
    check_type(returned, errors);
    if let Type::Reference(reference) = returned {
        let message = format!(
            "`&`: a command returns owned data; write {} in place of the reference",
            owned_type(&reference.elem)
        );
        errors.at(reference, message);
    }
    if only_argument(returned, "Option").is_some() {
        let message = "`Option`: a command cannot return an absent value; return a `Result`, or \
                       a struct with optional members";
        errors.at(returned, message);
    }
    if let Type::ImplTrait(_) | Type::Infer(_) | Type::TraitObject(_) = bare(ty) {
        let message = "`impl`: the schema contains the returned type; write a named type";
        errors.at(ty, message);
    }
}
