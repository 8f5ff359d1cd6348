//! Node names: which are well-formed, and which the graph makes up.

use crate::error::{Error, Result};
use std::hash::{BuildHasher, RandomState};

/// QEMU keeps names in 32 bytes, the last of them a zero.
const NAME_MAX: usize = 31;

/// Refuses names that are no identifiers: a letter, then letters, digits, `-`, `.` and `_`.
pub(super) fn check(name: &str) -> Result<()> {
    let mut bytes = name.bytes();
    let starts_well = bytes.next().is_some_and(|first| first.is_ascii_alphabetic());
    let goes_on_well =
        bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    if !starts_well || !goes_on_well {
        return Err(Error::NodeNameInvalid(name.to_owned()));
    }
    if name.len() > NAME_MAX {
        return Err(Error::NodeNameTooLong);
    }
    Ok(())
}

/// Makes up names for nodes that were given none: `#block` and a number.
#[derive(Debug, Default)]
pub(super) struct Generator {
    next: u64,
    hasher: RandomState,
}

impl Generator {
    /// A name that was not used before.
    ///
    /// Two of the digits are random, so that no client comes to rely on the names.
    pub(super) fn next(&mut self) -> String {
        let number = self.next;
        self.next += 1;
        let noise = self.hasher.hash_one(number) % 100;
        format!("#block{number}{noise:02}")
    }
}
