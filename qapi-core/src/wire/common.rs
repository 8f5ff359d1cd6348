//! A common text, read at one go: no states between bytes, and no token but where it stands.
//!
//! Common is a text that is there whole, is an object, and has nothing in it that asks for care: no
//! escapes, nothing beyond ASCII, no fractions or exponents, few members and few levels. Whatever
//! else there is, wrong texts above all, is left to the lexer and the parser, which begin afresh
//! with it: what is read here must be what they would read.

use super::document::{Document, Node};
use super::limits::KEPT_CAPACITY;
use super::number::Number;

/// How long a text may be. Longer ones pay for more than their tokens anyway.
const LENGTH: usize = KEPT_CAPACITY;

/// How many levels a text may have.
const DEPTH: usize = 32;

/// How many members an object may have: names are compared one by one.
const MEMBERS: u32 = 16;

/// How many digits fit an `i64` whatever they are.
const DIGITS: usize = 18;

/// Reads the text that `input` begins with, white space before it or not, into an empty document.
/// Its length, or `None` if it is not a common one; the document must be cleared then.
pub(super) fn read(input: &[u8], document: &mut Document) -> Option<usize> {
    let mut reader = Reader { text: input.get(..LENGTH).unwrap_or(input), at: 0, document };
    if reader.token()? != b'{' {
        return None;
    }
    reader.object(DEPTH)?;
    let end = reader.at;
    document.adopt_strings(str::from_utf8(input.get(..end)?).ok()?);
    Some(end)
}

struct Reader<'i, 'd> {
    text: &'i [u8],
    at: usize,
    /// Takes the nodes. Their strings are where they stand in the text, which it gets in the end.
    document: &'d mut Document,
}

impl Reader<'_, '_> {
    /// Takes the first byte behind white space.
    #[inline]
    fn token(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.get(self.at)?;
            self.at += 1;
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(byte);
            }
        }
    }

    /// Reads what follows the brace of an object.
    fn object(&mut self, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        let object = self.document.open(Node::Object { len: 0, end: 0 });
        let mut len = 0;
        let mut token = self.token()?;
        if token == b'}' {
            self.document.close(object, 0);
            return Some(());
        }
        loop {
            if !matches!(token, b'"' | b'\'') || len == MEMBERS {
                return None;
            }
            self.name(token, object)?;
            if self.token()? != b':' {
                return None;
            }
            token = self.token()?;
            self.value(token, depth)?;
            len += 1;
            match self.token()? {
                b',' => token = self.token()?,
                b'}' => break,
                _ => return None,
            }
        }
        self.document.close(object, len as usize);
        Some(())
    }

    /// Reads what follows the bracket of an array.
    fn array(&mut self, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        let array = self.document.open(Node::Array { len: 0, end: 0 });
        let mut len = 0;
        let mut token = self.token()?;
        if token == b']' {
            self.document.close(array, 0);
            return Some(());
        }
        loop {
            self.value(token, depth)?;
            len += 1;
            match self.token()? {
                b',' => token = self.token()?,
                b']' => break,
                _ => return None,
            }
        }
        self.document.close(array, len);
        Some(())
    }

    /// Reads the value that begins with `first`, which is behind.
    #[inline]
    fn value(&mut self, first: u8, depth: usize) -> Option<()> {
        match first {
            b'"' | b'\'' => {
                let (start, len) = self.string(first)?;
                self.document.push(Node::String { start, len });
                Some(())
            }
            b'{' => self.object(depth),
            b'0'..=b'9' | b'-' => self.integer(first),
            b'[' => self.array(depth),
            b't' => self.word(b"rue", Node::Bool(true)),
            b'f' => self.word(b"alse", Node::Bool(false)),
            b'n' => self.word(b"ull", Node::Null),
            _ => None,
        }
    }

    /// Reads the name of a member, which its object must not have yet.
    #[inline]
    fn name(&mut self, quote: u8, object: u32) -> Option<()> {
        let (start, len) = self.string(quote)?;
        let text =
            |start: u32, len: u32| self.text.get(start as usize..start as usize + len as usize);
        let mut earlier = object + 1;
        let behind = self.document.next_index();
        while earlier < behind {
            if let Node::String { start: other, len: length } = self.document.node(earlier)
                && len == length
                && text(start, len) == text(other, length)
            {
                return None;
            }
            earlier = self.document.after(earlier + 1);
        }
        self.document.push(Node::String { start, len });
        Some(())
    }

    /// Reads a string behind its first quote; where it is.
    #[inline]
    fn string(&mut self, quote: u8) -> Option<(u32, u32)> {
        let start = self.at;
        let rest = self.text.get(start..)?;
        let len = plain_length(rest, quote);
        if *rest.get(len)? != quote {
            return None;
        }
        self.at = start + len + 1;
        Some((start as u32, len as u32))
    }

    /// Reads a whole number whose first byte is behind.
    #[inline]
    fn integer(&mut self, first: u8) -> Option<()> {
        let start = if first == b'-' { self.at } else { self.at - 1 };
        let mut value = 0;
        let mut at = start;
        loop {
            let byte = *self.text.get(at)?;
            if !byte.is_ascii_digit() {
                break;
            }
            if at - start == DIGITS {
                return None;
            }
            value = value * 10 + i64::from(byte - b'0');
            at += 1;
        }
        let zero_leads = self.text.get(start) == Some(&b'0') && at - start > 1;
        if at == start || zero_leads {
            return None;
        }
        self.at = at;
        self.ends_here()?;
        let value = if first == b'-' { -value } else { value };
        self.document.push(Node::Number(Number::Int(value)));
        Some(())
    }

    /// Reads what is left of a word.
    fn word(&mut self, rest: &[u8], node: Node) -> Option<()> {
        if !self.text.get(self.at..)?.starts_with(rest) {
            return None;
        }
        self.at += rest.len();
        self.ends_here()?;
        self.document.push(node);
        Some(())
    }

    /// Whether a number or word ends where the reader is: such a byte follows that it cannot go
    /// on with, nor be broken by.
    #[inline]
    fn ends_here(&self) -> Option<()> {
        match *self.text.get(self.at)? {
            b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' => Some(()),
            _ => None,
        }
    }
}

/// How many bytes from the start are neither `quote` nor special in a string: in eights, as far
/// as there are eight.
#[inline]
fn plain_length(bytes: &[u8], quote: u8) -> usize {
    const ONES: u64 = u64::MAX / 0xFF;
    const HIGH: u64 = ONES << 7;
    let quotes = ONES * u64::from(quote);
    let mut length = 0;
    while let Some(eight) = bytes.get(length..length + 8) {
        let word = u64::from_le_bytes(eight.try_into().unwrap_or_default());
        // The highest bit of each byte that is zero, or below; of those above the first such byte
        // it may be set for nothing.
        let zero = |word: u64| word.wrapping_sub(ONES) & !word;
        let below_blank = word.wrapping_sub(ONES * 0x20) & !word;
        let backslash = zero(word ^ (ONES * u64::from(b'\\')));
        let found = (zero(word ^ quotes) | backslash | below_blank | word) & HIGH;
        if found != 0 {
            return length + found.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    let special = |byte: u8| byte == quote || byte == b'\\' || !(0x20..0x80).contains(&byte);
    let rest = bytes.get(length..).unwrap_or_default();
    length + rest.iter().position(|byte| special(*byte)).unwrap_or(rest.len())
}
