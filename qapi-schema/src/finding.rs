//! What a check reports.

use crate::source::Span;

/// How severe a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The schema is valid, and can be improved.
    Warning,
    /// The schema is not valid, or breaks a lint that the caller denies.
    Error,
}

impl Level {
    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One error or warning about a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The severity.
    pub level: Level,
    /// The name of the lint; `None` for a rule of the language.
    pub lint: Option<&'static str>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// The place that QEMU's schema compiler blames: the definition, or the wrong token if it
    /// prevents that there is a definition. `None` if the first file cannot be read.
    pub place: Option<Span>,
    /// The wrong token.
    pub token: Option<Span>,
    /// Other places that take part, each with its part.
    pub related: Vec<(Span, String)>,
}

impl Finding {
    /// An error whose token is the place.
    pub(crate) fn error(place: Span, message: impl Into<String>) -> Self {
        Self {
            level: Level::Error,
            lint: None,
            message: message.into(),
            help: None,
            place: Some(place),
            token: Some(place),
            related: Vec::new(),
        }
    }

    /// An error without a place.
    pub(crate) fn without_place(message: String) -> Self {
        let none = Span { file: 0, start: 0, end: 0 };
        Self { place: None, token: None, ..Self::error(none, message) }
    }

    /// Sets the wrong token.
    #[must_use]
    pub(crate) fn at(self, token: Span) -> Self {
        Self { token: Some(token), ..self }
    }

    /// Sets what to write instead.
    #[must_use]
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// Adds another place that takes part.
    #[must_use]
    pub(crate) fn related(mut self, place: Span, part: impl Into<String>) -> Self {
        self.related.push((place, part.into()));
        self
    }
}
