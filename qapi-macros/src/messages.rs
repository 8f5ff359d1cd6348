//! The wording that several mistakes share.

use syn::{Item, Type};

use crate::symbol::{SAID_OTHERWISE, Shape, Word};
use crate::types::{bare, is_str};

/// "`a`, `b` and `c`"
pub(crate) fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// An attribute on an item of a kind that it does not describe.
pub(crate) fn wrong_item(attribute: &str, wanted: &str, item: &Item) -> String {
    let instead = match item {
        Item::Enum(_) => {
            "annotate an enum with `#[qapi_enum]`, `#[qapi_union]` or `#[qapi_alternate]`"
        }
        Item::Struct(_) => {
            "annotate a struct with `#[qapi_struct]`, `#[qapi_union]` or `#[qapi_event]`"
        }
        Item::Fn(_) => "annotate a function with `#[qapi_command]`",
        Item::Type(_) => {
            "an alias is its type, whose definition is elsewhere; for the same type in a coat of \
             its own write `#[qapi_struct(transparent)]` on a struct"
        }
        Item::Union(_) => "Rust's unions have no branch that is known; write an enum",
        _ => "QAPI definitions are enums, structs and functions",
    };
    format!("`{attribute}`: describes {wanted}; {instead}")
}

/// A word that the attribute does not know.
pub(crate) fn unknown_word(found: &str, owner: &str, legal: &[Word]) -> String {
    if legal.is_empty() {
        return format!("`{found}`: {owner} takes no words; leave it out");
    }
    let underscored = found.replace('-', "_");
    if found != underscored && legal.iter().any(|word| word.name == underscored) {
        return format!("`{found}`: words are written with `_`; write `{underscored}`");
    }
    if let Some((_, advice)) = SAID_OTHERWISE.iter().find(|(word, _)| *word == found) {
        return format!("`{found}`: {owner} has no such word; {advice}");
    }
    let names = legal.iter().map(|word| word.name);
    match closest(found, names.clone()) {
        Some(meant) => format!(
            "`{found}`: {owner} has no such word; did you mean `{meant}`? It takes {}",
            listed(names)
        ),
        None => format!("`{found}`: {owner} has no such word; it takes {}", listed(names)),
    }
}

/// A word that must be given and was not.
pub(crate) fn missing_word(word: Word, owner: &str) -> String {
    format!("`{}`: {owner} wants it; write `{}`", word.name, word.usage)
}

/// A word that was given twice.
pub(crate) fn duplicate_word(name: &str) -> String {
    format!("`{name}`: given twice; keep one")
}

/// A word that something else follows.
pub(crate) fn missing_comma(name: &str) -> String {
    format!("`{name}`: a comma is missing after it")
}

/// A word that is not followed by what it wants.
pub(crate) fn word_shape(word: Word) -> String {
    let Word { name, shape, usage } = word;
    match shape {
        Shape::Flag => format!("`{name}`: takes no value; write `{usage}` alone"),
        Shape::Text => format!("`{name}`: wants a string; write `{usage}`"),
        Shape::Type => format!("`{name}`: wants a type; write `{usage}`"),
        Shape::Path => format!("`{name}`: wants a path; write `{usage}`"),
        Shape::False => {
            format!("`{name}`: can only be switched off; write `{usage}` or leave it out")
        }
        Shape::Default => {
            format!("`{name}`: wants a value; write `{usage}`, or `{name}` for that of its type")
        }
        Shape::Features => format!("`{name}`: wants a list in parentheses; write `{usage}`"),
    }
}

/// The type to own what a reference to `lent` only borrows.
pub(crate) fn owned_instead(lent: &Type) -> &'static str {
    match bare(lent) {
        Type::Slice(_) => "`Vec<Type>`",
        other if is_str(other) => "`String`",
        _ => "the type itself",
    }
}

/// The candidate that `found` was probably meant to be.
pub(crate) fn closest<'a>(
    found: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    /// Below this likeness two words have little in common.
    const ALIKE: f64 = 0.8;
    candidates
        .map(|candidate| (strsim::jaro_winkler(found, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbol::DEFINITION_WORDS;

    #[test]
    fn lists_read_as_english() {
        assert_eq!(listed([]), "");
        assert_eq!(listed(["a"]), "`a`");
        assert_eq!(listed(["a", "b"]), "`a` and `b`");
        assert_eq!(listed(["a", "b", "c"]), "`a`, `b` and `c`");
    }

    #[test]
    fn near_misses_get_a_suggestion() {
        let meant = |found| closest(found, DEFINITION_WORDS.iter().map(|word| word.name));
        assert_eq!(meant("sinse"), Some("since"));
        assert_eq!(meant("feature"), Some("features"));
        assert_eq!(meant("nmae"), Some("name"));
        assert_eq!(meant("boxed"), None);
    }
}
