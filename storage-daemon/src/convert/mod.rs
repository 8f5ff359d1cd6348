//! From the types of the schema to those of the node layer.

mod blkdebug;
pub mod blockdev;
