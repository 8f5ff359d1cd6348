//! The tokens of simple texts, and the tape onto which the fast path puts their values.
//!
//! Each function reads at the position `at` and returns the position after its token.

use super::document::Node;
use super::number::Number;

/// The most digits of a number that always fits an `i64`.
const DIGITS: usize = 18;

/// Why the fast path does not read a text.
pub(super) enum Stop {
    /// The text is not simple.
    NotSimple,
    /// The document has no place for another node.
    Full,
}

pub(super) type Step<T> = Result<T, Stop>;

/// The nodes of a text so far.
pub(super) struct Tape<'d> {
    pub(super) places: &'d mut [Node],
    pub(super) count: usize,
}

impl Tape<'_> {
    #[inline(always)]
    pub(super) fn push(&mut self, node: Node) -> Step<()> {
        *self.places.get_mut(self.count).ok_or(Stop::Full)? = node;
        self.count += 1;
        Ok(())
    }

    #[inline(always)]
    pub(super) fn get(&self, index: u32) -> Node {
        self.places.get(index as usize).copied().unwrap_or(Node::Null)
    }

    #[inline(always)]
    pub(super) fn set(&mut self, index: u32, node: Node) {
        if let Some(place) = self.places.get_mut(index as usize) {
            *place = node;
        }
    }
}

/// Reads the rest of a value that is no container and no string, after its first byte.
#[inline(always)]
pub(super) fn scalar(text: &[u8], at: usize, first: u8, tape: &mut Tape<'_>) -> Step<usize> {
    match first {
        b'0'..=b'9' => integer(text, at, first, tape),
        b'-' => negative_integer(text, at, tape),
        b't' => word(text, at, b"rue", Node::Bool(true), tape),
        b'f' => word(text, at, b"alse", Node::Bool(false), tape),
        b'n' => word(text, at, b"ull", Node::Null, tape),
        _ => Err(Stop::NotSimple),
    }
}

/// Reads the rest of a string after its quote.
#[inline(always)]
pub(super) fn string(text: &[u8], at: usize, quote: u8, tape: &mut Tape<'_>) -> Step<usize> {
    let end = string_end(text, at, quote);
    if end == 0 {
        return Err(Stop::NotSimple);
    }
    tape.push(Node::String { start: at as u32, len: (end - at) as u32 })?;
    Ok(end + 1)
}

/// Reads the rest of a whole number after its first digit.
#[inline(always)]
pub(super) fn integer(text: &[u8], at: usize, first: u8, tape: &mut Tape<'_>) -> Step<usize> {
    let (value, at) = digits(text, at, first)?;
    tape.push(Node::Number(Number::Int(value)))?;
    Ok(at)
}

/// Reads the rest of a whole number after its minus. QMP prints `-0` as another text.
#[inline(always)]
fn negative_integer(text: &[u8], at: usize, tape: &mut Tape<'_>) -> Step<usize> {
    let first @ b'1'..=b'9' = byte(text, at)? else { return Err(Stop::NotSimple) };
    let (value, at) = digits(text, at + 1, first)?;
    tape.push(Node::Number(Number::Int(-value)))?;
    Ok(at)
}

/// Reads the digits after `first`, of a number without leading zeros. The caller reads the token
/// after them, so that it notices numbers of other forms.
#[inline(always)]
fn digits(text: &[u8], mut at: usize, first: u8) -> Step<(i64, usize)> {
    let last = at + DIGITS - 1;
    let mut value = i64::from(first - b'0');
    loop {
        let digit = byte(text, at)?.wrapping_sub(b'0');
        if digit > 9 {
            return Ok((value, at));
        }
        if value == 0 || at == last {
            return Err(Stop::NotSimple);
        }
        value = value * 10 + i64::from(digit);
        at += 1;
    }
}

/// Reads the rest of a word. The caller reads the token after it, so that it notices longer words.
#[inline(always)]
fn word(text: &[u8], at: usize, rest: &[u8], node: Node, tape: &mut Tape<'_>) -> Step<usize> {
    let end = at + rest.len();
    if text.get(at..end) != Some(rest) {
        return Err(Stop::NotSimple);
    }
    tape.push(node)?;
    Ok(end)
}

/// The first byte after white space, and the position after it.
#[inline(always)]
pub(super) fn token(text: &[u8], mut at: usize) -> Step<(u8, usize)> {
    loop {
        let byte = byte(text, at)?;
        at += 1;
        if byte > b' ' {
            return Ok((byte, at));
        }
        if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
            return Err(Stop::NotSimple);
        }
    }
}

#[inline(always)]
pub(super) fn byte(text: &[u8], at: usize) -> Step<u8> {
    text.get(at).copied().ok_or(Stop::NotSimple)
}

/// The position of the quote that ends a string; 0 if another byte that is special in a string
/// precedes it, or none ends it. Examines eight bytes at a time.
#[inline(always)]
fn string_end(text: &[u8], mut at: usize, quote: u8) -> usize {
    const ONES: u64 = u64::MAX / 0xFF;
    const HIGH: u64 = ONES << 7;
    let quotes = ONES * u64::from(quote);
    while let Some(eight) = text.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*eight);
        // Each term has the highest bit of a byte set if the byte is special: the quote, a
        // backslash, below 0x20, from 0x7F on. For a byte of the last kind, one of the last two
        // terms may lack the bit, but not both. Bytes above the first special one may have it set
        // wrongly; only the first counts.
        let zero = |word: u64| word.wrapping_sub(ONES);
        let backslash = zero(word ^ (ONES * u64::from(b'\\')));
        let below_blank = word.wrapping_sub(ONES * 0x20);
        let beyond_tilde = word.wrapping_add(ONES);
        let found = (zero(word ^ quotes) | backslash | below_blank | beyond_tilde) & HIGH;
        if found != 0 {
            at += found.trailing_zeros() as usize / 8;
            return if text.get(at) == Some(&quote) { at } else { 0 };
        }
        at += 8;
    }
    let special = |byte: u8| byte == quote || byte == b'\\' || !(0x20..0x7F).contains(&byte);
    let rest = text.get(at..).unwrap_or_default();
    match rest.iter().position(|byte| special(*byte)) {
        Some(length) if rest.get(length) == Some(&quote) => at + length,
        Some(_) | None => 0,
    }
}
