//! What a block job does about an I/O error.

use qapi_core::Result;

use super::BlockJobHandle;
use crate::copy::{ErrorAction, Side};
use crate::error::Error;
use crate::qmp::backup::BlockdevOnError;
use crate::qmp::block_job::events::{BlockErrorAction, BlockJobError, IoOperationType};
use crate::qmp::block_job::info::BlockDeviceIoStatus;

/// What a job does about errors of its source and of its target.
#[derive(Debug, Clone, Copy)]
pub struct OnError {
    /// When the source cannot be read.
    pub source: BlockdevOnError,
    /// When the target cannot be written.
    pub target: BlockdevOnError,
}

impl OnError {
    fn action(self, side: Side, error: &Error) -> BlockErrorAction {
        let policy = match side {
            Side::Source => self.source,
            Side::Target => self.target,
        };
        match policy {
            BlockdevOnError::Report => BlockErrorAction::Report,
            BlockdevOnError::Ignore => BlockErrorAction::Ignore,
            BlockdevOnError::Stop => BlockErrorAction::Stop,
            BlockdevOnError::Enospc | BlockdevOnError::Auto if error.is_no_space() => {
                BlockErrorAction::Stop
            }
            BlockdevOnError::Enospc | BlockdevOnError::Auto => BlockErrorAction::Report,
        }
    }
}

impl BlockJobHandle<'_> {
    /// Tells clients of an error and does what `on_error` says, which may be to rest until a
    /// client resumes the job.
    ///
    /// # Errors
    /// The job is cancelled meanwhile.
    pub async fn handle_error(
        &self,
        on_error: OnError,
        side: Side,
        error: &Error,
    ) -> Result<ErrorAction> {
        let action = on_error.action(side, error);
        if let Some(id) = self.job.id() {
            let operation = match side {
                Side::Source => IoOperationType::Read,
                Side::Target => IoOperationType::Write,
            };
            let device = id.to_owned();
            self.block_job.events.emit(&BlockJobError { device, operation, action });
        }
        match action {
            BlockErrorAction::Report => return Ok(ErrorAction::Report),
            BlockErrorAction::Ignore => {}
            BlockErrorAction::Stop => {
                self.job.pause_for_error();
                self.note_error(error);
            }
        }
        self.job.pause_point().await?;
        Ok(ErrorAction::Retry)
    }

    /// Remembers the first error since the job was last resumed.
    fn note_error(&self, error: &Error) {
        let mut io_status = self.block_job.io_status.lock();
        if *io_status == BlockDeviceIoStatus::Ok {
            *io_status = if error.is_no_space() {
                BlockDeviceIoStatus::Nospace
            } else {
                BlockDeviceIoStatus::Failed
            };
        }
    }
}
