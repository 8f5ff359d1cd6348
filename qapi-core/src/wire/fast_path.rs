//! The fast path of the parser: reads a simple text in one pass, without a lexer and its states.
//!
//! A text is simple if it is complete, is an object, and has no escapes, no characters beyond
//! ASCII, no fractions or exponents, few members and few levels. The lexer and the parser read
//! every other text from its start, malformed texts among them. For a simple text both ways must
//! give the same document; a fuzz target compares them.
//!
//! The fast path saves more than half of the instructions of a request: one dispatch of a command
//! with one argument takes 2,075 instructions with it and 5,300 without (`benches/wire`,
//! `dispatch`).

use super::document::{Document, Node, RequestMembers};
use super::limits::RETAINED_CAPACITY;
use super::number::Number;

/// The longest simple text, in bytes. For longer ones the cost of a token matters less.
const LENGTH: usize = RETAINED_CAPACITY;

/// The most levels of a simple text.
const DEPTH: usize = 32;

/// The most members of an object in a simple text, as names are compared one by one.
const MEMBERS: usize = 16;

/// The most digits of a number that always fits an `i64`.
const DIGITS: usize = 18;

/// Reads the simple text at the start of `input`, after white space, into an empty document, and
/// returns its length. `None` if the text is not simple; the caller must then clear the document.
pub(super) fn read(input: &[u8], document: &mut Document) -> Option<usize> {
    let text = input.get(..LENGTH).unwrap_or(input);
    let (first, at) = token(text, 0)?;
    if first != b'{' {
        return None;
    }
    let end = message(text, at, document)?;
    // The nodes of strings refer to positions in the text.
    let text = text.get(..end)?;
    debug_assert!(text.is_ascii(), "a byte of the text was not examined");
    // SAFETY: the text is ASCII. Each of its bytes is in a token or between two tokens, and the
    // functions below accept ASCII alone: `plain_end` ends at a byte from 0x80 on, and all other
    // tokens, and the white space between tokens, are compared with ASCII characters.
    document.adopt_strings(unsafe { str::from_utf8_unchecked(text) });
    Some(end)
}

// Each function below reads at the position `at` and returns the position after its token.

/// The first byte after white space, and the position after it.
#[inline(always)]
fn token(text: &[u8], at: usize) -> Option<(u8, usize)> {
    let byte = *text.get(at)?;
    if byte > b' ' { Some((byte, at + 1)) } else { token_after_blank(text, at) }
}

#[cold]
fn token_after_blank(text: &[u8], at: usize) -> Option<(u8, usize)> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let at = at + text.get(at..)?.iter().position(|byte| !blank(byte))?;
    Some((*text.get(at)?, at + 1))
}

/// Reads the rest of the outermost object after its brace. The usual members of a request are
/// recognized by their names at once, and noted.
#[inline]
fn message(text: &[u8], at: usize, document: &mut Document) -> Option<usize> {
    let mut members = RequestMembers::default();
    let mut has_others = false;
    let end = members_of(text, at, DEPTH, document, |at, quote, object, document| {
        let Some((member, len)) = request_member(text, at, quote, &mut members) else {
            has_others = true;
            return name(text, at, quote, object, document);
        };
        if *member != 0 {
            return None;
        }
        *member = document.next_index() + 1;
        document.push(Node::String { start: at as u32, len });
        Some(at + len as usize + 1)
    })?;
    if !has_others {
        document.note_request(members);
    }
    Some(end)
}

/// The member of a request whose name and closing quote are at the position `at`, and the length
/// of the name.
#[inline(always)]
fn request_member<'r>(
    text: &[u8],
    at: usize,
    quote: u8,
    members: &'r mut RequestMembers,
) -> Option<(&'r mut u32, u32)> {
    const EXECUTE: u64 = u64::from_le_bytes(*b"execute\0");
    const ARGUMENT: u64 = u64::from_le_bytes(*b"argument");
    let rest = text.get(at..)?;
    if let Some([b'i', b'd', end]) = rest.first_chunk()
        && *end == quote
    {
        return Some((&mut members.id, 2));
    }
    let first = u64::from_le_bytes(*rest.first_chunk()?);
    if first == EXECUTE | u64::from(quote) << 56 {
        return Some((&mut members.execute, 7));
    }
    if first == ARGUMENT && rest.get(8..10) == Some(&[b's', quote]) {
        return Some((&mut members.arguments, 9));
    }
    None
}

/// Reads the rest of an object after its brace.
fn object(text: &[u8], at: usize, depth: usize, document: &mut Document) -> Option<usize> {
    members_of(text, at, depth, document, |at, quote, object, document| {
        name(text, at, quote, object, document)
    })
}

/// Reads the rest of an object after its brace. `name` reads the rest of a name after its quote; it
/// gets the position, the quote and the index of the object.
#[inline(always)]
fn members_of(
    text: &[u8],
    at: usize,
    depth: usize,
    document: &mut Document,
    mut name: impl FnMut(usize, u8, u32, &mut Document) -> Option<usize>,
) -> Option<usize> {
    let depth = depth.checked_sub(1)?;
    let object = document.open(Node::Object { len: 0, end: 0 });
    let mut len = 0;
    let (mut next, mut at) = token(text, at)?;
    if next != b'}' {
        loop {
            if !matches!(next, b'"' | b'\'') || len == MEMBERS {
                return None;
            }
            at = name(at, next, object, document)?;
            let (colon, after) = token(text, at)?;
            if colon != b':' {
                return None;
            }
            (next, at) = token(text, after)?;
            at = value(text, at, next, depth, document)?;
            len += 1;
            (next, at) = token(text, at)?;
            match next {
                b',' => (next, at) = token(text, at)?,
                b'}' => break,
                _ => return None,
            }
        }
    }
    document.close(object, len);
    Some(at)
}

