//! The grammar of JSON: builds a document from tokens, one token at a time.

use super::document::{Document, Node};
use super::error::JsonError;
use super::keys::Keys;
use super::lexer::TokenKind;
use super::limits::RETAINED_CAPACITY;
use super::number::Number;
use super::string;

/// The token that the grammar expects next.
#[derive(Debug, Clone, Copy, Default)]
enum Expect {
    #[default]
    Value,
    /// An element, or the end of an empty array.
    FirstElement,
    /// A name, or the end of an empty object.
    FirstKey,
    Key,
    Colon,
    ListSeparator,
    DictSeparator,
}

/// An open array or object.
#[derive(Debug)]
struct Container {
    node: u32,
    kind: ContainerKind,
    /// The number of complete elements or members.
    count: usize,
    /// Whether the container is in the position of a name. This error is reported at the end of the
    /// container.
    is_key: bool,
}

#[derive(Debug)]
enum ContainerKind {
    List,
    /// `name` is the node of the name of the current member, or the object itself before the first.
    Dict {
        name: u32,
    },
}

/// Builds a document from tokens.
///
/// The first error is stored until the end of the text and then reported, because the brackets
/// alone determine where a text ends, even if the text violates the grammar.
#[derive(Debug, Default)]
pub(super) struct Parser {
    expect: Expect,
    open: Vec<Container>,
    keys: Keys,
    error: Option<JsonError>,
}

impl Parser {
    /// The number of bytes that the record of names has allocated.
    pub(super) fn allocated(&self) -> usize {
        self.keys.allocated()
    }

    /// Adds the next token of the text.
    pub(super) fn push(&mut self, kind: TokenKind, text: &[u8], document: &mut Document) {
        if self.error.is_some() {
            return;
        }
        if let Err(error) = self.advance(kind, text, document) {
            self.error = Some(error);
        }
    }

    /// Ends the text, and prepares for the next one.
    ///
    /// # Errors
    /// The first error of the text.
    pub(super) fn finish(&mut self) -> Result<(), JsonError> {
        let premature = if self.open.is_empty() { None } else { Some(JsonError::PrematureEnd) };
        let error = self.error.take().or(premature);
        self.clear();
        error.map_or(Ok(()), Err)
    }

    /// Discards the current text and its error.
    pub(super) fn clear(&mut self) {
        self.expect = Expect::Value;
        self.open.clear();
        self.open.shrink_to(RETAINED_CAPACITY / size_of::<Container>());
        self.keys.clear();
        self.error = None;
    }

    fn advance(
        &mut self,
        kind: TokenKind,
        text: &[u8],
        document: &mut Document,
    ) -> Result<(), JsonError> {
        match (self.expect, kind) {
            (Expect::FirstElement, TokenKind::CloseBracket)
            | (Expect::ListSeparator, TokenKind::CloseBracket)
            | (Expect::FirstKey, TokenKind::CloseBrace)
            | (Expect::DictSeparator, TokenKind::CloseBrace) => self.close(document),
            (Expect::ListSeparator, TokenKind::Comma) | (Expect::Colon, TokenKind::Colon) => {
                self.expect = Expect::Value;
                Ok(())
            }
            (Expect::DictSeparator, TokenKind::Comma) => {
                self.expect = Expect::Key;
                Ok(())
            }
            (Expect::ListSeparator, _) => Err(JsonError::ExpectedListSeparator),
            (Expect::DictSeparator, _) => Err(JsonError::ExpectedDictSeparator),
            (Expect::Colon, _) => Err(JsonError::MissingColon),
            (Expect::Value | Expect::FirstElement, _) => self.value(kind, text, false, document),
            (Expect::FirstKey | Expect::Key, _) => self.value(kind, text, true, document),
        }
    }

    /// Handles the first token of a value or of a member's name.
    fn value(
        &mut self,
        kind: TokenKind,
        text: &[u8],
        is_key: bool,
        document: &mut Document,
    ) -> Result<(), JsonError> {
        document.reserve(0)?;
        match kind {
            TokenKind::OpenBrace => {
                let node = document.open(Node::Object { len: 0, end: 0 });
                self.open(node, ContainerKind::Dict { name: node }, is_key);
                self.expect = Expect::FirstKey;
                return Ok(());
            }
            TokenKind::OpenBracket => {
                let node = document.open(Node::Array { len: 0, end: 0 });
                self.open(node, ContainerKind::List, is_key);
                self.expect = Expect::FirstElement;
                return Ok(());
            }
            TokenKind::Integer => document.push(Node::Number(Number::from_integer(ascii(text)))),
            TokenKind::Float => document.push(Node::Number(Number::from_float(ascii(text)))),
            TokenKind::Keyword => document.push(keyword(text)?),
            TokenKind::String => {
                // The token is at least as long as the string.
                document.reserve(text.len())?;
                let start = document.strings_mut().len();
                string::decode_into(document.strings_mut(), text)?;
                document.push_string_from(start);
            }
            TokenKind::CloseBrace
            | TokenKind::CloseBracket
            | TokenKind::Colon
            | TokenKind::Comma => return Err(JsonError::ExpectingValue),
        }
        if !is_key {
            return self.value_complete(document);
        }
        self.key_complete(kind, document)
    }

    fn key_complete(&mut self, kind: TokenKind, document: &Document) -> Result<(), JsonError> {
        if kind != TokenKind::String {
            return Err(JsonError::KeyIsNotString);
        }
        if let Some(Container { kind: ContainerKind::Dict { name }, .. }) = self.open.last_mut() {
            *name = document.next_index() - 1;
        }
        self.expect = Expect::Colon;
        Ok(())
    }

    fn open(&mut self, node: u32, kind: ContainerKind, is_key: bool) {
        self.open.push(Container { node, kind, count: 0, is_key });
    }

    fn close(&mut self, document: &mut Document) -> Result<(), JsonError> {
        let Some(container) = self.open.pop() else { return Err(JsonError::ExpectingValue) };
        document.close(container.node, container.count);
        if container.is_key {
            return Err(JsonError::KeyIsNotString);
        }
        self.value_complete(document)
    }

    /// Ends a value, and checks the name of a member. The check comes after the value, so that an
    /// error within the value is reported first.
    fn value_complete(&mut self, document: &Document) -> Result<(), JsonError> {
        let Some(container) = self.open.last_mut() else {
            self.expect = Expect::Value;
            return Ok(());
        };
        let members = container.count;
        container.count += 1;
        match container.kind {
            ContainerKind::List => self.expect = Expect::ListSeparator,
            ContainerKind::Dict { name } => {
                self.expect = Expect::DictSeparator;
                if self.keys.is_repeated(document, container.node, members, name)? {
                    return Err(JsonError::DuplicateKey);
                }
            }
        }
        Ok(())
    }
}

fn keyword(text: &[u8]) -> Result<Node, JsonError> {
    match text {
        b"null" => Ok(Node::Null),
        b"true" => Ok(Node::Bool(true)),
        b"false" => Ok(Node::Bool(false)),
        _ => Err(JsonError::invalid_keyword(text)),
    }
}

/// The token of a number as a `str`. The lexer accepts only ASCII in numbers.
fn ascii(text: &[u8]) -> &str {
    str::from_utf8(text).unwrap_or_default()
}
