//! Early writeback of large writes.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use rustix::io::Errno;

/// Starts writeback of a range from the page cache to the disk, and does not wait for its end.
///
/// # Errors
/// EINVAL for a range beyond the largest file; ESPIPE for what is not a file or a disk; EIO.
pub(super) fn start(file: &File, offset: u64, length: u64) -> io::Result<()> {
    let (Ok(offset), Ok(length)) = (offset.try_into(), length.try_into()) else {
        return Err(Errno::INVAL.into());
    };
    let handle = file.as_raw_fd();
    // SAFETY: no memory is passed, and the descriptor belongs to `file`, which is open.
    match unsafe { libc::sync_file_range(handle, offset, length, libc::SYNC_FILE_RANGE_WRITE) } {
        0 => Ok(()),
        _failed => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::FileExt;

    use super::*;

    #[test]
    fn writeback_starts_for_ranges_of_a_file_only() {
        const LARGEST: u64 = i64::MAX as u64;
        let file = tempfile::tempfile().expect("a file");
        file.write_all_at(&[7; 10_000], 0).expect("a file");
        let ranges = [(0, 10_000), (1, 4096), (9999, 1), (5000, 1 << 20), (1 << 40, 512), (0, 0)];
        for (offset, length) in ranges {
            start(&file, offset, length).expect("the range is valid");
        }
        for (offset, length) in [(LARGEST + 1, 1), (0, u64::MAX), (LARGEST, 2)] {
            let refused = start(&file, offset, length).expect_err("beyond the largest file");
            assert_eq!(refused.raw_os_error(), Some(libc::EINVAL), "{offset} {length}");
        }
        let (reader, _writer) = io::pipe().expect("a pipe");
        let refused = start(&OwnedFd::from(reader).into(), 0, 1).expect_err("a pipe");
        assert_eq!(refused.raw_os_error(), Some(libc::ESPIPE));
        let mut data = [0; 10_000];
        file.read_exact_at(&mut data, 0).expect("the data");
        assert_eq!(data, [7; 10_000]);
    }
}
