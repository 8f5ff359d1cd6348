//! Creation of an image in a new file, for `drive-backup` and `drive-mirror`.

use std::sync::atomic::AtomicBool;

use super::{FileCreate, Qcow2Create};
use crate::error::{Error, Result};
use crate::image::storage::Preallocation;
use crate::nodes::Graph;
use crate::options::BlockdevOptions;

/// An image in a new file.
#[derive(Clone, Debug)]
pub struct ImageCreate {
    /// The path of the file.
    pub filename: String,
    /// The name of the format.
    pub format: String,
    /// The size of the image in bytes.
    pub size: u64,
    /// The name and the format of the backing file.
    pub backing: Option<(String, String)>,
}

/// The formats that can be created.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Plain,
    Qcow2,
}

impl ImageCreate {
    /// Checks the options, before anything is created.
    ///
    /// # Errors
    /// [`Error::InvalidOption`].
    pub fn check(&self) -> Result<()> {
        match self.format()? {
            Format::Plain if self.backing.is_some() => Err(Error::InvalidOption(format!(
                "Backing file not supported for file format '{}'",
                self.format
            ))),
            Format::Plain | Format::Qcow2 => Ok(()),
        }
    }

    /// Creates the image. Blocks.
    ///
    /// # Errors
    /// Those of [`ImageCreate::check`], [`FileCreate::create`] and [`Qcow2Create::create`].
    pub fn create(&self, graph: &Graph, cancelled: &AtomicBool) -> Result<()> {
        self.check()?;
        let file = |size| FileCreate {
            filename: self.filename.clone(),
            size,
            preallocation: Preallocation::Off,
        };
        match self.format()? {
            Format::Plain => file(self.size).create(cancelled),
            Format::Qcow2 => {
                file(0).create(cancelled)?;
                let node = BlockdevOptions::file(self.filename.clone());
                let mut image = Qcow2Create::new(node, self.size);
                (image.backing_file, image.backing_format) = self.backing.clone().unzip();
                image.create(graph)
            }
        }
    }

    fn format(&self) -> Result<Format> {
        match self.format.as_str() {
            "file" | "raw" => Ok(Format::Plain),
            "qcow2" => Ok(Format::Qcow2),
            "null-co" => Err(Error::InvalidOption(format!(
                "Format driver '{}' does not support image creation",
                self.format
            ))),
            other => Err(Error::InvalidOption(format!("Unknown file format '{other}'"))),
        }
    }
}
