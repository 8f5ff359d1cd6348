//! The alignment that direct I/O to a file needs.

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

use crate::image::aligned_buffer::{AlignedBuffer, BUFFER_ALIGNMENT};
use crate::image::alignment::Alignment;

/// The alignment if the system reports none and no probe succeeds.
const SAFE_ALIGNMENT: u64 = 4096;
/// The largest alignment that is accepted from the system.
const ALIGNMENT_MAX: u64 = 64 << 10;

/// The alignment of direct I/O to a file of `length` bytes: as the system reports it, or else from
/// reads of the file.
pub(super) fn direct_alignment(file: &File, length: u64) -> Alignment {
    let is_valid = |align: &u64| align.is_power_of_two() && *align <= ALIGNMENT_MAX;
    let reported = reported_alignment(file)
        .filter(|(request, memory)| is_valid(request) && is_valid(memory));
    let (request, memory) =
        reported.unwrap_or_else(|| (probed_alignment(file, length), BUFFER_ALIGNMENT as u64));
    Alignment::new(request, memory as usize)
}

/// The alignments of offsets and of addresses in memory that `statx` reports.
fn reported_alignment(file: &File) -> Option<(u64, u64)> {
    let mut status = MaybeUninit::<libc::statx>::zeroed();
    // SAFETY: the path is a C string, and with AT_EMPTY_PATH the descriptor, which `file` has open,
    // is examined. The system writes a `statx` to `status`, for which all zeroes are valid.
    let status = unsafe {
        let result = libc::statx(
            file.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            libc::STATX_DIOALIGN,
            status.as_mut_ptr(),
        );
        if result != 0 {
            return None;
        }
        status.assume_init()
    };
    let (request, memory) = (status.stx_dio_offset_align, status.stx_dio_mem_align);
    let is_reported = status.stx_mask & libc::STATX_DIOALIGN != 0 && request != 0 && memory != 0;
    is_reported.then_some((request.into(), memory.into()))
}

/// The smallest length of a read at the beginning of the file that succeeds. Unlike a write, a read
/// cannot overwrite data of another process.
fn probed_alignment(file: &File, length: u64) -> u64 {
    let Ok(mut buffer) = AlignedBuffer::new(SAFE_ALIGNMENT as usize) else {
        return SAFE_ALIGNMENT;
    };
    let mut accepts = |align: u64| {
        // Reads beyond the end succeed with any alignment.
        align <= length && matches!(read_once(file, &mut buffer[..align as usize]), Ok(1..))
    };
    let found = [512, 1024, 2048, 4096].into_iter().find(|align| accepts(*align));
    found.unwrap_or(SAFE_ALIGNMENT)
}

fn read_once(file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read_at(buffer, 0) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::OpenOptionsExt;

    use super::*;

    #[test]
    fn the_alignment_of_a_file_suffices() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        std::fs::write(&path, vec![1; 16384]).expect("a file");
        let opened = File::options().read(true).custom_flags(libc::O_DIRECT).open(&path);
        let Ok(file) = opened else {
            // The file system of the temporary folder has no direct I/O.
            return;
        };
        let probed = probed_alignment(&file, 16384);
        let (request, memory) =
            reported_alignment(&file).unwrap_or((probed, BUFFER_ALIGNMENT as u64));
        for align in [request, probed] {
            let mut buffer =
                AlignedBuffer::with_alignment(align as usize, memory as usize).expect("memory");
            let length = file.read_at(&mut buffer, align).expect("it is aligned");
            assert_eq!(length as u64, align);
            assert!(buffer.iter().all(|byte| *byte == 1));
        }
    }
}
