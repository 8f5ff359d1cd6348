//! `#[qapi_command]`

use proc_macro2::TokenStream;
use syn::{FnArg, ItemFn, ReturnType};

use super::{head, parameter};
use crate::args::Words;
use crate::errors::Errors;
use crate::model::{Command, Execution, Raw};
use crate::{names, symbol};

pub(crate) fn parse(args: TokenStream, item: &ItemFn, errors: &Errors) -> Command {
    let words = Words::of_arguments(args, "`qapi_command`", symbol::COMMAND_WORDS, errors);
    let execution = match (&item.sig.asyncness, words.place(symbol::BLOCKING)) {
        (Some(_), _) => Execution::Async,
        (None, Some(_)) => Execution::Blocking,
        (None, None) => Execution::Inline,
    };
    let raw = raw(&words);
    let whole = raw.is_some() || words.place(symbol::BOXED).is_some();
    let parameters = item.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Receiver(_) => None,
        FnArg::Typed(typed) => parameter::parse(typed, execution, whole, errors),
    });
    Command {
        execution,
        parameters: parameters.collect(),
        returns: match &item.sig.output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Some((**ty).clone()),
        },
        visibility: item.vis.clone(),
        client: words.place(symbol::CLIENT),
        raw,
        boxed: words.place(symbol::BOXED),
        blocking: words.place(symbol::BLOCKING),
        allow_oob: words.place(symbol::ALLOW_OOB),
        allow_preconfig: words.place(symbol::ALLOW_PRECONFIG),
        no_success_response: words.place(symbol::SUCCESS_RESPONSE),
        returns_exception: words.place(symbol::RETURNS_EXCEPTION),
        head: head(&words, &item.sig.ident, &item.attrs, names::dashed_from_snake),
    }
}

/// What the words say of arguments that come as they are.
fn raw(words: &Words) -> Option<Raw> {
    let raw = Raw {
        word: words.place(symbol::GEN),
        data: words.type_(symbol::DATA).cloned(),
        returns: words.type_(symbol::RETURNS).cloned(),
    };
    match raw {
        Raw { word: None, data: None, returns: None } => None,
        raw => Some(raw),
    }
}
