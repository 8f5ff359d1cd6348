//! Names use the terms of QMP, QEMU, Rust and operating systems. Identifiers and file names must
//! not contain everyday words that can mean several of those terms.

use super::tokens::{Token, tokens};
use super::{Fault, Source, assert_none, check_each, sources, sources_in};

/// Refused words, each with its possible replacements. `_` joins the words of a phrase.
const REFUSED: &[(&str, &str)] = &[
    ("told", "delivered, reported, decoded, encoded"),
    ("settle", "drain, finish, resolve"),
    ("settled", "drained, finished, resolved"),
    ("settles", "drains, finishes, resolves"),
    ("held", "locked, guarded, retained, queued"),
    ("kept", "retained, stored, preserved"),
    ("nobody", "none, or the role that is absent"),
    ("whoever", "the role: client, caller, owner"),
    ("somebody", "the role: client, caller, owner"),
    ("goes_on", "continues, resumes, runs"),
    ("go_on", "continue, resume, run"),
    ("let_go", "release, drop, close"),
    ("lets_go", "releases, drops, closes"),
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
    let words = format!("_{}_", words(name).join("_"));
    let (word, terms) = REFUSED.iter().find(|(word, _)| words.contains(&format!("_{word}_")))?;
    Some(Fault { line, text: format!("names: `{name}`: for `{word}` use: {terms}") })
}

/// The words of a name in any of Rust's cases, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for character in name.chars() {
        if matches!(character, '_' | '-') || character.is_uppercase() && was_lower {
            words.push(String::new());
        }
        was_lower = character.is_lowercase();
        if !matches!(character, '_' | '-') {
            words.last_mut().unwrap().extend(character.to_lowercase());
        }
    }
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
