//! The checks of requests.

use super::request::{Refusal, Request};
use super::session::Session;
use crate::protocol::{PAYLOAD_MAX, command};

impl Session<'_> {
    /// Checks a request in the order of QEMU.
    ///
    /// # Errors
    /// The refusal with QEMU's text. QEMU answers nearly all with the number of `EINVAL`.
    pub(super) fn check(&self, request: &Request) -> Result<(), Refusal> {
        let has_data = matches!(request.command, command::READ | command::WRITE);
        if (has_data || request.payload() > 0) && request.length > u64::from(PAYLOAD_MAX) {
            let length = request.length;
            let text = format!("len ({length}) is larger than max len ({PAYLOAD_MAX})");
            return Err(Refusal::invalid(text));
        }
        match request.command {
            command::READ | command::FLUSH | command::CACHE => {}
            command::WRITE | command::TRIM | command::WRITE_ZEROES if self.export.writable => {}
            command::WRITE | command::TRIM | command::WRITE_ZEROES => {
                return Err(Refusal::invalid("Export is read-only"));
            }
            command::BLOCK_STATUS if self.contexts.is_empty() => {
                return Err(Refusal::invalid("CMD_BLOCK_STATUS not negotiated"));
            }
            command::BLOCK_STATUS => {}
            unknown => {
                let text = format!("invalid request type ({unknown}) received");
                return Err(Refusal::invalid(text));
            }
        }
        if let Some(length) = request.range_length() {
            self.check_range(request.offset, length)?;
        }
        let unknown = request.flags & !request.valid_flags(self.form);
        if unknown != 0 {
            let command = command::name(request.command);
            let text = format!("unsupported flags for command {command} (got {unknown:#x})");
            return Err(Refusal::invalid(text));
        }
        if request.command == command::BLOCK_STATUS && request.length == 0 {
            return Err(Refusal::invalid("need non-zero length"));
        }
        Ok(())
    }

    /// Refuses a range that is not within the disk.
    pub(super) fn check_range(&self, offset: u64, length: u64) -> Result<(), Refusal> {
        let size = self.size;
        if offset.checked_add(length).is_some_and(|end| end <= size) {
            return Ok(());
        }
        let text = format!("operation past EOF; From: {offset}, Len: {length}, Size: {size}");
        Err(Refusal::invalid(text))
    }
}
