//! Errors in a JSON text, with the messages that clients receive.

use std::fmt;

use super::limits::MAX_STRAY_TEXT;
use super::utf8;

/// An error in a JSON text.
///
/// Its [`Display`](fmt::Display) form is the `desc` of the error that a QMP client receives,
/// always of class `GenericError`; the wording is that of `qemu-storage-daemon`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonError {
    /// Bytes that begin no token, or a token with a last byte that cannot continue it.
    Stray(String),
    /// A bare word other than `true`, `false` and `null`.
    InvalidKeyword(String),
    /// A closing bracket, a comma or a colon where a value must be.
    ExpectingValue,
    /// A member of an object whose name is not a string.
    KeyIsNotString,
    /// Something other than a colon between name and value.
    MissingColon,
    /// Something other than a comma or `}` after a member.
    ExpectedDictSeparator,
    /// Something other than a comma or `]` after an element.
    ExpectedListSeparator,
    /// A name that occurs twice in an object.
    DuplicateKey,
    /// A backslash with a character that does not form an escape of JSON.
    InvalidEscape,
    /// A `\u` escape that denotes no Unicode character, as the text has it.
    InvalidCharacter(String),
    /// Bytes in a string that are not UTF-8, or are no Unicode character.
    InvalidUtf8,
    /// A text that ends before it is complete; not in a stream, where more bytes may follow.
    PrematureEnd,
    /// More than [`MAX_NESTING`](super::MAX_NESTING) open brackets.
    NestingLimit,
    /// More than [`MAX_TOKEN_COUNT`](super::MAX_TOKEN_COUNT) tokens.
    TokenCountLimit,
    /// More than [`MAX_TOKEN_SIZE`](super::MAX_TOKEN_SIZE) bytes of tokens.
    TokenSizeLimit,
    /// The system has no memory for the text. The rest of the stream may begin within the text, so
    /// that a server disconnects the client.
    OutOfMemory,
    /// Only white space where one text was expected.
    NoValue,
    /// A second text where one was expected.
    SeveralValues,
}

/// QEMU formats the messages of its parser in a buffer of 1,024 bytes with a final zero byte.
const MAX_MESSAGE: usize = 1023;
const INVALID_KEYWORD: &str = "invalid keyword '";

impl JsonError {
    /// The error about bytes that are no token, as many of them as a reply can contain.
    pub(super) fn stray(text: &[u8]) -> JsonError {
        JsonError::Stray(utf8::to_text(&text[..text.len().min(MAX_STRAY_TEXT)]))
    }

    /// The number of bytes that the error has allocated.
    pub(crate) fn allocated(&self) -> usize {
        match self {
            JsonError::Stray(text)
            | JsonError::InvalidKeyword(text)
            | JsonError::InvalidCharacter(text) => text.capacity(),
            JsonError::ExpectingValue
            | JsonError::KeyIsNotString
            | JsonError::MissingColon
            | JsonError::ExpectedDictSeparator
            | JsonError::ExpectedListSeparator
            | JsonError::DuplicateKey
            | JsonError::InvalidEscape
            | JsonError::InvalidUtf8
            | JsonError::PrematureEnd
            | JsonError::NestingLimit
            | JsonError::TokenCountLimit
            | JsonError::TokenSizeLimit
            | JsonError::OutOfMemory
            | JsonError::NoValue
            | JsonError::SeveralValues => 0,
        }
    }

    /// The error about a bare word, as much of the word as its message can contain.
    pub(super) fn invalid_keyword(word: &[u8]) -> JsonError {
        let shown = word.iter().take(MAX_MESSAGE - INVALID_KEYWORD.len());
        JsonError::InvalidKeyword(shown.copied().map(char::from).collect())
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fixed = match self {
            JsonError::Stray(text) => return write!(f, "JSON parse error, stray '{text}'"),
            JsonError::InvalidKeyword(word) => {
                write!(f, "JSON parse error, {INVALID_KEYWORD}{word}")?;
                let whole = INVALID_KEYWORD.len() + word.len() < MAX_MESSAGE;
                return f.write_str(if whole { "'" } else { "" });
            }
            JsonError::InvalidCharacter(escape) => {
                return write!(f, "JSON parse error, {escape} is not a valid Unicode character");
            }
            JsonError::ExpectingValue => "JSON parse error, expecting value",
            JsonError::KeyIsNotString => "JSON parse error, key is not a string in object",
            JsonError::MissingColon => "JSON parse error, missing : in object pair",
            JsonError::ExpectedDictSeparator => "JSON parse error, expected separator in dict",
            JsonError::ExpectedListSeparator => "JSON parse error, expected separator in list",
            JsonError::DuplicateKey => "JSON parse error, duplicate key",
            JsonError::InvalidEscape => "JSON parse error, invalid escape sequence in string",
            JsonError::InvalidUtf8 => "JSON parse error, invalid UTF-8 sequence in string",
            JsonError::PrematureEnd => "JSON parse error, premature EOI",
            JsonError::NestingLimit => "JSON nesting depth limit exceeded",
            JsonError::TokenCountLimit => "JSON token count limit exceeded",
            JsonError::TokenSizeLimit => "JSON token size limit exceeded",
            JsonError::OutOfMemory => "Cannot allocate memory",
            JsonError::NoValue => "Expecting a JSON value",
            JsonError::SeveralValues => "Expecting at most one JSON value",
        };
        f.write_str(fixed)
    }
}

impl std::error::Error for JsonError {}
