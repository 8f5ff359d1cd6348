//! Emitting the events that only block jobs have.

use job::{Job, JobNotification};
use qapi_core::Events;

use crate::schema::block_job::{
    BlockJobCancelled, BlockJobCompleted, BlockJobPending, BlockJobReady,
};

/// Emits the event of a notification. Internal jobs, which have no identifier, have no events.
pub(super) fn emit(events: &Events, job: &Job, notification: JobNotification) {
    let Some(id) = job.id() else { return };
    let (job_type, device, speed) = (job.job_type(), id.to_owned(), job.speed().into());
    let progress = job.progress();
    let (offset, len) = (progress.current.cast_signed(), progress.total.cast_signed());
    match notification {
        JobNotification::Ready => {
            events.emit(&BlockJobReady { job_type, device, len, offset, speed });
        }
        JobNotification::Pending => events.emit(&BlockJobPending { job_type, id: device }),
        JobNotification::FinalizeCompleted => {
            let error = job.error().map(|error| error.desc().to_owned());
            events.emit(&BlockJobCompleted { job_type, device, len, offset, speed, error });
        }
        JobNotification::FinalizeCancelled => {
            events.emit(&BlockJobCancelled { job_type, device, len, offset, speed });
        }
        // QEMU's block jobs have no events for other notifications.
        _ => {}
    }
}
