//! The kinds of jobs, one module each. A module checks the arguments of its commands, reserves the
//! nodes, and creates the job.
//!
//! The modules share [`prepare`], jobs that can be undone until they are started, and [`target`],
//! the nodes that jobs write to.

pub mod amend;
pub mod backup;
pub mod commit;
pub mod commit_active;
pub mod create;
pub mod mirror;
pub mod prepare;
pub mod stream;
pub mod target;
