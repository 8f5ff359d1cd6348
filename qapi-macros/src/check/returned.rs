//! The rule that a command returns an object or a list of objects, so that later versions can add
//! members.
//!
//! This file recognises built-in types by their names. `qapi_core` checks all other types when the
//! program starts.

use syn::{Path, Type};

use crate::errors::Errors;
use crate::model::{Command, Raw};
use crate::types::{bare, is_unit, only_argument, result_of};

/// Built-in types, which are not objects, by the last segment of their paths.
const BUILTIN: [&str; 13] = [
    "String", "str", "PathBuf", "bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64",
    "f64",
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

/// The name of the built-in type, if `path` names one.
fn builtin(path: &Path) -> Option<String> {
    let mut segments = path.segments.iter().rev();
    let last = segments.next().filter(|last| last.arguments.is_none())?;
    let is_json = segments.next().is_some_and(|krate| krate.ident == "serde_json");
    let name = last.ident.to_string();
    let is_builtin = BUILTIN.contains(&name.as_str()) || is_json && name == "Value";
    is_builtin.then_some(name)
}
