//! The wording that several errors share.
//!
//! A message names the wrong word or item in backticks, then says what is wrong, and then says
//! what to write instead.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Item, Type};

use crate::symbol::{FOREIGN_WORDS, Shape, Word};
use crate::types::{bare, is_str};

/// A list as in "`a`, `b` and `c`".
pub(crate) fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// The attribute is on an item of the wrong kind; `expected` names the right kind.
pub(crate) fn wrong_item(attribute: &str, expected: &str, item: &Item) -> String {
    let instead = match item {
        Item::Enum(_) => {
            "annotate an enum with `#[qapi_enum]`, `#[qapi_union]` or `#[qapi_alternate]`"
        }
        Item::Struct(_) => {
            "annotate a struct with `#[qapi_struct]`, `#[qapi_union]` or `#[qapi_event]`"
        }
        Item::Fn(_) => "annotate a function with `#[qapi_command]`",
        Item::Type(_) => {
            "annotate the aliased type, or write a newtype with `#[qapi_struct(transparent)]`"
        }
        Item::Union(_) => "write an enum in place of the Rust `union`",
        _ => "a QAPI definition is an enum, a struct or a function",
    };
    format!("`{attribute}`: the attribute applies to {expected}; {instead}")
}

/// What to do with `#[qapi(…)]` on an item.
pub(crate) const WORDS_OF_DEFINITION: &str =
    "words of the whole definition belong in its `#[qapi_…]` attribute; move them";

/// `#[qapi(…)]` is in a place where no macro parses it.
pub(crate) fn misplaced(advice: &str) -> String {
    format!("`qapi`: {advice}")
}

/// The attribute does not accept the word. `owner` is the attribute or the annotated part.
pub(crate) fn unknown_word(found: &str, owner: &str, legal: &[Word]) -> String {
    if legal.is_empty() {
        return format!("`{found}`: {owner} takes no words; remove it");
    }
    let underscored = found.replace('-', "_");
    if found != underscored && legal.iter().any(|word| word.name == underscored) {
        return format!("`{found}`: words are written with `_`; write `{underscored}`");
    }
    if let Some((_, advice)) = FOREIGN_WORDS.iter().find(|(word, _)| *word == found) {
        return format!("`{found}`: {owner} has no such word; {advice}");
    }
    let names = legal.iter().map(|word| word.name);
    match closest(found, names.clone()) {
        Some(meant) => format!(
            "`{found}`: {owner} has no such word; did you mean `{meant}`? It accepts {}",
            listed(names)
        ),
        None => format!("`{found}`: {owner} has no such word; it accepts {}", listed(names)),
    }
}

/// A literal or another token stands in place of a word.
pub(crate) fn not_a_word(found: &TokenTree, owner: &str, legal: &[Word]) -> String {
    match found {
        TokenTree::Literal(literal) => {
            let text = literal.to_string();
            let meant = legal.iter().find(|word| text.trim_matches('"') == word.name);
            match (meant, legal.iter().find(|word| word.shape == Shape::Text)) {
                (Some(word), _) => {
                    format!("`{text}`: a word has no quotes; write `{}`", word.usage)
                }
                (None, Some(word)) => format!(
                    "`{text}`: a value follows a word and `=`; write it as in `{}`. {}",
                    word.usage,
                    accepts(owner, legal)
                ),
                (None, None) => format!("`{text}`: not a word. {}", accepts(owner, legal)),
            }
        }
        other => format!("`{other}`: expected a word before it. {}", accepts(owner, legal)),
    }
}

/// A path stands in place of a word.
pub(crate) fn path_as_word(path: &TokenStream, owner: &str, legal: &[Word]) -> String {
    let text = path.to_string().replace(' ', "");
    let last = text.rsplit("::").next().unwrap_or_default();
    match legal.iter().find(|word| word.name == last) {
        Some(word) => format!("`{text}`: a word has no path; write `{}`", word.usage),
        None => format!("`{text}`: a word has no path. {}", accepts(owner, legal)),
    }
}

/// The list of the legal words as a sentence.
fn accepts(owner: &str, legal: &[Word]) -> String {
    match legal {
        [] => format!("{} takes no words; remove it", capitalized(owner)),
        legal => {
            format!(
                "{} accepts {}",
                capitalized(owner),
                listed(legal.iter().map(|word| word.name))
            )
        }
    }
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// A required word is missing.
pub(crate) fn missing_word(word: Word, owner: &str) -> String {
    format!("`{}`: {owner} requires this word; write `{}`", word.name, word.usage)
}

/// A word or feature is given twice.
pub(crate) fn duplicate(name: &str) -> String {
    format!("`{name}`: given twice; remove one")
}

/// Something other than a comma follows a word.
pub(crate) fn missing_comma(name: &str) -> String {
    format!("`{name}`: expected a comma after this word; write `,`")
}

/// The value of a word has the wrong form.
pub(crate) fn word_shape(word: Word) -> String {
    let Word { name, shape, usage } = word;
    match shape {
        Shape::Flag => format!("`{name}`: takes no value; write `{usage}` alone"),
        Shape::Text => format!("`{name}`: expects a string; write `{usage}`"),
        Shape::Type => format!("`{name}`: expects a type; write `{usage}`"),
        Shape::Name => format!("`{name}`: expects a name; write `{usage}`"),
        Shape::Path => format!("`{name}`: expects a path; write `{usage}`"),
        Shape::False => format!("`{name}`: accepts only `false`; write `{usage}`, or remove it"),
        Shape::Default => format!(
            "`{name}`: expects a value; write `{usage}`, or `{name}` alone for the type's own \
             default"
        ),
        Shape::Features => format!("`{name}`: expects a list in parentheses; write `{usage}`"),
    }
}

/// The owned type, for messages, that replaces a reference to `borrowed`.
pub(crate) fn owned_type(borrowed: &Type) -> &'static str {
    match bare(borrowed) {
        Type::Slice(_) => "`Vec<Type>`",
        other if is_str(other) => "`String`",
        _ => "the type itself",
    }
}

/// The candidate that is most similar to `found`, if any is similar enough for a suggestion.
pub(crate) fn closest<'a>(
    found: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    /// Words of a lower similarity are not typing errors of each other.
    const THRESHOLD: f64 = 0.8;
    candidates
        .map(|candidate| (strsim::jaro_winkler(found, candidate), candidate))
        .filter(|(similarity, _)| *similarity >= THRESHOLD)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbol::ALTERNATE_WORDS;

    #[test]
    fn lists_read_as_english() {
        assert_eq!(listed([]), "");
        assert_eq!(listed(["a"]), "`a`");
        assert_eq!(listed(["a", "b"]), "`a` and `b`");
        assert_eq!(listed(["a", "b", "c"]), "`a`, `b` and `c`");
    }

    #[test]
    fn near_misses_get_a_suggestion() {
        let meant = |found| closest(found, ALTERNATE_WORDS.iter().map(|word| word.name));
        assert_eq!(meant("sinse"), Some("since"));
        assert_eq!(meant("feature"), Some("features"));
        assert_eq!(meant("nmae"), Some("name"));
        assert_eq!(meant("boxed"), None);
    }
}
