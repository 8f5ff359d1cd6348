//! Node names: the check of given names, and the generation of others.

use std::hash::{BuildHasher, RandomState};

use crate::error::{Error, Result};

/// QEMU stores names in 32 bytes, with a zero at the end.
const NAME_MAX: usize = 31;

/// Refuses names that are not identifiers: a letter, then letters, digits, `-`, `.` and `_`.
pub(super) fn check(name: &str) -> Result<()> {
    let mut bytes = name.bytes();
    let starts_with_letter = bytes.next().is_some_and(|first| first.is_ascii_alphabetic());
    let has_valid_rest =
        bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    if !starts_with_letter || !has_valid_rest {
        return Err(Error::NodeNameInvalid(name.to_owned()));
    }
    if name.len() > NAME_MAX {
        return Err(Error::NodeNameTooLong);
    }
    Ok(())
}

/// Generates names for nodes without a given one: `#block` and a number.
#[derive(Debug, Default)]
pub(super) struct Generator {
    next: u64,
    hasher: RandomState,
}

impl Generator {
    /// A new name.
    ///
    /// Two of the digits are random, so that clients do not rely on the names.
    pub(super) fn next(&mut self) -> String {
        let number = self.next;
        self.next += 1;
        let noise = self.hasher.hash_one(number) % 100;
        format!("#block{number}{noise:02}")
    }
}
