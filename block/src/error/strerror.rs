//! The texts of errors of the system.

use std::io;

use rustix::io::Errno;

/// The text of the C library for an error, without the number that Rust appends.
///
/// Errors without a number of the system, such as one for an invalid table in an image, are
/// `Input/output error`, as in QEMU's drivers. Their details are logged.
pub fn strerror(error: &io::Error) -> String {
    let system = match error.raw_os_error() {
        Some(_) => error.to_string(),
        None => io::Error::from_raw_os_error(errno_of(error.kind())).to_string(),
    };
    match system.rfind(" (os error ") {
        Some(end) => system[..end].to_owned(),
        None => system,
    }
}

/// The error number of an error without a number of the system.
fn errno_of(kind: io::ErrorKind) -> i32 {
    let errno = match kind {
        io::ErrorKind::StorageFull => Errno::NOSPC,
        io::ErrorKind::FileTooLarge => Errno::FBIG,
        io::ErrorKind::PermissionDenied => Errno::ACCESS,
        io::ErrorKind::ReadOnlyFilesystem => Errno::ROFS,
        io::ErrorKind::Unsupported => Errno::NOTSUP,
        io::ErrorKind::InvalidInput => Errno::INVAL,
        io::ErrorKind::OutOfMemory => Errno::NOMEM,
        io::ErrorKind::QuotaExceeded => Errno::DQUOT,
        _ => Errno::IO,
    };
    errno.raw_os_error()
}
