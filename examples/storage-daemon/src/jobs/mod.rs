//! The kinds of job, one module each: what a command asks for is checked, the nodes are reserved,
//! the job is made and started.

pub mod backup;
pub mod create;
