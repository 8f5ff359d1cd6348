//! The rules for identifiers of jobs.

use qapi_core::Error;

use crate::messages;

/// The longest identifier of a job, in bytes. QEMU has no limit. This one bounds the memory that a
/// client can make a daemon use, and is far above any identifier in use.
pub const ID_LENGTH_MAX: usize = 4096;

/// Checks an identifier: an ASCII letter, followed by ASCII letters, digits, `-`, `.` and `_` only,
/// as for every identifier of QEMU, and at most [`ID_LENGTH_MAX`] bytes.
///
/// # Errors
/// `Invalid job ID 'ID'`.
pub fn check_id(id: &str) -> Result<(), Error> {
    let is_start = |byte: u8| byte.is_ascii_alphabetic();
    let is_rest = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    match id.as_bytes() {
        [first, rest @ ..]
            if id.len() <= ID_LENGTH_MAX
                && is_start(*first)
                && rest.iter().all(|byte| is_rest(*byte)) =>
        {
            Ok(())
        }
        _ => Err(messages::invalid_id(id)),
    }
}
