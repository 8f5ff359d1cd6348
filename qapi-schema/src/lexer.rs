//! Text to tokens (QAPI schema language, "Schema syntax").

use crate::finding::Finding;
use crate::source::{SourceFile, Span};

/// A token and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// One of `{}[]:,`.
    Mark(u8),
    String(String),
    Bool(bool),
    /// A comment, from its `#` to the end of the line.
    Comment,
    /// The end of the file.
    End,
}

/// Reads the tokens of one file.
#[derive(Debug, Clone)]
pub(crate) struct Lexer<'f> {
    text: &'f str,
    file: u32,
    next: usize,
}

impl<'f> Lexer<'f> {
    pub(crate) fn new(source: &'f SourceFile, file: u32) -> Self {
        Self { text: source.text(), file, next: 0 }
    }

    /// The offset at which the next token is sought.
    pub(crate) fn offset(&self) -> usize {
        self.next
    }

    /// Continues at an offset, which is between characters.
    pub(crate) fn seek(&mut self, offset: usize) {
        self.next = offset;
    }

    pub(crate) fn span(&self, start: usize, end: usize) -> Span {
        Span { file: self.file, start: start as u32, end: end as u32 }
    }

    /// The next token. Comments are left out, except those that begin documentation, `##`.
    pub(crate) fn token(&mut self) -> Result<Token, Box<Finding>> {
        loop {
            let token = self.any_token()?;
            let is_plain = token.kind == TokenKind::Comment
                && !self.text[token.span.range()].starts_with("##");
            if !is_plain {
                return Ok(token);
            }
        }
    }

    /// The next token, comments among them.
    pub(crate) fn any_token(&mut self) -> Result<Token, Box<Finding>> {
        let rest = &self.text[self.next..];
        let Some((skipped, first)) =
            rest.char_indices().find(|(_, found)| !found.is_whitespace())
        else {
            self.next = self.text.len();
            let last = self.text.len() - 1;
            return Ok(Token { kind: TokenKind::End, span: self.span(last, last) });
        };
        let start = self.next + skipped;
        let rest = &self.text[start..];
        let (kind, length) = match first {
            '{' | '}' | '[' | ']' | ':' | ',' => (TokenKind::Mark(first as u8), 1),
            '#' => (TokenKind::Comment, rest.find('\n').unwrap_or(rest.len())),
            '\'' => self.string(start)?,
            _ if rest.starts_with("true") => (TokenKind::Bool(true), 4),
            _ if rest.starts_with("false") => (TokenKind::Bool(false), 5),
            _ => return Err(Box::new(self.stray(start))),
        };
        self.next = start + length;
        Ok(Token { kind, span: self.span(start, self.next) })
    }

    /// The value of the string at `start`, and its length with the quotation marks.
    fn string(&self, start: usize) -> Result<(TokenKind, usize), Box<Finding>> {
        let mut value = String::new();
        let mut escaped = false;
        for (offset, found) in self.text[start..].char_indices().skip(1) {
            let here = self.span(start + offset, start + offset + found.len_utf8());
            // The compiler blames the line on which the string begins.
            let error =
                |message: String| Finding::error(self.span(start, start + 1), message).at(here);
            match found {
                '\n' => {
                    return Err(Box::new(
                        error("missing terminating \"'\"".to_owned())
                            .at(self.span(start, start + offset))
                            .help("close the string with `'` on the same line"),
                    ));
                }
                '\\' if !escaped => escaped = true,
                '\\' => {
                    value.push('\\');
                    escaped = false;
                }
                _ if escaped => {
                    return Err(Box::new(
                        error(format!("unknown escape `\\{found}`"))
                            .help("write the character itself; only `\\\\` is an escape"),
                    ));
                }
                '\'' => return Ok((TokenKind::String(value), offset + 1)),
                ' '..='~' => value.push(found),
                _ => {
                    return Err(Box::new(
                        error(format!("the string contains {found:?}"))
                            .help("use printable ASCII characters only"),
                    ));
                }
            }
        }
        Err(Box::new(Finding::error(self.span(start, start + 1), "missing terminating \"'\"")))
    }

    fn stray(&self, start: usize) -> Finding {
        let ends = |found: char| "[]{}:,'".contains(found) || found.is_whitespace();
        let rest = &self.text[start..];
        let length = rest.find(ends).unwrap_or(rest.len());
        let word = &rest[..length];
        let help = match word {
            _ if word.starts_with('"') => "write strings between single quotation marks",
            _ if word.starts_with(|found: char| found.is_ascii_digit() || found == '-') => {
                "the language has no numbers; write a string, a boolean, an array or an object"
            }
            "null" | "True" | "False" => "write `true` or `false`",
            _ => "write a string between single quotation marks, `true` or `false`",
        };
        Finding::error(self.span(start, start + length), format!("stray `{word}`")).help(help)
    }
}
