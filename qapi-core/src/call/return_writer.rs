//! The writer of a command's return value.

use serde::Serialize;

use crate::error::Result;
use crate::messages;
use crate::schema::view::MessageFormat;

/// Writes the return value of a command as JSON text.
#[derive(Debug)]
pub struct ReturnWriter<'a> {
    out: &'a mut Vec<u8>,
    format: &'a MessageFormat,
}

impl<'a> ReturnWriter<'a> {
    /// A writer that appends to `out`, in the form that `format` describes.
    pub fn new(out: &'a mut Vec<u8>, format: &'a MessageFormat) -> Self {
        Self { out, format }
    }

    /// The form that the JSON text must have.
    pub fn format(&self) -> &MessageFormat {
        self.format
    }

    /// Writes the value. Call it once.
    ///
    /// # Errors
    /// The value cannot be serialised, for example a map whose keys are not strings.
    pub fn write<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.format.write_to(self.out, value).map_err(|error| messages::unwritable_reply(&error))
    }

    /// Writes a value that already is JSON text in the form of [`format`](Self::format).
    pub fn write_rendered(&mut self, json: &[u8]) {
        self.out.extend_from_slice(json);
    }

    /// Writes the empty object: the return value of a command that returns nothing (QMP
    /// specification, "success").
    pub(crate) fn write_empty(&mut self) -> Result<()> {
        if self.format.style.pretty {
            return self.write(&serde_json::Map::new());
        }
        self.write_rendered(b"{}");
        Ok(())
    }
}
