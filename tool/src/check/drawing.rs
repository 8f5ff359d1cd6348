//! Findings as text for people: the source lines with a mark under the wrong token.

use std::io::{IsTerminal, stdout};

use annotate_snippets::{Annotation, AnnotationKind, Group, Level as Title, Renderer, Snippet};
use qapi_schema::source::{SourceFile, Span};
use qapi_schema::{Finding, Level, Schema};

/// The longest line that is shown whole, in bytes.
const LONG: usize = 400;

/// The text of all findings.
pub(super) fn report(schema: &Schema, findings: &[Finding]) -> String {
    let colours = stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let renderer = if colours { Renderer::styled() } else { Renderer::plain() };
    let draw = |finding: &Finding| {
        let (snippets, main) = (snippets(schema, finding), title(finding));
        let mut group = snippets.into_iter().fold(main, Group::element);
        if let Some(help) = &finding.help {
            group = group.element(Title::HELP.message(help.as_str()));
        }
        format!("{}\n\n", renderer.render(&[group]))
    };
    findings.iter().map(draw).collect()
}

fn title(finding: &Finding) -> Group<'_> {
    let level = match finding.level {
        Level::Error => Title::ERROR,
        Level::Warning => Title::WARNING,
    };
    let title = level.primary_title(finding.message.as_str());
    Group::with_title(match finding.lint {
        Some(lint) => title.id(lint),
        None => title,
    })
}

/// The source of the token, and of each other place that takes part, a snippet for each file.
fn snippets<'s>(schema: &'s Schema, finding: &'s Finding) -> Vec<Snippet<'s, Annotation<'s>>> {
    let Some(token) = finding.token else { return Vec::new() };
    let related = finding.related.iter().map(|(span, part)| (*span, Some(part.as_str())));
    let mut parts: Vec<_> = [(token, None)].into_iter().chain(related).collect();
    let mut snippets = Vec::new();
    while let Some(&(first, _)) = parts.first() {
        let (here, others): (Vec<_>, Vec<_>) =
            parts.into_iter().partition(|(span, _)| span.file == first.file);
        snippets.push(snippet(schema.sources().file(first), token, &here));
        parts = others;
    }
    snippets
}

fn snippet<'s>(
    source: &'s SourceFile,
    token: Span,
    parts: &[(Span, Option<&'s str>)],
) -> Snippet<'s, Annotation<'s>> {
    let text = source.text();
    let start = parts.iter().map(|(span, _)| span.start as usize).min().unwrap_or(0);
    let end = parts.iter().map(|(span, _)| span.end as usize).max().unwrap_or(0);
    let first = text[..start].rfind('\n').map_or(0, |end| end + 1);
    let last = end.max(start) + text[end.max(start)..].find('\n').unwrap_or(0);
    // The start of a very long line is left out.
    let first = boundary(text, first.max(start.saturating_sub(LONG)));
    let last = boundary(text, last.min(end + LONG));
    let annotation = |(span, part): &(Span, Option<&'s str>)| {
        let kind = if *span == token { AnnotationKind::Primary } else { AnnotationKind::Context };
        let range = span.start as usize - first..(span.end as usize).min(last) - first;
        let annotation = kind.span(range);
        match part {
            Some(part) => annotation.label(*part),
            None => annotation,
        }
    };
    Snippet::source(&text[first..last])
        .line_start(source.line(first as u32) as usize)
        .path(source.path())
        .annotations(parts.iter().map(annotation))
}

/// The first offset from `offset` on that is between characters.
fn boundary(text: &str, offset: usize) -> usize {
    (offset..text.len()).find(|offset| text.is_char_boundary(*offset)).unwrap_or(text.len())
}
