//! Tokens to expressions. After an error the parser continues with the next expression.

use std::mem;

use crate::doc::{Doc, DocParser};
use crate::finding::Finding;
use crate::lexer::{Lexer, Token, TokenKind};
use crate::limits::{MAX_ELEMENTS, MAX_FINDINGS, MAX_NESTING};
use crate::source::{SourceFile, Span};
use crate::value::{Entry, Node, Object, Value};

/// A part of a file, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    /// A block of documentation.
    Doc(Doc),
    /// A block of documentation with an error.
    BrokenDoc(Span),
    /// An expression: a definition or a directive.
    Expression {
        /// The place.
        span: Span,
        /// The members.
        object: Object,
    },
    /// Text with a syntax error, to the point at which the parser continues.
    Broken(Span),
}

/// The items of a file, and its syntax errors.
pub(crate) fn parse(source: &SourceFile, file: u32) -> (Vec<Item>, Vec<Finding>) {
    let mut parser = Parser { lexer: Lexer::new(source, file), source, depth: 0 };
    let (mut items, mut findings) = (Vec::new(), Vec::new());
    loop {
        let before = parser.lexer.offset();
        match parser.item() {
            Ok(Some(item)) => items.push(item),
            Ok(None) => break,
            Err(finding) => {
                let (is_doc, start) = parser.start_of_item(before);
                findings.push(*finding);
                parser.recover(start);
                let span = parser.lexer.span(start, parser.lexer.offset());
                items.push(if is_doc { Item::BrokenDoc(span) } else { Item::Broken(span) });
            }
        }
        if findings.len() >= MAX_FINDINGS {
            break;
        }
    }
    (items, findings)
}

/// Errors are boxed, since they are rare and large.
type Parsed<T> = Result<T, Box<Finding>>;

struct Parser<'f> {
    lexer: Lexer<'f>,
    source: &'f SourceFile,
    depth: usize,
}

