//! The text that stands for the bytes of a ring buffer in JSON, as in QEMU.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use qapi_core::Result;

use crate::base64_text;
use crate::schema::chardev::DataFormat;

/// The two bytes that stand for NUL, as in QEMU's strings a NUL byte is the end.
const ENCODED_NUL: &[u8] = b"\xc0\x80";

/// The bytes for a text.
///
/// # Errors
/// The text is not in base64.
pub(super) fn decode(text: &str, format: DataFormat) -> Result<Vec<u8>> {
    match format {
        DataFormat::Utf8 if text.contains('\0') => {
            let parts: Vec<&[u8]> = text.split('\0').map(str::as_bytes).collect();
            Ok(parts.join(ENCODED_NUL))
        }
        DataFormat::Utf8 => Ok(text.as_bytes().to_vec()),
        DataFormat::Base64 => base64_text::decode(text.as_bytes()),
    }
}

/// The text for bytes. As text, it ends before a NUL byte, and U+FFFD replaces what is not UTF-8.
pub(super) fn encode(bytes: &[u8], format: DataFormat) -> String {
    match format {
        DataFormat::Utf8 => {
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            let (mut text, mut rest) = (String::new(), &bytes[..end]);
            while let [first, others @ ..] = rest {
                let more = others.iter().take(continuation_bytes(*first));
                let length = 1 + more.take_while(|byte| is_continuation(**byte)).count();
                let (sequence, behind) = rest.split_at(length);
                text.push(character(sequence));
                rest = behind;
            }
            text
        }
        DataFormat::Base64 => BASE64_STANDARD.encode(bytes),
    }
}

/// The number of bytes that follow the first byte of a character. As in QEMU, a character may have
/// six bytes, although those of more than four are invalid.
fn continuation_bytes(first: u8) -> usize {
    match first.leading_ones() {
        ones @ 2..=6 => ones as usize - 1,
        _one_byte => 0,
    }
}

fn is_continuation(byte: u8) -> bool {
    byte.leading_ones() == 1
}

/// The character of a sequence of bytes. As in QEMU, noncharacters are replaced too.
fn character(sequence: &[u8]) -> char {
    if sequence == ENCODED_NUL {
        return '\0';
    }
    let decoded = std::str::from_utf8(sequence).ok().and_then(|text| text.chars().next());
    decoded.filter(|found| !is_noncharacter(*found)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn is_noncharacter(character: char) -> bool {
    let code = u32::from(character);
    (0xfdd0..=0xfdef).contains(&code) || code & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from `qemu-storage-daemon`.
    #[test]
    fn bytes_are_those_of_qemu() {
        use DataFormat::{Base64, Utf8};
        let table: [(&str, DataFormat, &[u8]); 4] = [
            ("abc", Utf8, b"abc"),
            ("a\u{e9}\0b", Utf8, b"a\xc3\xa9\xc0\x80b"),
            ("YWJj", Base64, b"abc"),
            ("AAH", Base64, b""),
        ];
        for (text, format, bytes) in table {
            assert_eq!(decode(text, format).expect(text), bytes, "{text:?}");
        }
        decode("!", Base64).expect_err("the text is not in base64");
        assert_eq!(encode(b"\0\x01\xff", Base64), "AAH/");
    }

    /// Recorded from `qemu-storage-daemon`.
    #[test]
    fn what_is_not_utf8_is_replaced_as_in_qemu() {
        let table: [(&[u8], &str); 26] = [
            (b"abc", "abc"),
            (b"a\0b", "a"),
            (b"a\xc0\x80b", "a\0b"),
            (b"\xc0\x80\x80", "\0\u{fffd}"),
            (b"\x7f\xc2\x80\xe2\x80\xa8", "\u{7f}\u{80}\u{2028}"),
            (b"\xf0\x9f\x98\x80", "\u{1f600}"),
            (b"\x80\x80", "\u{fffd}\u{fffd}"),
            (b"\xff\x80a", "\u{fffd}\u{fffd}a"),
            // Incomplete.
            (b"\xc3a", "\u{fffd}a"),
            (b"\xe2\x82", "\u{fffd}"),
            (b"\xe2\x82\xe2\x82\xac", "\u{fffd}\u{20ac}"),
            (b"\xf1\x80\xc3\xa9", "\u{fffd}\u{e9}"),
            (b"\xf9\x80a", "\u{fffd}a"),
            // Longer than needed.
            (b"\xc1\x81", "\u{fffd}"),
            (b"\xe0\x80\xaf", "\u{fffd}"),
            (b"\xf0\x80\x80\x80x", "\u{fffd}x"),
            (b"\xfc\x80\x80\x80\x80\x80a", "\u{fffd}a"),
            // Surrogates.
            (b"\xed\xa0\xbd\xed\xb8\x80", "\u{fffd}\u{fffd}"),
            // Too large.
            (b"\xf4\x90\x80\x80", "\u{fffd}"),
            (b"\xf7\xbf\xbf\xbfa", "\u{fffd}a"),
            (b"\xfd\xbf\xbf\xbf\xbf\xbfa", "\u{fffd}a"),
            // Noncharacters.
            (b"\xef\xbf\xbe", "\u{fffd}"),
            (b"\xef\xb7\x90\xef\xb7\xaf", "\u{fffd}\u{fffd}"),
            (b"\xef\xb7\x8f\xef\xb7\xb0", "\u{fdcf}\u{fdf0}"),
            (b"\xf0\x9f\xbf\xbe", "\u{fffd}"),
            (b"\xf4\x8f\xbf\xbf", "\u{fffd}"),
        ];
        for (bytes, expected) in table {
            assert_eq!(encode(bytes, DataFormat::Utf8), expected, "{bytes:x?}");
        }
    }
}
