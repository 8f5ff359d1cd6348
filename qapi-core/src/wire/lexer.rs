//! From bytes to tokens: a state machine that can stop after any byte.

use super::limits::{MAX_TOKEN_SIZE, RETAINED_CAPACITY};

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    Colon,
    Comma,
    Integer,
    Float,
    Keyword,
    String,
}

/// A token or an error, with its text as it was written, quotes included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lexeme<'t> {
    Token(TokenKind, &'t [u8]),
    /// Bytes that cannot be a token because of the last byte.
    Stray(&'t [u8]),
    /// An incomplete token that is longer than a whole text may be.
    Oversize,
    /// A token for which there is no memory.
    OutOfMemory,
}

/// The position of the next byte in the grammar of tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Between,
    /// After a stray token: bytes that may belong to it are skipped.
    Recovery,
    /// Inside a string, with the quote that ends it.
    String(u8),
    /// After a backslash in a string.
    Escape(u8),
    /// After the minus of a number.
    Minus,
    /// After a leading zero. A point may continue the number; an exponent may not.
    Zero,
    Digits,
    /// After the point of a number.
    Point,
    Fraction,
    /// After the `e` of a number.
    Exponent,
    /// After the sign of an exponent.
    ExponentSign,
    ExponentDigits,
    Keyword,
}

/// The effect of one byte.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The byte belongs to the token, which continues.
    Into(State),
    /// The byte is the last one of its token.
    Last(TokenKind),
    /// The byte ends this token and belongs to the next one.
    Behind(TokenKind),
    /// The byte belongs to no token.
    Skip,
    /// The byte ends the recovery. The lexer reads it again in the start state.
    Again,
    /// The byte makes the token a stray one.
    Stray,
}

/// Splits a stream of bytes into tokens, however the stream is split into chunks.
#[derive(Debug, Default)]
pub(super) struct Lexer {
    state: State,
    /// The part of an incomplete token that earlier chunks contained.
    begun: Vec<u8>,
    /// Whether `begun` was returned to the caller, and has to be cleared.
    returned: bool,
}

impl Lexer {
    /// Whether the next byte begins a token, or is white space.
    pub(super) fn is_between(&self) -> bool {
        self.state == State::Between
    }

    /// The number of bytes that the lexer has allocated.
    pub(super) fn allocated(&self) -> usize {
        self.begun.capacity()
    }

    /// Consumes bytes up to the end of the next token; `None` means that all bytes are
    /// consumed.
    ///
    /// A number or a word is complete only with the byte after it.
    pub(super) fn next<'t, 'i: 't>(&'t mut self, input: &mut &'i [u8]) -> Option<Lexeme<'t>> {
        if self.state == State::Between {
            let blank = |&byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
            let blanks = input.iter().position(|byte| !blank(byte)).unwrap_or(input.len());
            *input = &input[blanks..];
            if let Some((kind, length)) = whole_token(input) {
                let (text, rest) = input.split_at(length);
                *input = rest;
                return Some(Lexeme::Token(kind, text));
            }
        }
        self.next_by_steps(input)
    }

    /// As [`Lexer::next`], for every token. Without inlining, common tokens do not save and restore
    /// the registers that this function uses.
    #[inline(never)]
    fn next_by_steps<'t, 'i: 't>(&'t mut self, input: &mut &'i [u8]) -> Option<Lexeme<'t>> {
        self.clear_returned();
        let bytes = *input;
        let mut start = 0;
        let mut at = 0;
        let step = loop {
            let Some(&byte) = bytes.get(at) else {
                *input = &[];
                return self.keep(&bytes[start..]).err();
            };
            let step = self.state.step(byte);
            match step {
                Step::Into(state) => {
                    self.state = state;
                    at += 1;
                    let room = MAX_TOKEN_SIZE + 1 - self.begun.len() - (at - start);
                    if matches!(state, State::String(_)) {
                        let rest = &bytes[at..];
                        at += plain_run(&rest[..rest.len().min(room)]);
                    }
                    if self.begun.len() + (at - start) > MAX_TOKEN_SIZE {
                        break step;
                    }
                }
                Step::Skip => {
                    at += 1;
                    start = at;
                }
                Step::Again => self.state = State::Between,
                Step::Last(_) | Step::Stray => {
                    at += 1;
                    break step;
                }
                Step::Behind(_) => break step,
            }
        };
        *input = &bytes[at..];
        Some(self.lexeme(step, &bytes[start..at]))
    }

