//! Rules for the returned type of a command:
//! - `check_returned_object`: a command returns an object or a list of objects, so that later
//!   versions can add members
//! - `check_error`: the error of a command has a text, and may move between threads
//!
//! This file recognises built-in types by their names. `qapi_core` checks all other types when the
//! program starts.

use quote::ToTokens;
use syn::{Path, Type};

use crate::errors::Errors;
use crate::model::{Command, Raw};
use crate::types::{bare, error_of, is_shared, is_unit, only_argument, result_of, shared};

/// Built-in types, which are not objects, by the last segment of their paths.
const BUILTIN: [&str; 13] = [
    "String", "str", "PathBuf", "bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64",
    "f64",
];

/// Built-in types that have no text for clients.
const TEXTLESS: [&str; 15] = [
    "bool", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128",
    "usize", "f32", "f64",
];

/// Reports a command that returns a built-in type or a list of a built-in type, unless the command
/// has `returns_exception`. Also reports a `returns_exception` of a command that returns nothing.
pub(super) fn check_returned_object(model: &Command, errors: &Errors) {
    let raw = model.raw.as_ref().filter(|raw| raw.word.is_some());
    let declared = raw.and_then(|Raw { returns, .. }| returns.as_ref());
    let returned = declared.or(model.returns.as_ref()).filter(|ty| !is_unit(ty));
    let Some(returned) = returned else {
        if let Some(word) = model.returns_exception {
            let message = "`returns_exception`: the function returns nothing; remove the word";
            errors.at_span(word, message);
        }
        return;
    };
    // Another rule requires that a command without a response returns nothing.
    if model.returns_exception.is_some() || model.no_success_response.is_some() {
        return;
    }
    let returned = result_of(returned).unwrap_or(bare(returned));
    let element = only_argument(returned, "Vec").unwrap_or(returned);
    if let Type::Path(path) = element
        && let Some(name) = builtin(&path.path)
    {
        let message = format!(
            "`{name}`: later versions can add members only to an object; return a struct or a \
             `Vec` of structs, or add `returns_exception` for a type that clients already use"
        );
        errors.at(element, message);
    }
}

/// Reports an error type that has no text for clients, or that may not move between threads. The
/// compiler reports other types that do not convert.
pub(super) fn check_error(model: &Command, errors: &Errors) {
    let Some(error) = model.returns.as_ref().and_then(error_of) else { return };
    let has_no_text = match error {
        Type::Tuple(tuple) => tuple.elems.is_empty(),
        Type::Path(path) => path
            .path
            .get_ident()
            .is_some_and(|name| TEXTLESS.iter().any(|textless| name == textless)),
        _ => false,
    };
    if has_no_text {
        let message = format!(
            "`{}`: clients see the text of an error; write `String`, `qapi_core::Error`, or a \
             type that implements `std::error::Error`",
            error.to_token_stream()
        );
        errors.at(error, message);
    }
    if let Some(Type::TraitObject(object)) = only_argument(error, "Box")
        && !is_shared(object)
    {
        let text = shared(object);
        let message = format!("`dyn`: an error may move between threads; write `Box<{text}>`");
        errors.at(object, message);
    }
}

/// The name of the built-in type, if `path` names one.
fn builtin(path: &Path) -> Option<String> {
    let mut segments = path.segments.iter().rev();
    let last = segments.next().filter(|last| last.arguments.is_none())?;
    let is_json = segments.next().is_some_and(|krate| krate.ident == "serde_json");
    let name = last.ident.to_string();
    let is_builtin = BUILTIN.contains(&name.as_str()) || is_json && name == "Value";
    is_builtin.then_some(name)
}
