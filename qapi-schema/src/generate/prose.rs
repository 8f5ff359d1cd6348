//! Documentation of schema files, which is reStructuredText, as Markdown.

use crate::doc::{Doc, DocKind};

/// The documentation of a definition, part by part.
#[derive(Clone, Copy)]
pub(super) struct Prose<'d>(pub(super) Option<&'d Doc>);

/// A text, and the release that its last words name, as in `(since 2.12)`.
pub(super) struct Described {
    pub(super) text: String,
    pub(super) since: Option<String>,
}

impl Prose<'_> {
    /// The text about the definition itself.
    pub(super) fn overview(self) -> String {
        let sections = self.0.into_iter().flat_map(|doc| &doc.sections);
        let texts = sections.filter(|section| section.kind == DocKind::Text);
        texts.map(|section| markdown(&section.text)).collect::<Vec<_>>().join("\n\n")
    }

    /// The text about a member, value or argument.
    pub(super) fn member(self, name: &str) -> Described {
        self.described(&DocKind::Member(name.to_owned()))
    }

    /// The text about a feature.
    pub(super) fn feature(self, name: &str) -> Described {
        self.described(&DocKind::Feature(name.to_owned()))
    }

    /// The text after a tag; empty if there is none.
    pub(super) fn tagged(self, tag: &'static str) -> String {
        self.section(&DocKind::Tag(tag)).map_or_else(String::new, markdown)
    }

    /// The release that introduced the definition, if it is one of QEMU's.
    pub(super) fn since(self) -> Option<String> {
        let text = self.section(&DocKind::Tag("Since"))?.trim().trim_end_matches('.');
        is_release(text).then(|| text.to_owned())
    }

    fn section(&self, kind: &DocKind) -> Option<&str> {
        Some(self.0?.section(kind)?.text.as_str())
    }

    fn described(self, kind: &DocKind) -> Described {
        let mut text = self.section(kind).map_or_else(String::new, markdown);
        let since = since(&text).map(|(start, release)| (start, release.to_owned()));
        if let Some((start, _)) = since {
            text.truncate(start);
            text.truncate(text.trim_end().len());
        }
        Described { text, since: since.map(|(_, release)| release) }
    }
}

/// A number, or two or three with dots between them.
fn is_release(text: &str) -> bool {
    let numbers = || text.split('.');
    numbers().count() <= 3
        && numbers().all(|number| !number.is_empty() && number.parse::<u16>().is_ok())
}

/// The release that a text names in parentheses at its end, and the offset of these.
fn since(text: &str) -> Option<(usize, &str)> {
    let start = text.rfind('(')?;
    let inner = text[start + 1..].trim_end_matches('.').strip_suffix(')')?;
    let release = inner.strip_prefix("since").or_else(|| inner.strip_prefix("Since"))?;
    let release = release.trim_start_matches(':').trim();
    is_release(release).then_some((start, release))
}

/// The directives that begin a literal block.
const LITERAL: &[&str] = &[".. qmp-example::", ".. code-block::", ".. parsed-literal::"];

/// reStructuredText as Markdown: names, code, literal blocks, notes. Other markup remains as it is.
fn markdown(text: &str) -> String {
    let mut lines = Vec::new();
    // The indentation around a literal block, and that of its first line.
    let mut literal: Option<(usize, usize)> = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        if let Some((outer, inner)) = &mut literal {
            if line.is_empty() || indent > *outer {
                *inner = if *inner == 0 { indent } else { *inner };
                lines.push(line.get(indent.min(*inner)..).unwrap_or_default().replace("```", ""));
                continue;
            }
            end_literal(&mut lines);
            literal = None;
        }
        let content = line.trim_start();
        let is_directive = LITERAL.iter().any(|name| content.starts_with(name));
        if let Some(note) = content.strip_prefix(".. note::") {
            lines.push(format!("**Note**:{}", inline(note)));
        } else if is_directive || content.ends_with("::") {
            if !is_directive {
                lines.push(inline(&content[..content.len() - 1]));
            }
            lines.extend([String::new(), FENCE.to_owned()]);
            literal = Some((indent, 0));
        } else {
            // Four columns would begin a block of code.
            lines.push(format!("{}{}", " ".repeat(indent.min(3)), inline(content)));
        }
    }
    if literal.is_some() {
        end_literal(&mut lines);
    }
    lines.join("\n").trim().to_owned()
}

/// The line that begins a literal block. A block contains no line of this kind.
pub(super) const FENCE: &str = "```text";

/// Ends a literal block: without the empty lines at its start and its end.
fn end_literal(lines: &mut Vec<String>) {
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let start = lines.iter().rposition(|line| line == FENCE).unwrap_or(0);
    while lines.get(start + 1).is_some_and(String::is_empty) {
        lines.remove(start + 1);
    }
    lines.extend(["```".to_owned(), String::new()]);
}

/// A line with names and code in backticks: `@name` and ` ``code`` `.
fn inline(line: &str) -> String {
    let line = line.replace("``", "`");
    let mut out = String::with_capacity(line.len());
    let mut rest = line.as_str();
    while let Some(at) = rest.find('@') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let length = after.bytes().take_while(|&byte| is_name(byte)).count();
        out.push_str(before);
        let follows_word =
            before.bytes().last().is_some_and(|byte| is_name(byte) || byte == b'`');
        if length == 0 || follows_word {
            out.push('@');
            rest = after;
            continue;
        }
        out.extend(["`", &after[..length], "`"]);
        rest = &after[length..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_markdown() {
        for (text, expected) in [
            ("Ends @job-id, or ``x``.", "Ends `job-id`, or `x`."),
            ("a@b", "a@b"),
            (
                "As follows::\n\n    { 'a': 1 }\n\nEnd.",
                "As follows:\n\n```text\n{ 'a': 1 }\n```\n\nEnd.",
            ),
            (".. note:: Old.", "**Note**: Old."),
            ("- one\n\n       deep", "- one\n\n   deep"),
        ] {
            assert_eq!(markdown(text), expected);
        }
    }

    #[test]
    fn the_last_words_may_name_a_release() {
        for (text, expected) in [
            ("Size.  (since 2.12)", Some((7, "2.12"))),
            ("Size.  (Since: 2.12.1).", Some((7, "2.12.1"))),
            ("Size (since the start)", None),
            ("(since )", None),
        ] {
            assert_eq!(since(text), expected);
        }
    }
}