impl Parser<'_> {
    fn next(&mut self) -> Parsed<Token> {
        self.lexer.token()
    }

    fn item(&mut self) -> Parsed<Option<Item>> {
        self.depth = 0;
        let token = self.next()?;
        match token.kind {
            TokenKind::End => Ok(None),
            TokenKind::Comment => DocParser::new(&mut self.lexer, self.source)
                .block(token.span)
                .map(|doc| Some(Item::Doc(doc))),
            TokenKind::Mark(b'{') => {
                let object = self.object()?;
                let span = self.lexer.span(token.span.start as usize, self.lexer.offset());
                Ok(Some(Item::Expression { span, object }))
            }
            TokenKind::Mark(_) | TokenKind::String(_) | TokenKind::Bool(_) => {
                Err(expected(&token, "`{`", "begin a definition or a directive with `{`"))
            }
        }
    }

    fn enter(&mut self, at: Span) -> Parsed<()> {
        self.depth += 1;
        if self.depth <= MAX_NESTING {
            return Ok(());
        }
        let message = format!("more than {MAX_NESTING} objects and arrays contain each other");
        Err(Box::new(Finding::error(at, message).help("nest fewer objects and arrays")))
    }

    /// The members of an object whose `{` is read.
    fn object(&mut self) -> Parsed<Object> {
        let mut object = Object::new();
        let mut token = self.next()?;
        if token.kind == TokenKind::Mark(b'}') {
            return Ok(object);
        }
        let mut wanted = "string or `}`";
        loop {
            let TokenKind::String(key) = token.kind else {
                let help = "write the name of a member between single quotation marks";
                return Err(expected(&token, wanted, help));
            };
            let (key_span, colon) = (token.span, self.next()?);
            if colon.kind != TokenKind::Mark(b':') {
                let help = format!("write `'{key}': VALUE`");
                return Err(expected(&colon, "`:`", &help));
            }
            let value = self.next()?;
            if let Some(first) = object.iter().find(|entry: &&Entry| entry.key == key) {
                return Err(Box::new(
                    Finding::error(value.span, format!("duplicate key `{key}`"))
                        .at(key_span)
                        .help("remove one, or rename it")
                        .related(first.key_span, "first here"),
                ));
            }
            let node = self.node(value, "`{`, `[`, string, or boolean")?;
            object.push(Entry { key, key_span, node });
            limit(object.len(), key_span)?;
            let end = self.next()?;
            match end.kind {
                TokenKind::Mark(b'}') => return Ok(object),
                TokenKind::Mark(b',') => token = self.next()?,
                _ => {
                    let help = "separate members by `,`, and close the object with `}`";
                    return Err(expected(&end, "`,` or `}`", help));
                }
            }
            wanted = "string";
        }
    }

    /// The elements of an array whose `[` is read.
    fn array(&mut self) -> Parsed<Vec<Node>> {
        let mut array = Vec::new();
        let mut token = self.next()?;
        if token.kind == TokenKind::Mark(b']') {
            return Ok(array);
        }
        let mut wanted = "`{`, `[`, `]`, string, or boolean";
        loop {
            let start = token.span;
            array.push(self.node(token, wanted)?);
            limit(array.len(), start)?;
            let end = self.next()?;
            match end.kind {
                TokenKind::Mark(b']') => return Ok(array),
                TokenKind::Mark(b',') => token = self.next()?,
                _ => {
                    let help = "separate elements by `,`, and close the array with `]`";
                    return Err(expected(&end, "`,` or `]`", help));
                }
            }
            wanted = "`{`, `[`, string, or boolean";
        }
    }

    fn node(&mut self, mut token: Token, wanted: &str) -> Parsed<Node> {
        let start = token.span;
        let value = match &mut token.kind {
            TokenKind::Bool(value) => Value::Bool(*value),
            TokenKind::String(text) => Value::String(mem::take(text)),
            TokenKind::Mark(mark @ (b'{' | b'[')) => {
                self.enter(start)?;
                let value = match mark {
                    b'{' => Value::Object(self.object()?),
                    _ => Value::Array(self.array()?),
                };
                self.depth -= 1;
                value
            }
            TokenKind::Mark(_) | TokenKind::Comment | TokenKind::End => {
                let help = match token.kind {
                    TokenKind::Mark(b']' | b'}') => "remove the `,` before it, or add a value",
                    TokenKind::Mark(b',') => "remove the `,`, or add a value before it",
                    _ => "write a value: `'string'`, `true`, `false`, `[...]` or `{...}`",
                };
                return Err(expected(&token, wanted, help));
            }
        };
        let span = self.lexer.span(start.start as usize, self.lexer.offset());
        Ok(Node { span, value })
    }

    /// Where the item after `offset` begins, and whether it is documentation.
    fn start_of_item(&self, offset: usize) -> (bool, usize) {
        let mut lexer = self.lexer.clone();
        lexer.seek(offset);
        match lexer.token() {
            Ok(token) => (token.kind == TokenKind::Comment, token.span.start as usize),
            Err(finding) => (false, finding.place.map_or(offset, |place| place.start as usize)),
        }
    }

    /// Continues with the next line after `start` that begins an expression or documentation. The
    /// line that ends broken documentation begins none.
    fn recover(&mut self, start: usize) {
        let text = self.source.text();
        let mut in_doc = text[start..].starts_with("##");
        let mut offset = start + text[start..].find('\n').unwrap_or(text.len() - start);
        while let Some(line) = text.get(offset + 1..).filter(|rest| !rest.is_empty()) {
            offset += 1;
            let is_mark = line.starts_with("##");
            if in_doc && is_mark {
                in_doc = false;
            } else if is_mark || line.starts_with('{') {
                break;
            } else if in_doc && !line.starts_with('#') {
                in_doc = false;
            }
            offset += line.find('\n').unwrap_or(line.len());
        }
        self.lexer.seek(offset);
    }
}

/// Refuses an object or array with too many elements.
fn limit(elements: usize, at: Span) -> Parsed<()> {
    if elements <= MAX_ELEMENTS {
        return Ok(());
    }
    let message = format!("an object or array has more than {MAX_ELEMENTS} elements");
    Err(Box::new(Finding::error(at, message)))
}

fn expected(found: &Token, wanted: &str, help: &str) -> Box<Finding> {
    let message = match &found.kind {
        TokenKind::End => format!("expected {wanted}, found the end of the file"),
        TokenKind::Mark(mark) => format!("expected {wanted}, found `{}`", char::from(*mark)),
        TokenKind::String(_) => format!("expected {wanted}, found a string"),
        TokenKind::Bool(value) => format!("expected {wanted}, found `{value}`"),
        TokenKind::Comment => format!("expected {wanted}, found documentation"),
    };
    Box::new(Finding::error(found.span, message).help(help))
}
