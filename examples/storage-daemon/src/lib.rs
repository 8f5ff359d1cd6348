//! A storage daemon: block nodes, jobs that copy between them, and QMP to drive both.
//!
//! From the bottom up: [`image`] opens disk images, [`nodes`] arranges them in a graph of named
//! nodes.

pub mod error;
pub mod image;
pub mod nodes;
