//! Doc comments as documentation: Markdown, with sections of their own under headings that have
//! a meaning.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// What a doc comment says.
#[derive(Debug, Default)]
pub(crate) struct Doc {
    /// All but the sections that stand on their own.
    pub(crate) overview: String,
    /// These sections, in their order; checking refuses a second one of a kind.
    pub(crate) sections: Vec<Section>,
    /// The lines that are not within a block of code, for checking.
    pub(crate) prose: Vec<Line>,
}

/// A section that stands on its own.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) kind: SectionKind,
    /// What it says; checking refuses one that says nothing.
    pub(crate) text: String,
    /// Where its heading stands.
    pub(crate) heading: Span,
}

/// The sections that stand on their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SectionKind {
    Returns,
    Errors,
    Examples,
}

impl SectionKind {
    pub(crate) const ALL: [Self; 3] = [Self::Returns, Self::Errors, Self::Examples];

    /// What its heading says.
    pub(crate) fn heading(self) -> &'static str {
        match self {
            Self::Returns => "Returns",
            Self::Errors => "Errors",
            Self::Examples => "Examples",
        }
    }

    fn of(line: &str) -> Option<Self> {
        let heading = heading(line)?;
        Self::ALL.into_iter().find(|kind| kind.heading() == heading)
    }
}

/// A line of a doc comment.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) span: Span,
}

impl Doc {
    /// What the doc comments among `attributes`, those of a definition, say.
    pub(crate) fn of_definition(attributes: &[Attribute]) -> Self {
        Self::from_lines(&lines(attributes), SectionKind::of)
    }

    /// The same for a value, member or argument, whose documentation has no sections.
    pub(crate) fn of_part(attributes: &[Attribute]) -> Self {
        Self::from_lines(&lines(attributes), |_| None)
    }

    fn from_lines(lines: &[Line], section: fn(&str) -> Option<SectionKind>) -> Self {
        let mut doc = Self::default();
        let mut text = Vec::new();
        let (mut current, mut overview) = (None, Vec::new());
        let mut fence = None;
        for line in lines {
            let in_code = passes_fence(&mut fence, &line.text);
            if !in_code {
                doc.prose.push(line.clone());
            }
            if in_code || heading(&line.text).is_none() {
                text.push(line.text.as_str());
                continue;
            }
            doc.end_section(current.take(), &mut text, &mut overview);
            match section(&line.text) {
                Some(kind) => current = Some((kind, line.span)),
                None => text.push(line.text.as_str()),
            }
        }
        doc.end_section(current, &mut text, &mut overview);
        doc.overview = joined(&overview);
        doc
    }

    /// Puts the lines of `text` where they belong.
    fn end_section<'a>(
        &mut self,
        section: Option<(SectionKind, Span)>,
        text: &mut Vec<&'a str>,
        overview: &mut Vec<&'a str>,
    ) {
        let lines = std::mem::take(text);
        match section {
            None => overview.extend(lines),
            Some((kind, heading)) => {
                self.sections.push(Section { kind, text: joined(&lines), heading });
            }
        }
    }
}

fn joined(lines: &[&str]) -> String {
    lines.join("\n").trim().to_owned()
}

/// What a line says that is a heading of the first level.
pub(crate) fn heading(line: &str) -> Option<&str> {
    line.strip_prefix("# ").map(str::trim)
}

/// Whether `line` belongs to a block of code, of whose opening line `fence` keeps the mark.
fn passes_fence(fence: &mut Option<(char, usize)>, line: &str) -> bool {
    /// So many of these make a mark.
    const MARK: usize = 3;
    let line = line.trim_start();
    let found = line.chars().next().filter(|first| ['`', '~'].contains(first)).map(|first| {
        let length = line.chars().take_while(|one| *one == first).count();
        (first, length)
    });
    match (*fence, found) {
        (None, Some((_, length))) if length >= MARK => {
            *fence = found;
            true
        }
        (None, _) => false,
        (Some((open, least)), Some((mark, length))) => {
            if open == mark && length >= least && line.trim_matches(mark).trim().is_empty() {
                *fence = None;
            }
            true
        }
        (Some(_), None) => true,
    }
}

