//! Every error text of the engine that a client can read. The wording is QEMU's wherever QEMU has
//! the case.

use qapi_core::Error;

use crate::schema::{JobStatus, JobVerb};

pub(crate) fn job_not_found() -> Error {
    Error::generic("Job not found")
}

pub(crate) fn verb_refused(id: &str, verb: JobVerb, status: JobStatus) -> Error {
    Error::generic(format!(
        "Job '{id}' in state '{}' cannot accept command verb '{}'",
        status.as_str(),
        verb.as_str()
    ))
}

pub(crate) fn already_paused() -> Error {
    Error::generic("Job is already paused")
}

pub(crate) fn not_paused() -> Error {
    Error::generic("Can't resume a job that was not paused")
}

/// The error of `job-complete` for a kind of job that never becomes ready.
pub fn cannot_complete(id: &str) -> Error {
    Error::generic(format!("The active block job '{id}' cannot be completed"))
}

/// The error of `block-job-change` for a kind of job without options to change.
pub fn cannot_change() -> Error {
    Error::generic("Job type does not support change")
}

pub(crate) fn negative_speed() -> Error {
    Error::generic("Parameter 'speed' expects a non-negative value")
}

pub(crate) fn invalid_id(id: &str) -> Error {
    Error::generic(format!("Invalid job ID '{id}'"))
}

pub(crate) fn id_in_use(id: &str) -> Error {
    Error::generic(format!("Job ID '{id}' already in use"))
}

pub(crate) fn canceled() -> Error {
    Error::generic("Operation canceled")
}

/// QEMU never gets into this situation, hence no text to follow.
pub(crate) fn transaction_over() -> Error {
    Error::generic("The transaction has already been completed or aborted")
}

/// A mistake in the program: QEMU has one engine.
pub(crate) fn transaction_of_another_engine() -> Error {
    Error::generic("The transaction has members in another engine")
}

/// A mistake in the driver. The text of the panic goes to the log and to the client.
pub(crate) fn driver_panicked(place: &str, what: &str) -> Error {
    Error::generic(format!("The job's driver panicked in '{place}': {what}"))
}
