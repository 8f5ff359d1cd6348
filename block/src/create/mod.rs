//! Creation of images, for `blockdev-create`.

pub mod file;
pub mod image;
pub mod qcow2;

pub use file::FileCreate;
pub use image::ImageCreate;
pub use qcow2::{Encryption, Qcow2Create, Qcow2Version};

/// `PreallocMode`: how much of a new image is allocated at its creation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preallocation {
    /// No preallocation.
    #[default]
    Off,
    /// The metadata of the format.
    Metadata,
    /// The metadata, and the space on the host.
    Falloc,
    /// The metadata, and the space on the host by writing zeroes.
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
