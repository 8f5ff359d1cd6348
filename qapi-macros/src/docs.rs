//! Doc comments as QAPI documentation: Markdown, in which the headings `# Returns`, `# Errors`
//! and `# Examples` begin sections.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// A parsed doc comment.
#[derive(Debug, Default)]
pub(crate) struct Doc {
    /// The text outside of sections.
    pub(crate) overview: String,
    /// The sections in their order; `check` rejects a second section of the same kind.
    pub(crate) sections: Vec<Section>,
    /// The lines outside of code blocks, for `check`.
    pub(crate) prose: Vec<Line>,
}

/// A section of a doc comment.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) kind: SectionKind,
    /// The text below the heading; `check` rejects an empty one.
    pub(crate) text: String,
    /// The span of the heading.
    pub(crate) heading: Span,
}

/// The headings that begin a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SectionKind {
    Returns,
    Errors,
    Examples,
}

impl SectionKind {
    pub(crate) const ALL: [Self; 3] = [Self::Returns, Self::Errors, Self::Examples];

    /// The text of the heading.
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
    /// Parses the doc comments among the `attributes` of a definition.
    pub(crate) fn of_definition(attributes: &[Attribute]) -> Self {
        Self::from_lines(&lines(attributes), SectionKind::of)
    }

    /// Parses the doc comments of a value, member or argument. They have no sections.
    pub(crate) fn of_part(attributes: &[Attribute]) -> Self {
        Self::from_lines(&lines(attributes), |_| None)
    }

    fn from_lines(lines: &[Line], section: fn(&str) -> Option<SectionKind>) -> Self {
        let mut doc = Self::default();
        let mut text = Vec::new();
        let (mut current, mut overview) = (None, Vec::new());
        let mut fence = None;
        for line in lines {
            let in_code = advance_fence(&mut fence, &line.text);
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

    /// Moves the lines of `text` to `section`, which ends here. If `section` is `None`, moves the
    /// lines to `overview`.
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

/// The text of the heading, if `line` is a heading of the first level.
pub(crate) fn heading(line: &str) -> Option<&str> {
    line.strip_prefix("# ").map(str::trim)
}

/// The fence of a code block: at least three backticks or tildes (CommonMark 0.31, section 4.5).
#[derive(Debug, Clone, Copy)]
struct Fence {
    mark: char,
    length: usize,
}

impl Fence {
    /// The fence that `line` opens. The fence may be in a list item or a block quote.
    fn opened_by(line: &str) -> Option<Self> {
        let (fence, info) = Self::split(content(line))?;
        // If more backticks follow in the line, the backticks delimit a code span, not a block.
        (fence.mark == '~' || !info.contains('`')).then_some(fence)
    }

    /// Whether `line` closes this fence.
    fn is_closed_by(self, line: &str) -> bool {
        let line =
            line.trim_start_matches(|letter: char| letter == '>' || letter.is_whitespace());
        Self::split(line).is_some_and(|(found, rest)| {
            found.mark == self.mark && found.length >= self.length && rest.trim().is_empty()
        })
    }

    /// The fence that `line` begins with, and the rest of the line.
    fn split(line: &str) -> Option<(Self, &str)> {
        const MIN_LENGTH: usize = 3;
        let mark = line.chars().next().filter(|first| ['`', '~'].contains(first))?;
        let rest = line.trim_start_matches(mark);
        // Both marks are one byte long.
        let length = line.len() - rest.len();
        (length >= MIN_LENGTH).then_some((Self { mark, length }, rest))
    }
}

/// The content of `line` without the markers of block quotes and list items before it.
fn content(line: &str) -> &str {
    let line = line.trim_start();
    let digits = line.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let after_marker = if digits.len() < line.len() {
        digits.strip_prefix(['.', ')'])
    } else {
        line.strip_prefix(['-', '*', '+'])
    };
    let in_list = after_marker.filter(|rest| rest.starts_with(' '));
    match line.strip_prefix('>').or(in_list) {
        Some(rest) => content(rest),
        None => line,
    }
}

/// Updates `fence`, the open fence, for the next line. Returns whether `line` belongs to a code
/// block.
fn advance_fence(fence: &mut Option<Fence>, line: &str) -> bool {
    match *fence {
        Some(open) => {
            if open.is_closed_by(line) {
                *fence = None;
            }
            true
        }
        None => {
            *fence = Fence::opened_by(line);
            fence.is_some()
        }
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

/// The text of a doc comment; `None` for text that is not a literal, as with `include_str!`.
fn doc_text(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        Meta::NameValue(_) | Meta::Path(_) | Meta::List(_) => None,
    }
}

/// Adds the line of a line comment, or each line of a block comment without its leading `*`.
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
    fn sections_are_separate_from_the_overview() {
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
    fn code_in_lists_and_quotes_has_no_headings() {
        let attributes: Vec<Attribute> = parse_quote! {
            /// 1. Run it:
            ///    - ```sh
            /// # Errors
            ///      ```
            /// > ~~~
            /// # Errors
            /// > ~~~
            /// # Returns
            /// Much.
        };
        let doc = Doc::of_definition(&attributes);
        assert_eq!(sections(&doc), [(SectionKind::Returns, "Much.")]);
    }

    #[test]
    fn code_spans_of_three_backticks_open_no_block() {
        let attributes: Vec<Attribute> = parse_quote! {
            /// ```like this``` or
            /// ``` so ```
            /// # Returns
            /// ````text
            /// ``` not closed ```
            /// # Errors
            /// ````
            /// # Errors
            /// None.
        };
        let doc = Doc::of_definition(&attributes);
        let code = "````text\n``` not closed ```\n# Errors\n````";
        let expected = [(SectionKind::Returns, code), (SectionKind::Errors, "None.")];
        assert_eq!(sections(&doc), expected);
    }

    #[test]
    fn the_doc_comment_of_a_part_has_no_sections() {
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
