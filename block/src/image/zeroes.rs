//! Zeroes: whether a buffer contains nothing else, and writes of them.

use std::io;

/// The largest number of bytes in a write of zeroes.
const ZEROES_MAX: u64 = 64 << 10;
static ZEROES: Zeroes = Zeroes([0; ZEROES_MAX as usize]);

/// Zeroes at an address that direct I/O accepts.
#[repr(align(4096))]
struct Zeroes([u8; ZEROES_MAX as usize]);

/// Writes zeroes to a range in pieces. `write` receives the offset and the bytes of each.
pub(crate) fn write_zero_data(
    offset: u64,
    length: u64,
    mut write: impl FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut done = 0;
    while done < length {
        // All pieces but the first one begin at a multiple of their largest size.
        let at = offset + done;
        let piece = (ZEROES_MAX - at % ZEROES_MAX).min(length - done);
        write(at, &ZEROES.0[..piece as usize])?;
        done += piece;
    }
    Ok(())
}

/// Whether all bytes are zero.
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    // Every byte equals its predecessor: this comparison is one call of `memcmp`.
    match bytes {
        [0, rest @ ..] => bytes[..rest.len()] == *rest,
        [] => true,
        [_, ..] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_other_byte_anywhere_is_found() {
        for length in [0, 1, 2, 511, 4096, 4097] {
            let mut bytes = vec![0; length];
            assert!(is_zero(&bytes), "{length}");
            for at in [0, 1, length / 2, length.saturating_sub(1)] {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = 0x80;
                    assert!(!is_zero(&bytes), "{at} of {length}");
                    bytes[at] = 0;
                }
            }
        }
    }
}