/// Whether `attribute` is a doc comment.
pub(crate) fn is_doc(attribute: &Attribute) -> bool {
    attribute.path().is_ident("doc")
}

/// The lines of the doc comments among `attributes`.
fn lines(attributes: &[Attribute]) -> Vec<Line> {
    let mut lines = Vec::new();
    for attribute in attributes {
        if let Some(text) = doc_text(attribute) {
            push_lines(&mut lines, &text, attribute.meta.span());
        }
    }
    lines
}

/// The text of a doc comment; none where it is not spelled out, as with `include_str!`.
fn doc_text(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        Meta::NameValue(_) | Meta::Path(_) | Meta::List(_) => None,
    }
}

/// Adds one line for a line comment, and all of a block comment without the stars before them.
fn push_lines(lines: &mut Vec<Line>, text: &str, span: Span) {
    let mut push = |text: &str| {
        let text = text.strip_prefix(' ').unwrap_or(text).trim_end().to_owned();
        lines.push(Line { text, span });
    };
    let mut parts = text.lines();
    push(parts.next().unwrap_or_default());
    for part in parts {
        let part = part.trim_start();
        push(part.strip_prefix('*').unwrap_or(part));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn sections(doc: &Doc) -> Vec<(SectionKind, &str)> {
        doc.sections.iter().map(|section| (section.kind, section.text.as_str())).collect()
    }

    #[test]
    fn line_comments_lose_one_space_each() {
        let attributes: Vec<Attribute> = parse_quote! {
            /// First.
            ///
            ///   Indented.
            #[cfg(any())]
            /// Last.
        };
        let doc = Doc::of_definition(&attributes);
        assert_eq!(doc.overview, "First.\n\n  Indented.\nLast.");
    }

    #[test]
    fn block_comments_lose_their_stars() {
        let attributes: Vec<Attribute> = parse_quote! {
            /** One.
              * Two.
              */
        };
        assert_eq!(Doc::of_definition(&attributes).overview, "One.\nTwo.");
    }

    #[test]
    fn sections_stand_on_their_own() {
        let attributes: Vec<Attribute> = parse_quote! {
            /// Lists jobs.
            ///
            /// # Returns
            /// One entry
            /// a job.
            ///
            /// # Order
            /// By name.
            ///
            /// # Errors
            /// None.
        };
        let doc = Doc::of_definition(&attributes);
        assert_eq!(doc.overview, "Lists jobs.\n\n# Order\nBy name.");
        let expected =
            [(SectionKind::Returns, "One entry\na job."), (SectionKind::Errors, "None.")];
        assert_eq!(sections(&doc), expected);
    }

    #[test]
    fn code_has_no_headings() {
        let attributes: Vec<Attribute> = parse_quote! {
            /// # Examples
            /// ````
            /// # Returns
            /// ```
            /// # Errors
            /// ````
            /// ~~~text
            /// # Errors
            /// ~~~
            /// # Returns
            /// Much.
        };
        let doc = Doc::of_definition(&attributes);
        let code = "````\n# Returns\n```\n# Errors\n````\n~~~text\n# Errors\n~~~";
        let expected = [(SectionKind::Examples, code), (SectionKind::Returns, "Much.")];
        assert_eq!(sections(&doc), expected);
        let prose: Vec<_> = doc.prose.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(prose, ["# Examples", "# Returns", "Much."]);
    }

    #[test]
    fn what_documents_a_part_has_no_sections() {
        let attributes: Vec<Attribute> = parse_quote! {
            /// One.
            /// # Errors
            /// Two.
        };
        let doc = Doc::of_part(&attributes);
        assert_eq!(doc.overview, "One.\n# Errors\nTwo.");
        assert!(doc.sections.is_empty());
    }
}
