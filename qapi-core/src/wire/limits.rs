//! How much one JSON text from outside may ask for. The three limits that clients can see are
//! the ones `qemu-storage-daemon` keeps; the others bound what it leaves unbounded.

/// How many brackets and braces may be open at once.
///
/// Values are walked by recursion when they are echoed, so the depth bounds the stack.
pub const MAX_NESTING: usize = 1024;

/// How many tokens one text may have (brackets, commas and colons count).
///
/// A token costs at most one node of 16 bytes, so this bounds the tape to 32 MiB.
pub const MAX_TOKEN_COUNT: usize = 2 << 20;

/// How many bytes the tokens of one text may have together, white space not counted.
pub const MAX_TOKEN_SIZE: usize = 64 << 20;

/// How much of a stray token an error repeats.
///
/// A byte that is not UTF-8 is answered by six (`\uFFFD`); a quarter less than 2 MiB keeps the
/// answer below the 10 MiB that libvirt and `qemu.qmp` accept as one message.
pub(super) const MAX_STRAY_TEXT: usize = 3 << 19;

/// Capacity that a buffer may keep between texts; what a larger text took is given back.
pub(super) const KEPT_CAPACITY: usize = 64 << 10;

// A node addresses strings and other nodes by `u32`.
const _: () = assert!(MAX_TOKEN_SIZE < u32::MAX as usize);
const _: () = assert!(MAX_TOKEN_COUNT < u32::MAX as usize);
