//! A storage daemon: block nodes, jobs that copy between them, and QMP to drive both.
//!
//! The block layer is the library [`block`]. [`block_job`] is what jobs on nodes have in common,
//! [`jobs`] are the kinds there are. [`schema`] has the types of what clients say and hear of all
//! that, [`commands`] the commands; [`options`] is the command line, [`daemon`] what it starts, and
//! [`demo`] what happens when there is none.

pub mod block_job;
mod blocking;
pub mod commands;
pub mod daemon;
pub mod demo;
pub mod jobs;
mod messages;
pub mod options;
pub mod schema;
