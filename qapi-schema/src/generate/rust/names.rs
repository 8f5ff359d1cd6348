//! The names in Rust. The documentation of [`rust`](super) states the rules.

use std::collections::HashMap;

use crate::generate::unique::Unique;
use crate::model::{Definition, Kind};
use crate::words::{camel, capitalized, is_dashed, snake};

/// A name in Rust, and the words of the attribute that set the QAPI name.
pub(super) struct Ident {
    pub(super) text: String,
    pub(super) words: Vec<String>,
}

/// The types that the generated file uses, and those that the attributes know by their names.
const RESERVED_TYPES: &[&str] = &[
    "Box",
    "Cow",
    "Definition",
    "Duration",
    "Err",
    "Error",
    "Future",
    "Map",
    "None",
    "Null",
    "Ok",
    "Option",
    "OwnedFd",
    "Path",
    "PathBuf",
    "Result",
    "Self",
    "Size",
    "Some",
    "String",
    "Value",
    "Vec",
];

/// Keywords that cannot be raw identifiers.
const SPECIAL: &[&str] = &["self", "super", "crate", "_"];

/// The other keywords of the edition 2024.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do",
    "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in",
    "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized",
    "use", "virtual", "where", "while", "yield",
];

/// The functions of the generated file.
const RESERVED_FUNCTIONS: &[&str] = &["declarations", "not_implemented"];

/// The names of all definitions: types and events share the namespace of types, and commands have
/// that of functions.
pub(super) struct Names<'s> {
    types: HashMap<&'s str, String>,
    taken: Unique,
}

impl<'s> Names<'s> {
    /// The names of `definitions`. Those of `framework` are types of `qapi-core`, each in its
    /// module.
    pub(super) fn new(definitions: &'s [Definition], framework: &HashMap<&str, &str>) -> Self {
        let mut names = Self { types: HashMap::new(), taken: Unique::new(RESERVED_TYPES) };
        let is_event = |found: &&Definition| matches!(found.kind, Kind::Event { .. });
        let is_command = |found: &&Definition| matches!(found.kind, Kind::Command(_));
        let types = definitions.iter().filter(|found| !is_event(found) && !is_command(found));
        // Types come first, so that events give way to them.
        for definition in types.chain(definitions.iter().filter(is_event)) {
            let name = definition.name.text.as_str();
            if let Some(module) = framework.get(name) {
                names.types.insert(name, format!("{module}::{name}"));
                continue;
            }
            let wanted = if is_event(&definition) || !is_identifier(name) {
                camel(name)
            } else {
                name.to_owned()
            };
            let ident = names.free(wanted);
            names.types.insert(name, ident);
        }
        names
    }

    /// The Rust name of a type or event.
    pub(super) fn of(&self, name: &str) -> &str {
        self.types.get(name).map_or("", String::as_str)
    }

    /// A name for another type of the generated file: `wanted`, if it is free.
    pub(super) fn free(&mut self, wanted: String) -> String {
        self.taken.name(wanted)
    }

    /// The Rust name of a type, and the words that set its QAPI name.
    pub(super) fn type_(&self, name: &str) -> Ident {
        let text = self.of(name).to_owned();
        let words = if text == name { Vec::new() } else { vec![name_word(name)] };
        Ident { text, words }
    }

    /// The Rust name of an event, and the words that set its QAPI name.
    pub(super) fn event(&self, name: &str) -> Ident {
        let text = self.of(name).to_owned();
        let is_upper = !name.contains('-') && text == camel(name);
        let words =
            if is_upper && splits_again(name, '_') { Vec::new() } else { vec![name_word(name)] };
        Ident { text, words }
    }
}

/// The names of members or parameters of one definition, or of all commands.
pub(super) struct Snakes(Unique);

impl Snakes {
    /// Names of members.
    pub(super) fn of_members() -> Self {
        Self(Unique::default())
    }

    /// Names of commands.
    pub(super) fn of_commands() -> Self {
        Self(Unique::new(RESERVED_FUNCTIONS))
    }

    /// The name of a member or command in Rust.
    pub(super) fn ident(&mut self, name: &str) -> Ident {
        let mut text = snake(name);
        if SPECIAL.contains(&text.as_str()) || !is_identifier(&text) {
            text.push('_');
        }
        let text = self.0.name(text);
        let mut words = Vec::new();
        if text.replace('_', "-") != name {
            words.push(name_word(name));
            words.extend(exception(name));
        }
        let text = if KEYWORDS.contains(&text.as_str()) { format!("r#{text}") } else { text };
        Ident { text, words }
    }

    /// A name for a field that is no member: `wanted`, if it is free.
    pub(super) fn free(&mut self, wanted: String) -> String {
        self.0.name(wanted)
    }
}

/// The names of the variants of one enum.
#[derive(Default)]
pub(super) struct Variants(Unique);

impl Variants {
    /// The variant of a value or alternative.
    pub(super) fn ident(&mut self, name: &str) -> Ident {
        let wanted = variant(name);
        let is_special = wanted == "Self";
        let text = self.0.name(if is_special { wanted + "_" } else { wanted });
        let mut words = Vec::new();
        if text != camel(name) || !splits_again(name, '-') || !is_dashed(name) {
            words.push(name_word(name));
            words.extend(exception(name));
        }
        Ident { text, words }
    }
}

/// `set-speed` ▶ `SetSpeed`, `3des` ▶ `V3des`, `2_5` ▶ `V2_5`.
fn variant(name: &str) -> String {
    let mut text = String::new();
    for word in capitalized(name) {
        let between_digits = text.ends_with(|last: char| last.is_ascii_digit())
            && word.starts_with(|first: char| first.is_ascii_digit());
        if between_digits {
            text.push('_');
        }
        text.push_str(&word);
    }
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        text.insert(0, 'V');
    }
    text
}

/// Whether the attributes find the words of the name in its CamelCase: a word begins with a letter,
/// and a word of one letter does not follow another one.
fn splits_again(name: &str, separator: char) -> bool {
    let words: Vec<_> = name.split(separator).collect();
    let starts_with_letter =
        |word: &&str| word.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_seen = |pair: &[&str]| {
        pair[0].len() > 1 || pair[1].as_bytes().get(1).is_some_and(u8::is_ascii_alphabetic)
    };
    words.iter().all(|word| {
        starts_with_letter(word) && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
    }) && words.windows(2).all(is_seen)
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn name_word(name: &str) -> String {
    format!("name = {name:?}")
}

/// The word that permits a name in another form than that of members.
fn exception(name: &str) -> Option<String> {
    (!is_dashed(name)).then(|| "name_exception".to_owned())
}
