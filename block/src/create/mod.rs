//! Making new image files and formatting them, for `blockdev-create`.

pub mod file;
pub mod image;
pub mod qcow2;

pub use file::FileCreate;
pub use image::ImageCreate;
pub use qcow2::{Encryption, Qcow2Create, Qcow2Version};

/// `PreallocMode`: how much of a new image exists before anything is written to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preallocation {
    /// Nothing.
    #[default]
    Off,
    /// The tables of the format.
    Metadata,
    /// The tables, and space on the host.
    Falloc,
    /// The tables, and zeroes written to the host.
    Full,
}

impl Preallocation {
    /// The name in the schema.
    pub fn name(self) -> &'static str {
        match self {
            Preallocation::Off => "off",
            Preallocation::Metadata => "metadata",
            Preallocation::Falloc => "falloc",
            Preallocation::Full => "full",
        }
    }
}