/// Reads the rest of an array after its bracket.
fn array(text: &[u8], at: usize, depth: usize, document: &mut Document) -> Option<usize> {
    let depth = depth.checked_sub(1)?;
    let array = document.open(Node::Array { len: 0, end: 0 });
    let mut len = 0;
    let (mut next, mut at) = token(text, at)?;
    if next != b']' {
        loop {
            at = value(text, at, next, depth, document)?;
            len += 1;
            (next, at) = token(text, at)?;
            match next {
                b',' => (next, at) = token(text, at)?,
                b']' => break,
                _ => return None,
            }
        }
    }
    document.close(array, len);
    Some(at)
}

/// Reads the rest of a value after its first byte, `first`.
#[inline(always)]
fn value(
    text: &[u8],
    at: usize,
    first: u8,
    depth: usize,
    document: &mut Document,
) -> Option<usize> {
    match first {
        b'"' | b'\'' => string(text, at, first, document),
        b'{' => object(text, at, depth, document),
        b'0'..=b'9' | b'-' => integer(text, at, first, document),
        b'[' => array(text, at, depth, document),
        b't' => word(text, at, b"rue", Node::Bool(true), document),
        b'f' => word(text, at, b"alse", Node::Bool(false), document),
        b'n' => word(text, at, b"ull", Node::Null, document),
        _ => None,
    }
}

/// Reads the rest of a member's name after its quote. The name must be new to its object.
#[inline(always)]
fn name(
    text: &[u8],
    at: usize,
    quote: u8,
    object: u32,
    document: &mut Document,
) -> Option<usize> {
    let mut earlier = object + 1;
    let this = document.next_index();
    let after = string(text, at, quote, document)?;
    let of = |start: usize, len: u32| text.get(start..start + len as usize);
    while earlier < this {
        if let Node::String { start, len } = document.node(earlier)
            && len as usize == after - 1 - at
            && of(start as usize, len) == of(at, len)
        {
            return None;
        }
        earlier = document.after(earlier + 1);
    }
    Some(after)
}

/// Reads the rest of a string after its quote.
#[inline(always)]
fn string(text: &[u8], at: usize, quote: u8, document: &mut Document) -> Option<usize> {
    let end = plain_end(text, at, quote);
    if *text.get(end)? != quote {
        return None;
    }
    document.push(Node::String { start: at as u32, len: (end - at) as u32 });
    Some(end + 1)
}

/// Reads the rest of a whole number after its first byte.
fn integer(text: &[u8], at: usize, first: u8, document: &mut Document) -> Option<usize> {
    let start = if first == b'-' { at } else { at - 1 };
    let mut value = 0;
    let mut at = start;
    loop {
        let digit = text.get(at)?.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        if at - start == DIGITS {
            return None;
        }
        value = value * 10 + i64::from(digit);
        at += 1;
    }
    let zero_leads = text.get(start) == Some(&b'0') && at - start > 1;
    if at == start || zero_leads || !ends_at(text, at) {
        return None;
    }
    let value = if first == b'-' { -value } else { value };
    document.push(Node::Number(Number::Int(value)));
    Some(at)
}

/// Reads the rest of a word.
fn word(
    text: &[u8],
    at: usize,
    rest: &[u8],
    node: Node,
    document: &mut Document,
) -> Option<usize> {
    let end = at + rest.len();
    if text.get(at..end)? != rest || !ends_at(text, end) {
        return None;
    }
    document.push(node);
    Some(end)
}

/// Whether a number or word ends before the position `at`: the byte there neither continues the
/// token nor makes it malformed.
#[inline(always)]
fn ends_at(text: &[u8], at: usize) -> bool {
    matches!(text.get(at), Some(b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n'))
}

/// The first position from `at` on of `quote` or of a byte that is special in a string; the end of
/// the text if there is none. Examines eight bytes at a time.
#[inline(always)]
fn plain_end(text: &[u8], mut at: usize, quote: u8) -> usize {
    const ONES: u64 = u64::MAX / 0xFF;
    const HIGH: u64 = ONES << 7;
    let quotes = ONES * u64::from(quote);
    while let Some(eight) = text.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*eight);
        // Sets the highest bit of each byte that is zero or below. Bytes above the first such byte
        // may have it set wrongly; only the first counts.
        let zero = |word: u64| word.wrapping_sub(ONES) & !word;
        let below_blank = word.wrapping_sub(ONES * 0x20) & !word;
        let backslash = zero(word ^ (ONES * u64::from(b'\\')));
        let found = (zero(word ^ quotes) | backslash | below_blank | word) & HIGH;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let special = |byte: u8| byte == quote || byte == b'\\' || !(0x20..0x80).contains(&byte);
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| special(*byte)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte of a simple text is examined, so that none beyond ASCII is adopted as a string.
    #[test]
    fn a_byte_beyond_ascii_ends_the_fast_path() {
        let text = b" {\"name\" : 'a longer value', 'execute': [-12, {}, true,false ,null], \
            \"id\":{ 'j': 0 }, 'arguments' :\t\"12345678901234567\" }";
        assert_eq!(read(text, &mut Document::new()), Some(text.len()));
        for at in 0..text.len() {
            for byte in 0x80..=u8::MAX {
                let mut changed = text.to_vec();
                changed[at] = byte;
                assert_eq!(read(&changed, &mut Document::new()), None, "{byte:#x} at {at}");
                changed = [&text[..at], &[byte], &text[at..]].concat();
                assert_eq!(read(&changed, &mut Document::new()), None, "{byte:#x} before {at}");
            }
        }
    }
}
