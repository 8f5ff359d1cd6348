//! The kinds of job, one module each: what a command asks for is checked, the nodes are reserved,
//! the job is made and started.
//!
//! What several of them need is in [`prepared`], [`drive_target`] and [`transaction`].

pub mod amend;
pub mod backup;
pub mod commit;
pub mod commit_active;
pub mod create;
pub mod drive_target;
pub mod mirror;
pub mod prepared_job;
#[cfg(test)]
mod slow_disk;
pub mod stream;
pub mod transaction;
