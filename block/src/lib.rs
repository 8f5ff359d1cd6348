//! QEMU's block layer as a library: disk images, a graph of block nodes, and copying between them.
//!
//! From the bottom up: [`image`] opens disk images, [`nodes`] arranges them in a graph of named
//! nodes, [`create`] makes new ones, [`copy`] copies from node to node.

pub mod copy;
pub mod create;
pub mod error;
pub mod image;
pub mod nodes;
pub mod options;
#[cfg(any(test, feature = "test-util"))]
pub mod testing;
