//! The limits on schemas. A schema beyond a limit is rejected with an error that names the limit.

/// The largest schema file, in bytes.
pub const MAX_FILE: u64 = 64 << 20;
/// The largest number of files that one schema includes.
pub const MAX_FILES: usize = 10_000;
/// The greatest depth of includes: each level takes part of the stack.
pub const MAX_INCLUDE_DEPTH: usize = 64;
/// The greatest depth of objects, arrays and conditions: each level takes part of the stack.
pub const MAX_NESTING: usize = 64;
/// The greatest number of members of an object, of elements of an array, and of parts of a block of
/// documentation, so that comparing each with each takes bounded time.
pub const MAX_ELEMENTS: usize = 4_096;
/// The greatest number of definitions of one schema.
pub const MAX_DEFINITIONS: usize = 20_000;
/// The longest chain of types of which each contains the members of the next.
pub const MAX_CONTAINED: usize = 100;
/// The number of findings after which no further one is collected.
pub const MAX_FINDINGS: usize = 1_000;
/// The number of definitions that one process checks as a whole or introspects. The names and lists
/// of these stay in memory until the process ends.
pub const MAX_OUTLINED: usize = 10 * MAX_DEFINITIONS;
/// The greatest number of ways to a change that a comparison lists.
pub const MAX_WAYS: usize = 1_000;
/// The longest way that a comparison lists, in bytes before the last step.
pub const MAX_WAY: usize = 2_000;
/// The number of types, counted once for each way to them, that a comparison visits to find ways.
pub const MAX_VISITS: usize = 400_000;
/// The largest generated file, in bytes. Unions repeat the values of their discriminators.
pub const MAX_GENERATED: usize = 256 << 20;
