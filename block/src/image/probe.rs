//! Probing of the format of an image.
//!
//! A guest with a raw image can write the header of another format, and so choose the files that
//! are opened later. So formats are probed only for backing files, which guests do not write, and
//! only if no format is given.

use super::qcow2;
use super::storage::Storage;
use crate::error::{Error, Result};

/// The result of probing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Probed {
    /// A qcow2 image.
    Qcow2,
    /// No known format.
    Raw,
}

/// The first bytes of formats of QEMU that this library does not support. Images in these formats
/// are not opened as raw images.
const FOREIGN: [(&[u8], &str); 11] = [
    (b"QFI\xfb\0\0\0\x01", "qcow"),
    (b"KDMV", "vmdk"),
    (b"COWD", "vmdk"),
    (b"# Disk DescriptorFile", "vmdk"),
    (b"conectix", "vpc"),
    (b"vhdxfile", "vhdx"),
    (b"QED\0", "qed"),
    (b"LUKS\xba\xbe", "luks"),
    (b"WithoutFreeSpace", "parallels"),
    (b"WithouFreSpacExt", "parallels"),
    (b"Bochs Virtual HD Image", "bochs"),
];

/// Probes the format from the first bytes of an image.
///
/// # Errors
/// [`Error::UnknownFormat`] for a format that is not supported; or those of the storage.
pub fn probe(storage: &Storage) -> Result<Probed> {
    let mut first = [0; 32];
    storage.read(0, &mut first)?;
    if let Some((_, format)) = FOREIGN.iter().find(|(magic, _)| first.starts_with(magic)) {
        return Err(Error::UnknownFormat((*format).to_owned()));
    }
    Ok(if first.starts_with(&qcow2::MAGIC) { Probed::Qcow2 } else { Probed::Raw })
}
