//! The types and the event of the commands.

use qapi_core::prelude::*;

/// The kind of job that this crate adds to those of QEMU. The vendor's prefix protects the name
/// from later releases of QEMU.
#[qapi_enum(extends = job::JobType)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileBackupJobType {
    /// Copies a file.
    #[qapi(name = "__org.example_file-backup")]
    FileBackup,
}

/// The policy for I/O errors.
#[qapi_enum(since = "1.0")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileBackupOnError {
    /// The job fails.
    Report,
    /// The job repeats the request.
    Ignore,
    /// The job pauses, and repeats the request when a client resumes it.
    Stop,
    /// Like `stop` if the disk is full, else like `report`.
    Enospc,
}

/// The direction of a request.
#[qapi_enum(since = "1.0")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileBackupOperation {
    /// A read of the source.
    Read,
    /// A write of the target.
    Write,
}

/// The action that a policy takes after an error.
#[qapi_enum(since = "1.0")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileBackupErrorAction {
    /// The job fails.
    Report,
    /// The job repeats the request.
    Ignore,
    /// The job pauses.
    Stop,
}

/// Emitted when a request of a backup fails.
#[qapi_event(since = "1.0")]
pub struct FileBackupError {
    /// The job's identifier.
    pub id: String,
    /// The request that failed.
    pub operation: FileBackupOperation,
    /// The consequence.
    pub action: FileBackupErrorAction,
}

/// The arguments of one backup.
#[qapi_struct(since = "1.0")]
#[derive(Debug, Clone)]
pub struct FileBackup {
    /// The job's identifier.
    pub job_id: String,
    /// The file to copy.
    pub source: String,
    /// The file to create. It must not exist.
    pub target: String,
    /// The rate limit in bytes per second; 0, the default, means no limit.
    pub speed: Option<i64>,
    /// The policy for read errors; `report` by default.
    pub on_source_error: Option<FileBackupOnError>,
    /// The policy for write errors; `report` by default.
    pub on_target_error: Option<FileBackupOnError>,
    /// Whether the job is finalized automatically; true by default.
    pub auto_finalize: Option<bool>,
    /// Whether the job is dismissed automatically; true by default.
    pub auto_dismiss: Option<bool>,
}
