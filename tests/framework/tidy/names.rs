//! Names use the terms of QMP, QEMU, Rust and operating systems. Identifiers and file names must
//! not contain everyday words that can mean several of those terms.

use super::tokens::{Token, tokens};
use super::{Fault, Source, assert_none, check_each, sources, sources_in};

/// Refused words, each with its possible replacements. `_` joins the words of a phrase, and is
/// before and after it.
const REFUSED: &[(&str, &str)] = &[
    ("_told_", "delivered, reported, decoded, encoded"),
    ("_settle_", "drain, finish, resolve"),
    ("_settled_", "drained, finished, resolved"),
    ("_settles_", "drains, finishes, resolves"),
    ("_held_", "locked, guarded, retained, queued"),
    ("_kept_", "retained, stored, preserved"),
    ("_nobody_", "none, or the role that is absent"),
    ("_whoever_", "the role: client, caller, owner"),
    ("_somebody_", "the role: client, caller, owner"),
    ("_goes_on_", "continues, resumes, runs"),
    ("_go_on_", "continue, resume, run"),
    ("_let_go_", "release, drop, close"),
    ("_lets_go_", "releases, drops, closes"),
];

/// Exempt names. Other crates define them, and the sources call or implement them.
const FOREIGN: &[&str] = &["settle_writes", "dyn_settle_writes"];

#[test]
fn names_contain_no_refused_word() {
    let all: Vec<Source> = sources().into_iter().chain(sources_in("py")).collect();
    assert_none(&check_each(&all, |source| {
        let path = source.path.split(['/', '.']).map(|name| (name.to_owned(), 1));
        let names = path.chain(names_in(source));
        names.filter_map(|(name, line)| refusal(&name, line)).collect()
    }));
}

/// The identifiers of a source with their lines. For Python the list includes the words of comments
/// and strings.
fn names_in(source: &Source) -> Vec<(String, usize)> {
    if source.path.ends_with(".rs") {
        let all = tokens(&source.path, &source.text).into_iter();
        return all.filter(Token::is_identifier).map(|token| (token.text, token.line)).collect();
    }
    let is_between = |character: char| !character.is_alphanumeric() && character != '_';
    let numbered = source.text.lines().zip(1..);
    let words = numbered.flat_map(|(line, number)| {
        line.split(is_between).map(move |word| (word.to_owned(), number))
    });
    words.collect()
}

fn refusal(name: &str, line: usize) -> Option<Fault> {
    if FOREIGN.contains(&name) {
        return None;
    }
    let words = words(name);
    let (word, terms) = REFUSED.iter().find(|(word, _)| words.contains(word))?;
    let word = word.trim_matches('_');
    Some(Fault { line, text: format!("names: `{name}`: for `{word}` use: {terms}") })
}

/// The words of a name in any of Rust's cases, in lower case, with `_` before and after each.
fn words(name: &str) -> String {
    let mut words = String::from("_");
    let mut was_lower = false;
    for character in name.chars() {
        let is_separator = matches!(character, '_' | '-');
        if is_separator || character.is_uppercase() && was_lower {
            words.push('_');
        }
        was_lower = character.is_lowercase();
        if !is_separator {
            words.extend(character.to_lowercase());
        }
    }
    words.push('_');
    words
}

#[test]
fn a_refused_word_is_found_in_every_case() {
    for name in ["told", "is_told", "ToldStorage", "ALL_TOLD", "r_goes_on", "GoesOn", "let-go"] {
        assert!(refusal(name, 1).is_some(), "{name}");
    }
    for name in ["stolen", "Toldo", "settler", "upheld", "go", "on", "settle_writes", "letGot"] {
        assert_eq!(refusal(name, 1), None);
    }
}
