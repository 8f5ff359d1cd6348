//! Bytes from base64, as leniently as QEMU reads it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use qapi_core::Result;

use crate::messages;

/// The characters of a group, which stands for up to three bytes.
const GROUP: usize = 4;

/// The bytes that a text stands for. Line breaks are ignored, and so is an incomplete group at the
/// end. In other places than the end of a group, `=` stands for six zero bits.
///
/// # Errors
/// The text has a character that does not belong to base64.
pub(crate) fn decode(text: &[u8]) -> Result<Vec<u8>> {
    let text: Vec<u8> = text.iter().copied().filter(|byte| *byte != b'\n').collect();
    if !text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)) {
        return Err(messages::not_base64());
    }
    let mut bytes = Vec::with_capacity(text.len() / GROUP * 3);
    for group in text.as_chunks::<GROUP>().0 {
        let digits = group.map(|byte| if byte == b'=' { b'A' } else { byte });
        let decoded =
            BASE64_STANDARD_NO_PAD.decode(digits).map_err(|_| messages::not_base64())?;
        // The last two characters say whether the last two bytes exist.
        let is_byte = [true, group[2] != b'=', group[3] != b'='];
        bytes.extend(
            decoded.iter().zip(is_byte).filter(|(_, exists)| *exists).map(|(byte, _)| byte),
        );
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from `qemu-storage-daemon`.
    #[test]
    fn bytes_are_those_of_qemu() {
        let table: [(&str, &[u8]); 18] = [
            ("", b""),
            ("YWJj", b"abc"),
            ("YWI=", b"ab"),
            ("YQ==", b"a"),
            ("YR==", b"a"),
            ("YW\nJj\n\n", b"abc"),
            ("YQ=\n=", b"a"),
            ("AAH/", b"\0\x01\xff"),
            ("YQ", b""),
            ("YQ=", b""),
            ("=", b""),
            ("YQ===", b"a"),
            ("YWJjZ", b"abc"),
            ("YWJj=", b"abc"),
            ("YQ==YQ==", b"aa"),
            ("Y=Q=", b"\x60\x04"),
            ("YQ=B", b"a\x01"),
            ("====", b"\0"),
        ];
        for (text, bytes) in table {
            assert_eq!(decode(text.as_bytes()).expect(text), bytes, "{text:?}");
        }
        for text in ["!!!!", "!", "YW-_", "YW Jj", " ", "YWJj\r\n", "\u{e9}"] {
            let error = decode(text.as_bytes()).expect_err("the text is not in base64");
            assert_eq!(error.desc(), "Base64 data contains invalid characters", "{text:?}");
        }
    }
}
