//! The types of `blockdev-add`: `BlockdevOptions` and its branches.

pub mod blkdebug;
pub mod blkdebug_event;
pub mod drivers;
pub mod options;
