//! What a command returns can be extended: it is an object, or a list of objects. Types that the
//! language brings along are told by their names; all others are looked at when the program
//! starts.

use syn::{Path, Type};

use crate::errors::Errors;
use crate::model::{Command, Raw};
use crate::types::{bare, is_nothing, only_argument, result_of};

/// Types that are no objects, by the last part of their paths.
const BUILTIN: [&str; 13] = [
    "String", "str", "PathBuf", "bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64",
    "f64",
];

/// The rule, and that an exemption from it is needed.
pub(super) fn check_returned_object(model: &Command, errors: &Errors) {
    let raw = model.raw.as_ref().filter(|raw| raw.word.is_some());
    let told = raw.and_then(|Raw { returns, .. }| returns.as_ref());
    let returned = told.or(model.returns.as_ref()).filter(|ty| !is_nothing(ty));
    let Some(returned) = returned else {
        if let Some(word) = model.returns_exception {
            let message = "`returns_exception`: the function returns nothing; leave the word out";
            errors.at_span(word, message);
        }
        return;
    };
    // One that never answers returns nothing, which is another rule.
    if model.returns_exception.is_some() || model.no_success_response.is_some() {
        return;
    }
    let returned = result_of(returned).unwrap_or(bare(returned));
    let element = only_argument(returned, "Vec").unwrap_or(returned);
    if let Type::Path(path) = element
        && let Some(name) = builtin(&path.path)
    {
        let message = format!(
            "`{name}`: to an object members can be added later, and to this nothing; return a \
             struct, or a list of them, or write `returns_exception` if clients know it as it is"
        );
        errors.at(element, message);
    }
}

/// What a path leads to that the language brings along.
fn builtin(path: &Path) -> Option<String> {
    let mut segments = path.segments.iter().rev();
    let last = segments.next().filter(|last| last.arguments.is_none())?;
    let is_json = segments.next().is_some_and(|krate| krate.ident == "serde_json");
    let name = last.ident.to_string();
    let is_builtin = BUILTIN.contains(&name.as_str()) || is_json && name == "Value";
    is_builtin.then_some(name)
}
