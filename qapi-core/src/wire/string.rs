//! From string tokens to strings: escapes, and the check for valid Unicode.

use super::error::JsonError;
use super::utf8;

/// Decodes a string token, quotes included, into the end of `decoded`.
pub(super) fn decode_into(decoded: &mut String, token: &[u8]) -> Result<(), JsonError> {
    let mut cursor = Cursor { token, at: 1 };
    loop {
        decoded.push_str(cursor.plain_text()?);
        let Some((&byte, more)) = cursor.rest().split_first() else { return Ok(()) };
        if byte != b'\\' {
            decoded.push(cursor.character()?);
        } else if more.first() == Some(&b'u') {
            decoded.push(cursor.unicode_escape()?);
        } else {
            decoded.push(short_escape(more.first())?);
            cursor.at += 2;
        }
    }
}

struct Cursor<'t> {
    token: &'t [u8],
    at: usize,
}

impl<'t> Cursor<'t> {
    /// The rest before the closing quote.
    fn rest(&self) -> &'t [u8] {
        let end = self.token.len().saturating_sub(1);
        self.token.get(self.at..end).unwrap_or_default()
    }

    /// Reads bytes up to the next escape; in most strings these are all.
    fn plain_text(&mut self) -> Result<&'t str, JsonError> {
        let rest = self.rest();
        let special = |&byte: &u8| byte == b'\\' || !byte.is_ascii();
        let length = rest.iter().position(special).unwrap_or(rest.len());
        self.at += length;
        str::from_utf8(&rest[..length]).map_err(|_| JsonError::InvalidUtf8)
    }

    fn character(&mut self) -> Result<char, JsonError> {
        let (character, length) = utf8::decode(self.rest());
        self.at += length;
        character.ok_or(JsonError::InvalidUtf8)
    }

    /// Reads `\uXXXX`, or two of them that make a surrogate pair.
    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let first = self.code_unit(self.at);
        let pair = match first {
            Some(first @ 0xD800..=0xDBFF) => match self.code_unit(self.at + 6) {
                Some(second @ 0xDC00..=0xDFFF) => Some((first, second)),
                _ => None,
            },
            _ => None,
        };
        let (code, length) = match pair {
            Some((first, second)) => (Some(pair_code(first, second)), 12),
            None => (first, 6),
        };
        let Some(character) = code.and_then(utf8::character) else {
            // The error about a short escape includes the bytes after it, the quote among them.
            let end = self.token.len().min(self.at + length);
            return Err(JsonError::InvalidCharacter(utf8::to_text(&self.token[self.at..end])));
        };
        self.at += length;
        Ok(character)
    }

    /// The number in `\uXXXX` at a position of the token, if there is such an escape.
    fn code_unit(&self, at: usize) -> Option<u32> {
        let digits = self.token.get(at..at + 6)?.strip_prefix(b"\\u")?;
        digits
            .iter()
            .try_fold(0, |code, &digit| Some(code << 4 | char::from(digit).to_digit(16)?))
    }
}

fn pair_code(first: u32, second: u32) -> u32 {
    0x1_0000 + ((first & 0x3FF) << 10 | second & 0x3FF)
}

fn short_escape(byte: Option<&u8>) -> Result<char, JsonError> {
    match byte {
        Some(&quoted @ (b'"' | b'\'' | b'\\' | b'/')) => Ok(char::from(quoted)),
        Some(b'b') => Ok('\u{8}'),
        Some(b'f') => Ok('\u{C}'),
        Some(b'n') => Ok('\n'),
        Some(b'r') => Ok('\r'),
        Some(b't') => Ok('\t'),
        _ => Err(JsonError::InvalidEscape),
    }
}
