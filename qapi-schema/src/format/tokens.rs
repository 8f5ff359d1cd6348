//! Writes the tokens of a file again, with the author's line breaks.

use super::MAX_COLUMNS;
use super::layout;
use crate::lexer::{Lexer, TokenKind};
use crate::parser::Item;
use crate::source::{SourceFile, Span};
use crate::value::Entry;

/// The text of a file, with the layout of the formatter.
pub(super) fn write(source: &SourceFile, items: &[Item]) -> String {
    let mut writer = Writer::new(source);
    let expressions = items.iter().filter_map(|item| match item {
        Item::Expression { span, object } => Some((*span, object.as_slice())),
        Item::Doc(_) | Item::BrokenDoc(_) | Item::Broken(_) => None,
    });
    writer.file(expressions);
    writer.out
}

/// An open bracket: where it stood in the source, and where it stands in the output.
struct Bracket {
    source: Place,
    out: Place,
}

#[derive(Clone, Copy)]
struct Place {
    /// The indentation of the line with the bracket.
    indent: usize,
    /// The column of the bracket.
    column: usize,
    /// The column of the first token after the bracket, if it is on the same line.
    content: Option<usize>,
}

struct Writer<'s> {
    source: &'s SourceFile,
    out: String,
    brackets: Vec<Bracket>,
    /// The indentation of the current line of the output, and of the source.
    indent: (usize, usize),
    /// The start of the current line in the output, and in the source.
    line: (usize, usize),
    /// Line breaks before a `,` or `:`, which move behind it.
    moved: usize,
    previous: Previous,
}

/// What precedes a token, for the space between.
#[derive(Clone, Copy, PartialEq)]
enum Previous {
    Nothing,
    Open(u8),
    Colon,
    Comment,
    Other,
}

impl<'s> Writer<'s> {
    fn new(source: &'s SourceFile) -> Self {
        Self {
            source,
            out: String::with_capacity(source.text().len()),
            brackets: Vec::new(),
            indent: (0, 0),
            line: (0, 0),
            moved: 0,
            previous: Previous::Nothing,
        }
    }

    fn file<'i>(&mut self, mut expressions: impl Iterator<Item = (Span, &'i [Entry])>) {
        let mut lexer = Lexer::new(self.source, 0);
        let (mut end, mut begun) = (0, 0);
        let mut has_comment = false;
        // A text that the parser accepts has tokens only.
        while let Ok(token) = lexer.any_token() {
            if token.kind == TokenKind::End {
                break;
            }
            if self.brackets.is_empty() && token.kind == TokenKind::Mark(b'{') {
                (begun, has_comment) = (usize::MAX, false);
            }
            has_comment |= token.kind == TokenKind::Comment;
            self.token(&token.kind, token.span, end);
            if begun == usize::MAX {
                begun = self.out.len() - 1;
            }
            end = token.span.end as usize;
            let is_end = self.brackets.is_empty() && token.kind == TokenKind::Mark(b'}');
            if is_end && let Some((span, object)) = expressions.next() {
                let is_long =
                    self.out[begun..].lines().any(|line| line.chars().count() > MAX_COLUMNS);
                if is_long && !has_comment {
                    self.out.truncate(begun);
                    let text = self.source.text();
                    self.out.push_str(&layout::expression(text, span, object));
                    self.line.0 = self.out.rfind('\n').map_or(0, |last| last + 1);
                }
            }
        }
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }

    /// Writes one token. The previous one ends at `end` in the source.
    fn token(&mut self, kind: &TokenKind, span: Span, end: usize) {
        let text = self.source.text();
        let (start, gap) = (span.start as usize, &text[end..span.start as usize]);
        if let Some(last) = gap.rfind('\n') {
            self.line.1 = end + last + 1;
            self.indent.1 = columns(&text[self.line.1..start]);
        }
        let mut breaks = gap.matches('\n').count().min(2) + std::mem::take(&mut self.moved);
        let joins = matches!(kind, TokenKind::Mark(b',' | b':'));
        if joins && self.previous != Previous::Comment {
            self.moved = std::mem::take(&mut breaks);
        } else if self.brackets.is_empty() && *kind == TokenKind::Mark(b'{') {
            breaks = breaks.max(1);
        }
        let source_column = columns(&text[self.line.1..start]);
        self.separate(kind, breaks.min(2), gap, source_column);
        let column = self.out[self.line.0..].chars().count();
        if let (Previous::Open(_), Some(bracket)) = (self.previous, self.brackets.last_mut())
            && breaks == 0
        {
            bracket.source.content = Some(source_column);
            bracket.out.content = Some(column);
        }
        self.out.push_str(text[span.range()].trim_end());
        self.previous = match kind {
            TokenKind::Mark(mark @ (b'{' | b'[')) => {
                let place = |indent, column| Place { indent, column, content: None };
                self.brackets.push(Bracket {
                    source: place(self.indent.1, source_column),
                    out: place(self.indent.0, column),
                });
                Previous::Open(*mark)
            }
            TokenKind::Mark(b'}' | b']') => {
                self.brackets.pop();
                Previous::Other
            }
            TokenKind::Mark(b':') => Previous::Colon,
            TokenKind::Comment => Previous::Comment,
            TokenKind::Mark(_) | TokenKind::String(_) | TokenKind::Bool(_) | TokenKind::End => {
                Previous::Other
            }
        };
    }

    /// Writes what stands between two tokens: line breaks and an indentation, or spaces.
    fn separate(&mut self, kind: &TokenKind, breaks: usize, gap: &str, source_column: usize) {
        if self.previous == Previous::Nothing {
            return;
        }
        if breaks > 0 {
            let indent = self.indentation(kind, source_column);
            self.out.extend(std::iter::repeat_n('\n', breaks));
            self.line.0 = self.out.len();
            self.indent.0 = indent;
            self.out.extend(std::iter::repeat_n(' ', indent));
            return;
        }
        // A gap with a line break that moved is as one without a space.
        let given = if gap.contains('\n') { 0 } else { columns(gap) };
        let spaces = match (self.previous, kind) {
            (_, TokenKind::Comment) => given.max(1),
            (_, TokenKind::Mark(b',' | b':')) => 0,
            (Previous::Open(b'{'), TokenKind::Mark(b'}')) => given.min(1),
            (Previous::Open(b'['), _) | (_, TokenKind::Mark(b']')) => given.min(1),
            (_, _) => 1,
        };
        self.out.extend(std::iter::repeat_n(' ', spaces));
    }

    /// The indentation of a line that begins with a token.
    fn indentation(&self, kind: &TokenKind, source_column: usize) -> usize {
        let Some(Bracket { source, out }) = self.brackets.last() else { return 0 };
        let is_closing = matches!(kind, TokenKind::Mark(b'}' | b']'));
        let (aligned, aligned_out, more, otherwise) = if is_closing {
            (Some(source.column), Some(out.column), [0, 2], out.indent)
        } else {
            (source.content, out.content, [2, 4], out.content.unwrap_or(out.indent + 4))
        };
        if let Some(column) = aligned_out.filter(|_| aligned == Some(source_column)) {
            return column;
        }
        let retained = self.brackets.iter().rev().find_map(|Bracket { source, out }| {
            let found = source_column.checked_sub(source.indent)?;
            more.contains(&found).then_some(out.indent + found)
        });
        retained.unwrap_or(otherwise)
    }
}

/// The number of columns of a text without line breaks. A tab stands for eight.
fn columns(text: &str) -> usize {
    text.chars().map(|found| if found == '\t' { 8 } else { 1 }).sum()
}
