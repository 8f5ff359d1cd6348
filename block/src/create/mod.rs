//! Creation of images, for `blockdev-create`.

pub mod file;
pub mod image;
pub mod qcow2;

pub use crate::image::storage::Preallocation;
pub use file::FileCreate;
pub use image::ImageCreate;
pub use qcow2::{Encryption, Qcow2Create, Qcow2Version};