    /// The token that the end of the input completes or makes stray, if one has begun.
    pub(super) fn finish(&mut self) -> Option<Lexeme<'_>> {
        self.clear_returned();
        // No token contains this byte, so that it ends every token.
        let step = self.state.step(0);
        match step {
            Step::Behind(_) => Some(self.lexeme(step, &[])),
            Step::Stray if self.state != State::Between => Some(self.lexeme(step, &[])),
            Step::Stray | Step::Again | Step::Skip | Step::Into(_) | Step::Last(_) => {
                self.state = State::Between;
                None
            }
        }
    }

    /// Adds bytes to the token that has begun.
    fn keep(&mut self, bytes: &[u8]) -> Result<(), Lexeme<'static>> {
        if self.begun.try_reserve(bytes.len()).is_err() {
            *self = Lexer::default();
            return Err(Lexeme::OutOfMemory);
        }
        self.begun.extend_from_slice(bytes);
        Ok(())
    }

    fn lexeme<'t>(&'t mut self, step: Step, tail: &'t [u8]) -> Lexeme<'t> {
        let text = if self.begun.is_empty() {
            tail
        } else {
            if let Err(no_memory) = self.keep(tail) {
                return no_memory;
            }
            self.returned = true;
            &self.begun
        };
        self.state = State::Between;
        match step {
            Step::Last(kind) | Step::Behind(kind) => Lexeme::Token(kind, text),
            Step::Stray => {
                self.state = State::Recovery;
                Lexeme::Stray(text)
            }
            Step::Into(_) | Step::Skip | Step::Again => Lexeme::Oversize,
        }
    }

    /// Frees the memory of a large token that was returned.
    #[inline]
    pub(super) fn clear_returned(&mut self) {
        if self.returned {
            self.returned = false;
            self.begun.clear();
            self.begun.shrink_to(RETAINED_CAPACITY);
        }
    }
}

impl State {
    fn step(self, byte: u8) -> Step {
        match self {
            State::Between => between(byte),
            State::Recovery => recovery(byte),
            State::String(quote) => match byte {
                _ if byte == quote => Step::Last(TokenKind::String),
                b'\\' => Step::Into(State::Escape(quote)),
                0x20..=0xFD => Step::Into(self),
                _ => Step::Stray,
            },
            State::Escape(quote) => match byte {
                0x20..=0xFD => Step::Into(State::String(quote)),
                _ => Step::Stray,
            },
            State::Minus => match byte {
                b'0' => Step::Into(State::Zero),
                b'1'..=b'9' => Step::Into(State::Digits),
                _ => Step::Stray,
            },
            State::Zero => match byte {
                b'0'..=b'9' => Step::Stray,
                b'.' => Step::Into(State::Point),
                _ => Step::Behind(TokenKind::Integer),
            },
            State::Digits => match byte {
                b'0'..=b'9' => Step::Into(State::Digits),
                b'.' => Step::Into(State::Point),
                b'e' | b'E' => Step::Into(State::Exponent),
                _ => Step::Behind(TokenKind::Integer),
            },
            State::Point => digit_or_stray(byte, State::Fraction),
            State::Fraction => match byte {
                b'0'..=b'9' => Step::Into(State::Fraction),
                b'e' | b'E' => Step::Into(State::Exponent),
                _ => Step::Behind(TokenKind::Float),
            },
            State::Exponent => match byte {
                b'+' | b'-' => Step::Into(State::ExponentSign),
                _ => digit_or_stray(byte, State::ExponentDigits),
            },
            State::ExponentSign => digit_or_stray(byte, State::ExponentDigits),
            State::ExponentDigits => match byte {
                b'0'..=b'9' => Step::Into(State::ExponentDigits),
                _ => Step::Behind(TokenKind::Float),
            },
            State::Keyword => match byte {
                b'a'..=b'z' => Step::Into(State::Keyword),
                _ => Step::Behind(TokenKind::Keyword),
            },
        }
    }
}

