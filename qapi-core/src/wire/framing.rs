//! Finds the end of a text, and checks its size on the way.

use super::error::JsonError;
use super::lexer::TokenKind;
use super::limits::{MAX_NESTING, MAX_TOKEN_COUNT, MAX_TOKEN_SIZE};

/// Counts the tokens of one text.
///
/// Braces and brackets are counted separately, and the text ends where both counts are zero or one
/// is negative: `[}` is complete, while `[{]` lacks its brace. The grammar does not matter here, so
/// that one malformed text is one error.
#[derive(Debug, Default)]
pub(super) struct TextBounds {
    braces: isize,
    brackets: isize,
    tokens: usize,
    size: usize,
}

impl TextBounds {
    /// Adds a token of `length` bytes; `true` if it is the last of its text.
    ///
    /// # Errors
    /// The text exceeds a limit.
    #[inline]
    pub(super) fn add(&mut self, kind: TokenKind, length: usize) -> Result<bool, JsonError> {
        match kind {
            TokenKind::OpenBrace => self.braces += 1,
            TokenKind::CloseBrace => self.braces -= 1,
            TokenKind::OpenBracket => self.brackets += 1,
            TokenKind::CloseBracket => self.brackets -= 1,
            TokenKind::Colon
            | TokenKind::Comma
            | TokenKind::Integer
            | TokenKind::Float
            | TokenKind::Keyword
            | TokenKind::String => {}
        }
        self.size += length;
        self.tokens += 1;
        if self.size >= MAX_TOKEN_SIZE {
            return Err(JsonError::TokenSizeLimit);
        }
        if self.tokens > MAX_TOKEN_COUNT {
            return Err(JsonError::TokenCountLimit);
        }
        if self.braces + self.brackets > MAX_NESTING as isize {
            return Err(JsonError::NestingLimit);
        }
        // The combination is negative if one count is, and zero if both are.
        Ok(self.braces | self.brackets <= 0)
    }

    /// Whether a text has begun and is not complete.
    pub(super) fn is_begun(&self) -> bool {
        self.tokens > 0
    }
}
