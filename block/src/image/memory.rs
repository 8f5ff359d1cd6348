//! Buffers whose size depends on an image or on a request.
//!
//! Without memory for such a buffer, the request fails with ENOMEM. The allocations of the standard
//! library abort the process instead.

use std::io;

use rustix::io::Errno;
use zerocopy::{FromZeros, IntoBytes};

/// A buffer of `length` zeroes. The system provides the memory of a large one when it is touched.
///
/// # Errors
/// ENOMEM.
pub(crate) fn zeroed<T: FromZeros>(length: usize) -> io::Result<Vec<T>> {
    T::new_vec_zeroed(length).map_err(|_| Errno::NOMEM.into())
}

/// The big-endian numbers of a table on a disk that `read` fills with `length` bytes.
///
/// # Errors
/// ENOMEM, and those of `read`.
pub(crate) fn read_table(
    length: u64,
    read: impl FnOnce(&mut [u8]) -> io::Result<()>,
) -> io::Result<Vec<u64>> {
    let length = usize::try_from(length).map_err(|_| Errno::NOMEM)?;
    let mut table: Vec<u64> = zeroed(length / size_of::<u64>())?;
    read(table.as_mut_bytes())?;
    table.iter_mut().for_each(|entry| *entry = u64::from_be(*entry));
    Ok(table)
}

/// Numbers as a table on a disk has them, with zeroes up to `length` bytes.
///
/// # Errors
/// ENOMEM.
pub(crate) fn table_bytes(entries: &[u64], length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = zeroed(length.max(size_of_val(entries)))?;
    for (bytes, entry) in bytes.chunks_exact_mut(size_of::<u64>()).zip(entries) {
        bytes.copy_from_slice(&entry.to_be_bytes());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More than the address space.
    const TOO_LARGE: usize = isize::MAX as usize;

    #[test]
    fn without_memory_a_buffer_is_an_error() {
        let errors = [
            zeroed::<u8>(TOO_LARGE).expect_err("no memory"),
            zeroed::<u64>(TOO_LARGE).expect_err("no memory"),
            table_bytes(&[], TOO_LARGE).expect_err("no memory"),
            read_table(TOO_LARGE as u64, |_| Ok(())).expect_err("no memory"),
        ];
        assert!(errors.iter().all(|error| error.kind() == io::ErrorKind::OutOfMemory));
    }

    #[test]
    fn tables_are_big_endian_and_padded_with_zeroes() {
        let bytes = table_bytes(&[1, 0x0203], 24).expect("memory");
        assert_eq!(bytes, [[0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 2, 3], [0; 8]].concat());
        let fill = |buffer: &mut [u8]| {
            buffer.copy_from_slice(&bytes);
            Ok(())
        };
        assert_eq!(read_table(24, fill).expect("memory"), [1, 0x0203, 0]);
    }
}
