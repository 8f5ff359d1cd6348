//! `#[qapi_command]`

use proc_macro2::TokenStream;
use syn::{Attribute, FnArg, ItemFn, Meta, ReturnType};

use super::parameter::{self, ArgumentForm};
use super::{head, period};
use crate::args::Words;
use crate::errors::Errors;
use crate::model::{Command, Execution, Raw};
use crate::{names, symbol};

pub(crate) fn parse(args: TokenStream, item: &ItemFn, errors: &Errors) -> Command {
    let words = Words::of_arguments(args, "`qapi_command`", symbol::COMMAND_WORDS, errors);
    let execution = match (&item.sig.asyncness, words.span(symbol::BLOCKING)) {
        (Some(_), _) => Execution::Async,
        (None, Some(_)) => Execution::Blocking,
        (None, None) => Execution::Inline,
    };
    let raw = raw(&words);
    let form = match (&raw, words.span(symbol::BOXED)) {
        (None, None) => ArgumentForm::Listed,
        (Some(_), _) | (_, Some(_)) => ArgumentForm::Whole,
    };
    let parameters = item.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Receiver(_) => None,
        FnArg::Typed(typed) => parameter::parse(typed, execution, form, errors),
    });
    Command {
        execution,
        parameters: parameters.collect(),
        returns: match &item.sig.output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Some((**ty).clone()),
        },
        visibility: item.vis.clone(),
        inherited: item
            .attrs
            .iter()
            .filter(|attribute| is_inherited(attribute))
            .cloned()
            .collect(),
        is_declaration: false,
        client: words.span(symbol::CLIENT),
        raw,
        boxed: words.span(symbol::BOXED),
        blocking: words.span(symbol::BLOCKING),
        allow_oob: words.span(symbol::ALLOW_OOB),
        allow_preconfig: words.span(symbol::ALLOW_PRECONFIG),
        no_success_response: words.span(symbol::SUCCESS_RESPONSE),
        returns_exception: words.span(symbol::RETURNS_EXCEPTION),
        cancel_on_disconnect: words.span(symbol::CANCEL_ON_DISCONNECT),
        deadline: words.text(symbol::DEADLINE).map(period),
        head: head(&words, &item.sig.ident, &item.attrs, names::dashed_from_snake),
    }
}

/// Whether the struct for clients and the registration have this attribute of the function too.
fn is_inherited(attribute: &Attribute) -> bool {
    let path = attribute.path();
    path.is_ident("allow")
        || path.is_ident("deprecated")
        || path.is_ident("cfg")
        || path.is_ident("doc") && matches!(attribute.meta, Meta::List(_))
}

/// A command without a body: a declaration for clients, which the word `client` may mark.
pub(crate) fn parse_declaration(args: TokenStream, item: &ItemFn, errors: &Errors) -> Command {
    let command = parse(args, item, errors);
    let client = command.client.or_else(|| Some(item.sig.ident.span()));
    Command { is_declaration: true, client, ..command }
}

/// The words of a command that reads its arguments itself, if one of them is present.
fn raw(words: &Words) -> Option<Raw> {
    let raw = Raw {
        word: words.span(symbol::GEN),
        data: words.type_(symbol::DATA).cloned(),
        returns: words.type_(symbol::RETURNS).cloned(),
    };
    match raw {
        Raw { word: None, data: None, returns: None } => None,
        raw => Some(raw),
    }
}
