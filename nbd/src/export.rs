//! Exports: disks under names that clients ask for.

use std::fmt;
use std::sync::Arc;

use crate::disk::{DirtyRanges, Disk};
use crate::protocol::STRING_MAX;

/// A disk with the properties that clients see.
#[derive(Debug)]
#[must_use = "an export is served once it is added to a server"]
pub struct Export {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) writable: bool,
    pub(crate) allocation_depth: bool,
    pub(crate) bitmaps: Vec<Bitmap>,
    /// Dropped after the disk.
    _on_closed: OnClosed,
}

/// A bitmap that an export shows.
#[derive(Debug)]
pub(crate) struct Bitmap {
    pub(crate) name: String,
    pub(crate) ranges: Arc<dyn DirtyRanges>,
}

/// A name or description that is too long for the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The name has more than 4,096 bytes.
    #[error("the name of an export has more than {STRING_MAX} bytes")]
    NameTooLong,
    /// The description has more than 4,096 bytes.
    #[error("the description of an export has more than {STRING_MAX} bytes")]
    DescriptionTooLong,
}

impl Export {
    /// A read-only export of a disk. The name may be empty.
    ///
    /// # Errors
    /// [`ExportError::NameTooLong`].
    pub fn new(name: impl Into<String>, disk: Arc<dyn Disk>) -> Result<Self, ExportError> {
        let name = name.into();
        if name.len() > STRING_MAX {
            return Err(ExportError::NameTooLong);
        }
        Ok(Export {
            name,
            description: None,
            disk,
            writable: false,
            allocation_depth: false,
            bitmaps: Vec::new(),
            _on_closed: OnClosed(None),
        })
    }

    /// Lets clients write to the disk.
    pub fn writable(self, writable: bool) -> Self {
        Export { writable, ..self }
    }

    /// Sets the description that clients see in listings.
    ///
    /// # Errors
    /// [`ExportError::DescriptionTooLong`].
    pub fn description(self, text: impl Into<String>) -> Result<Self, ExportError> {
        let text = text.into();
        if text.len() > STRING_MAX {
            return Err(ExportError::DescriptionTooLong);
        }
        Ok(Export { description: Some(text), ..self })
    }

    /// Adds the metadata context `qemu:allocation-depth`.
    pub fn allocation_depth(self, shown: bool) -> Self {
        Export { allocation_depth: shown, ..self }
    }

    /// Adds the metadata context `qemu:dirty-bitmap:NAME`.
    pub fn bitmap(mut self, name: impl Into<String>, ranges: Arc<dyn DirtyRanges>) -> Self {
        self.bitmaps.push(Bitmap { name: name.into(), ranges });
        self
    }

    /// Calls a function when the export was removed and its last client is gone. The function runs
    /// on the thread of a client or of the one who removes the export.
    pub fn on_closed(self, function: impl FnOnce() + Send + Sync + 'static) -> Self {
        Export { _on_closed: OnClosed(Some(Box::new(function))), ..self }
    }
}

/// A function that runs when this is dropped.
pub(crate) struct OnClosed(Option<Box<dyn FnOnce() + Send + Sync>>);

impl fmt::Debug for OnClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnClosed")
    }
}

impl Drop for OnClosed {
    fn drop(&mut self) {
        if let Some(function) = self.0.take() {
            function();
        }
    }
}
