//! From a stream of bytes to a stream of texts.

use super::document::Document;
use super::error::JsonError;
use super::fast_path;
use super::framing::TextBounds;
use super::lexer::{Lexeme, Lexer};
use super::parser::Parser;

/// A result of a [`Decoder`].
#[derive(Debug)]
pub enum Decoded<'a> {
    /// A text. The decoder reuses its document for the next text; to use the document longer, take
    /// it with [`std::mem::take`].
    Message(&'a mut Document),
    /// Malformed bytes. The server answers with an error without `id`, and the stream continues.
    Error(JsonError),
}

/// Reads JSON texts from a stream of bytes, as a QMP server does.
///
/// Texts need no separator. A text ends with its last bracket or quote; a bare number or word ends
/// before the byte that follows. After bytes that cannot be a token the decoder skips to the next
/// structural or control character (QMP specification, "Forcing the JSON parser into known-good
/// state").
///
/// [`MAX_TOKEN_SIZE`](super::MAX_TOKEN_SIZE) and [`MAX_TOKEN_COUNT`](super::MAX_TOKEN_COUNT)
/// bound the memory of the decoder. The worst text requires less than 400 MiB, and a common text
/// some hundred bytes. After the first common text the decoder allocates nothing for further ones.
///
/// ```
/// use qapi_core::wire::{Decoded, Decoder};
///
/// let mut decoder = Decoder::new();
/// let mut input: &[u8] = b"{'execute': 'quit'} !\n [";
/// let Some(Decoded::Message(document)) = decoder.decode(&mut input) else { panic!() };
/// assert_eq!(document.root().get("execute").unwrap().as_str(), Some("quit"));
/// let Some(Decoded::Error(error)) = decoder.decode(&mut input) else { panic!() };
/// assert_eq!(error.to_string(), "JSON parse error, stray '!'");
/// assert!(decoder.decode(&mut input).is_none());
/// ```
#[derive(Debug, Default)]
pub struct Decoder {
    lexer: Lexer,
    assembler: Assembler,
}

impl Decoder {
    /// A decoder at the start of a stream.
    pub fn new() -> Decoder {
        Decoder::default()
    }

    /// Whether the last bytes ended a text, or were white space.
    #[inline]
    pub(crate) fn is_between_texts(&self) -> bool {
        self.lexer.is_between() && !self.assembler.bounds.is_begun()
    }

    /// The number of bytes that the decoder has allocated, without the parser's stack of up to
    /// [`MAX_NESTING`](super::MAX_NESTING) containers.
    pub(crate) fn allocated(&self) -> usize {
        let parser = &self.assembler.parser;
        self.lexer.allocated() + parser.allocated() + self.document_allocated()
    }

    /// The part of [`allocated`](Self::allocated) that is for the document.
    pub(crate) fn document_allocated(&self) -> usize {
        self.assembler.document.allocated()
    }

    /// Consumes bytes from the front of `input` until a text is complete or malformed.
    ///
    /// `None` means that all bytes are consumed and more are needed. Call this method until it
    /// returns `None`: the last call also frees the memory of a large text.
    #[inline]
    pub fn decode(&mut self, input: &mut &[u8]) -> Option<Decoded<'_>> {
        self.assembler.clear_returned();
        if input.is_empty() {
            self.lexer.clear_returned();
            return None;
        }
        if self.is_between_texts() && self.assembler.read_fast(input) {
            return Some(Decoded::Message(&mut self.assembler.document));
        }
        let verdict = self.next_verdict(input)?;
        Some(self.assembler.decoded(verdict))
    }

    /// As [`Decoder::decode`], but the stream ends with `input`: a text that has begun is complete
    /// or malformed there.
    fn decode_last(&mut self, input: &mut &[u8]) -> Option<Decoded<'_>> {
        self.assembler.clear_returned();
        let verdict = match self.next_verdict(input) {
            Some(verdict) => verdict,
            None => match self.lexer.finish().and_then(|lexeme| self.assembler.take(lexeme)) {
                Some(verdict) => verdict,
                None => self.assembler.finish()?,
            },
        };
        Some(self.assembler.decoded(verdict))
    }

    #[inline(never)]
    fn next_verdict(&mut self, input: &mut &[u8]) -> Option<Result<(), JsonError>> {
        while let Some(lexeme) = self.lexer.next(input) {
            if let Some(verdict) = self.assembler.take(lexeme) {
                return Some(verdict);
            }
        }
        None
    }
}

/// Assembles tokens into texts.
#[derive(Debug, Default)]
struct Assembler {
    bounds: TextBounds,
    parser: Parser,
    document: Document,
    /// Whether the document was returned to the caller, and has to be cleared for the next text.
    returned: bool,
}

impl Assembler {
    /// Reads a simple text at the front of `input`; `false` if the text is not simple.
    #[inline]
    fn read_fast(&mut self, input: &mut &[u8]) -> bool {
        let Some(length) = fast_path::read(input, &mut self.document) else {
            self.document.clear();
            return false;
        };
        *input = input.get(length..).unwrap_or_default();
        self.returned = true;
        true
    }

    /// Adds a token; returns the verdict on the text if the token ends it.
    fn take(&mut self, lexeme: Lexeme<'_>) -> Option<Result<(), JsonError>> {
        let (kind, text) = match lexeme {
            Lexeme::Token(kind, text) => (kind, text),
            Lexeme::Stray(text) => return Some(Err(JsonError::stray(text))),
            Lexeme::Oversize => return Some(Err(JsonError::TokenSizeLimit)),
            Lexeme::OutOfMemory => return Some(Err(JsonError::OutOfMemory)),
        };
        match self.bounds.add(kind, text.len()) {
            Ok(complete) => {
                self.parser.push(kind, text, &mut self.document);
                complete.then(|| self.parser.finish())
            }
            Err(error) => Some(Err(error)),
        }
    }

    /// The verdict on a text that ends with the stream.
    fn finish(&mut self) -> Option<Result<(), JsonError>> {
        self.bounds.is_begun().then(|| self.parser.finish())
    }

    fn decoded(&mut self, verdict: Result<(), JsonError>) -> Decoded<'_> {
        self.bounds = TextBounds::default();
        self.returned = true;
        match verdict {
            Ok(()) => Decoded::Message(&mut self.document),
            Err(error) => {
                self.parser.clear();
                Decoded::Error(error)
            }
        }
    }

    fn clear_returned(&mut self) {
        if self.returned {
            self.returned = false;
            self.document.clear();
        }
    }
}

impl Document {
    /// Parses bytes that contain one text and otherwise only white space.
    ///
    /// # Errors
    /// The first error of the text; [`JsonError::NoValue`] or [`JsonError::SeveralValues`] if there
    /// is not exactly one text; [`JsonError::PrematureEnd`] if it is not complete.
    pub fn parse(text: &[u8]) -> Result<Document, JsonError> {
        let mut decoder = Decoder::new();
        let mut input = text;
        let document = match decoder.decode_last(&mut input) {
            None => return Err(JsonError::NoValue),
            Some(Decoded::Error(error)) => return Err(error),
            Some(Decoded::Message(document)) => std::mem::take(document),
        };
        match decoder.decode_last(&mut input) {
            None => Ok(document),
            Some(Decoded::Error(_) | Decoded::Message(_)) => Err(JsonError::SeveralValues),
        }
    }
}
