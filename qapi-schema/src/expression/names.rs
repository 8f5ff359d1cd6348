//! The form of names (QAPI schema language, "Naming rules and reserved names").

use super::Checker;
use crate::model::Name;
use crate::source::Span;
use crate::words::camel;

/// What the rest of a name may contain, after the vendor's prefix.
#[derive(Debug, Clone, Copy)]
pub(super) struct Letters {
    pub(super) upper: bool,
    pub(super) underscore: bool,
}

impl Letters {
    /// Lower case letters, digits and `-`.
    pub(super) const LOWER: Self = Self { upper: false, underscore: false };

    /// All, where the author allows exceptions.
    pub(super) const fn all_if(allowed: bool) -> Self {
        Self { upper: allowed, underscore: allowed }
    }
}

impl Checker<'_> {
    /// The name of a definition.
    pub(super) fn definition_name(&mut self, kind: &str, name: &Name) {
        match kind {
            "event" => self.upper_name(name, kind),
            "command" => {
                let underscore = self.pragmas.command_name_exceptions.contains(&name.text);
                self.lower_name(
                    &name.text,
                    name.span,
                    kind,
                    Letters { upper: false, underscore },
                );
            }
            _ => self.camel_name(name, kind),
        }
    }

    fn upper_name(&mut self, name: &Name, what: &str) {
        let Some(stem) = self.stem(&name.text, name.span, what) else { return };
        if stem.contains(|found: char| found.is_ascii_lowercase() || found == '-') {
            let message = format!("name of {what} must not use lowercase or `-`");
            let written = stem.to_uppercase().replace('-', "_");
            let help = format!("write `{}{written}`", prefix(&name.text, stem));
            self.report(name.span, message, help);
        }
    }

    fn camel_name(&mut self, name: &Name, kind: &str) {
        let Some(stem) = self.stem(&name.text, name.span, kind) else { return };
        if !is_camel(stem) {
            let message = format!("name of {kind} must use CamelCase");
            let written = camel(stem);
            let help = if is_camel(&written) {
                format!("write `{}{written}`", prefix(&name.text, stem))
            } else {
                "choose a name with a lower case letter after the first".to_owned()
            };
            self.report(name.span, message, help);
        } else if name.text.ends_with("List") {
            let message = format!("{kind} name should not end in `List`");
            self.report(name.span, message, "rename it: generated code names arrays so");
        }
    }

    /// A name of lower case letters, with the exceptions of `letters`.
    pub(super) fn lower_name(&mut self, name: &str, span: Span, what: &str, letters: Letters) {
        let Some(stem) = self.stem(name, span, what) else { return };
        let has_upper = stem.contains(|found: char| found.is_ascii_uppercase());
        if (has_upper && !letters.upper) || (stem.contains('_') && !letters.underscore) {
            let message = format!("name of {what} must not use uppercase or `_`");
            let written = stem.to_lowercase().replace('_', "-");
            let help = format!("write `{}{written}`", prefix(name, stem));
            self.report(span, message, help);
        }
    }

    /// The part of a name after the prefixes of vendors and experiments.
    fn stem<'n>(&mut self, name: &'n str, span: Span, what: &str) -> Option<&'n str> {
        let is_reserved = name.starts_with("q-") || name.starts_with("q_");
        let stem = stem(name).filter(|_| !is_reserved);
        if stem.is_none() {
            let help = "begin with a letter, continue with letters, digits, `-` and `_`; names \
                        that begin with `q_` are reserved";
            self.report(span, format!("{what} has an invalid name"), help);
        }
        stem
    }
}

/// `name` without `__domain_` and `x-`, if the rest begins with a letter and consists of letters,
/// digits, `-` and `_`. Where the text allows several readings the longest prefixes are taken.
fn stem(name: &str) -> Option<&str> {
    let after_vendor = |prefixed: &str| {
        let domain = prefixed.strip_prefix("__")?;
        let is_domain = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
        };
        let (domain, rest) = domain.split_once('_')?;
        is_domain(domain).then_some(rest.len())
    };
    let rest = after_vendor(name).map_or(name, |length| &name[name.len() - length..]);
    let experimental = rest.get(..2).filter(|start| start.eq_ignore_ascii_case("x-"));
    let candidates = [experimental.map(|_| &rest[2..]), Some(rest)];
    candidates.into_iter().flatten().find(|stem| {
        let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        stem.starts_with(|first: char| first.is_ascii_alphabetic()) && stem.bytes().all(is_legal)
    })
}

/// Whether a name begins in upper case, and has letters and digits, a lower case letter among them
/// after the first.
fn is_camel(stem: &str) -> bool {
    stem.starts_with(|first: char| first.is_ascii_uppercase())
        && stem.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && stem.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// The prefixes of a name before its stem.
fn prefix<'n>(name: &'n str, stem: &str) -> &'n str {
    &name[..name.len() - stem.len()]
}
