//! What makes a job's name well-formed.

use qapi_core::Error;

use crate::messages;

/// The longest identifier of a job, in bytes. QEMU has no limit of its own; this one keeps what a
/// client can make a daemon remember in proportion, and is far above any name in use.
pub const ID_LENGTH_MAX: usize = 4096;

/// Checks that `id` starts with a letter and goes on with letters, digits, `-`, `.` and `_` only,
/// all of ASCII, as every identifier of QEMU does.
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
