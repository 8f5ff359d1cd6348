//! A storage daemon: block nodes, jobs that copy between them, and QMP to drive both.
//!
//! From the bottom up: [`image`] opens disk images, [`nodes`] arranges them in a graph of named
//! nodes, [`create`] makes new ones, [`copy`] copies from node to node.

pub mod copy;
pub mod create;
pub mod error;
pub mod image;
pub mod nodes;
pub mod options;
