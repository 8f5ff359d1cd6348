//! The limits on one JSON text from outside. The three that clients can see are those of
//! `qemu-storage-daemon`; the others bound memory that the daemon leaves unbounded.

/// The most brackets and braces that may be open at once.
///
/// Serialising a value recurses, so that this bounds the stack.
pub const MAX_NESTING: usize = 1024;

/// The most tokens of one text; brackets, commas and colons count.
///
/// A token costs at most one node of 16 bytes, so this bounds the tape to 32 MiB.
pub const MAX_TOKEN_COUNT: usize = 2 << 20;

/// The most bytes of the tokens of one text; white space does not count.
pub const MAX_TOKEN_SIZE: usize = 64 << 20;

/// The most bytes of a stray token that an error repeats.
///
/// A byte that is not UTF-8 becomes six in the reply (`\uFFFD`). At three quarters of 2 MiB a reply
/// stays below 10 MiB, the longest message that libvirt and `qemu.qmp` accept.
pub(super) const MAX_STRAY_TEXT: usize = 3 << 19;

/// The capacity that a buffer retains between texts; the rest of a larger one is freed.
pub(super) const RETAINED_CAPACITY: usize = 64 << 10;

// A node addresses strings and other nodes by `u32`.
const _: () = assert!(MAX_TOKEN_SIZE < u32::MAX as usize);
const _: () = assert!(MAX_TOKEN_COUNT < u32::MAX as usize);