fn between(byte: u8) -> Step {
    match byte {
        b' ' | b'\t' | b'\r' | b'\n' => Step::Skip,
        b'"' | b'\'' => Step::Into(State::String(byte)),
        b'-' => Step::Into(State::Minus),
        b'0' => Step::Into(State::Zero),
        b'1'..=b'9' => Step::Into(State::Digits),
        b'a'..=b'z' => Step::Into(State::Keyword),
        _ => structural(byte).map_or(Step::Stray, Step::Last),
    }
}

/// Control characters and the bytes that UTF-8 never uses end the recovery, also between quotes, so
/// that a client can force a clean start with one of them.
fn recovery(byte: u8) -> Step {
    match byte {
        b'\t' => Step::Skip,
        0x00..0x20 | 0xFE..=0xFF => Step::Again,
        _ if structural(byte).is_some() => Step::Again,
        _ => Step::Skip,
    }
}

/// The token of one byte, if the byte is one.
fn structural(byte: u8) -> Option<TokenKind> {
    match byte {
        b'{' => Some(TokenKind::OpenBrace),
        b'}' => Some(TokenKind::CloseBrace),
        b'[' => Some(TokenKind::OpenBracket),
        b']' => Some(TokenKind::CloseBracket),
        b':' => Some(TokenKind::Colon),
        b',' => Some(TokenKind::Comma),
        _ => None,
    }
}

fn digit_or_stray(byte: u8, state: State) -> Step {
    if byte.is_ascii_digit() { Step::Into(state) } else { Step::Stray }
}

/// The kind and length of the token at the start of some bytes, if it is of a common kind:
/// structural, or a complete string without escapes.
fn whole_token(bytes: &[u8]) -> Option<(TokenKind, usize)> {
    let (&first, rest) = bytes.split_first()?;
    if !matches!(first, b'"' | b'\'') {
        return structural(first).map(|kind| (kind, 1));
    }
    let length = plain_run(rest);
    let complete = rest.get(length) == Some(&first) && length < MAX_TOKEN_SIZE;
    complete.then_some((TokenKind::String, length + 2))
}

/// The number of bytes at the start that continue a string with either quote.
///
/// Most strings end within one block. Longer ones are examined in blocks without a branch inside,
/// which compiles to vector code.
fn plain_run(bytes: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let ends = |&byte: &u8| ENDS_PLAIN_RUN[usize::from(byte)];
    let first = &bytes[..bytes.len().min(BLOCK)];
    if let Some(length) = first.iter().position(ends) {
        return length;
    }
    let plain_block =
        |block: &&[u8]| !block.iter().fold(false, |ends, &byte| ends | ends_plain_run(byte));
    let plain = bytes.chunks_exact(BLOCK).take_while(plain_block).count() * BLOCK;
    let rest = &bytes[plain..];
    plain + rest.iter().position(ends).unwrap_or(rest.len())
}

static ENDS_PLAIN_RUN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = ends_plain_run(byte as u8);
        byte += 1;
    }
    table
};

/// Whether a byte is special in a string: a quote, a backslash, or not allowed.
const fn ends_plain_run(byte: u8) -> bool {
    (byte < 0x20) | (byte > 0xFD) | (byte == b'"') | (byte == b'\'') | (byte == b'\\')
}
