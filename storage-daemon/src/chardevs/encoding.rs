//! The text that stands for the bytes of a ring buffer in JSON, as in QEMU.

use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine, prelude::BASE64_STANDARD};
use qapi_core::Result;

use super::messages;
use crate::schema::chardev::DataFormat;

/// The two bytes that stand for NUL, as in QEMU's strings a NUL byte is the end.
const ENCODED_NUL: &[u8] = b"\xc0\x80";

/// Accepts text whose last group has no padding, and bits after the last byte.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

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
        DataFormat::Base64 => {
            let mut text: Vec<u8> = text.bytes().filter(|byte| *byte != b'\n').collect();
            if !text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)) {
                return Err(messages::not_base64());
            }
            // An incomplete group at the end is dropped.
            text.truncate(text.len() - text.len() % 4);
            LENIENT.decode(text).map_err(|_| messages::not_base64())
        }
    }
}

/// The text for bytes. As text, it ends before a NUL byte, and what is not UTF-8 is replaced.
pub(super) fn encode(bytes: &[u8], format: DataFormat) -> String {
    match format {
        DataFormat::Utf8 => {
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            let mut text = String::new();
            let mut rest = &bytes[..end];
            while let Some(at) = rest.windows(2).position(|pair| pair == ENCODED_NUL) {
                text += &String::from_utf8_lossy(&rest[..at]);
                text.push('\0');
                rest = &rest[at + ENCODED_NUL.len()..];
            }
            text + &String::from_utf8_lossy(rest)
        }
        DataFormat::Base64 => BASE64_STANDARD.encode(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from `qemu-storage-daemon`.
    #[test]
    fn bytes_are_those_of_qemu() {
        use DataFormat::{Base64, Utf8};
        let table: [(&str, DataFormat, &[u8], &str); 9] = [
            ("abc", Utf8, b"abc", "abc"),
            ("a\u{e9}\0b", Utf8, b"a\xc3\xa9\xc0\x80b", "a\u{e9}\0b"),
            ("YWJj", Base64, b"abc", "abc"),
            ("YWI=", Base64, b"ab", "ab"),
            ("YW\nJj", Base64, b"abc", "abc"),
            ("AAH/", Base64, b"\0\x01\xff", ""),
            ("gIGC", Base64, b"\x80\x81\x82", "\u{fffd}\u{fffd}\u{fffd}"),
            ("AAH", Base64, b"", ""),
            ("", Base64, b"", ""),
        ];
        for (text, format, bytes, expected) in table {
            assert_eq!(decode(text, format).expect(text), bytes, "{text:?}");
            assert_eq!(encode(bytes, Utf8), expected, "{text:?}");
        }
        assert_eq!(encode(b"\0\x01\xff", Base64), "AAH/");
        for text in ["!!!!", "!!!", "=AAA"] {
            let error = decode(text, Base64).expect_err("the text is not in base64");
            assert_eq!(error.desc(), "Base64 data contains invalid characters", "{text}");
        }
    }
}
