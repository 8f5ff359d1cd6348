//! The form of UTF-8 that QMP uses: NUL may be two bytes long, and Unicode's noncharacters are
//! invalid.

/// The character that replaces an invalid one.
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// The first sequence of some bytes: its character, if it is valid, and its length.
///
/// An invalid sequence extends to its announced length or to the last continuation byte, whichever
/// is less, so that one error is reported once. The length of an empty slice is 0.
pub(super) fn decode(bytes: &[u8]) -> (Option<char>, usize) {
    let Some((&first, rest)) = bytes.split_first() else { return (None, 0) };
    let (announced, bits, smallest) = match first {
        0x00..=0x7F => return (Some(char::from(first)), 1),
        0xC0..=0xDF => (1, first & 0x1F, 0x80),
        0xE0..=0xEF => (2, first & 0x0F, 0x800),
        0xF0..=0xF7 => (3, first & 0x07, 0x1_0000),
        // These bytes announce code points beyond the last one. The sequence is skipped as invalid.
        0xF8..=0xFB => (4, 0, u32::MAX),
        0xFC..=0xFD => (5, 0, u32::MAX),
        0x80..=0xBF | 0xFE..=0xFF => return (None, 1),
    };
    let mut code = u32::from(bits);
    let mut length = 1;
    for &byte in rest.iter().take(announced).take_while(|byte| matches!(byte, 0x80..=0xBF)) {
        code = code << 6 | u32::from(byte & 0x3F);
        length += 1;
    }
    if bytes.starts_with(&[0xC0, 0x80]) {
        return (Some('\0'), 2);
    }
    let complete = length == announced + 1;
    let character = if complete && code >= smallest { character(code) } else { None };
    (character, length)
}

/// The character of a code point, unless it is a noncharacter.
pub(super) fn character(code: u32) -> Option<char> {
    char::from_u32(code).filter(|&character| !is_noncharacter(character))
}

/// The character, or the replacement character in place of a noncharacter.
pub(super) fn exchangeable(character: char) -> char {
    if is_noncharacter(character) { REPLACEMENT } else { character }
}

/// Whether a code point is a noncharacter: the last two of each plane, and 32 more (Unicode
/// Standard, "Noncharacters").
fn is_noncharacter(character: char) -> bool {
    let code = u32::from(character);
    code & 0xFFFE == 0xFFFE || (0xFDD0..=0xFDEF).contains(&code)
}

/// Bytes as text, up to the first NUL, with a replacement for each invalid sequence.
pub(super) fn to_text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let mut rest = &bytes[..end];
    let mut text = String::with_capacity(rest.len());
    while !rest.is_empty() {
        let (character, length) = decode(rest);
        text.push(character.unwrap_or(REPLACEMENT));
        rest = &rest[length..];
    }
    text
}
