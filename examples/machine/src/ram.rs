//! Where the RAM is in the address space.

use std::ops::Range;

/// The address of the RAM, at which the processor starts.
pub(crate) const RAM_BASE: u32 = 0x8000_0000;
/// The size of the RAM in bytes.
pub(crate) const RAM_SIZE: usize = 1 << 20;

/// The part of the RAM with `length` bytes at `address`; `None` if they are not all RAM.
pub(crate) fn ram_range(address: u64, length: u64) -> Option<Range<usize>> {
    let start = usize::try_from(address.checked_sub(RAM_BASE.into())?).ok()?;
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    (end <= RAM_SIZE).then_some(start..end)
}
