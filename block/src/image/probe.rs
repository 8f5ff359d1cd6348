//! Guessing the format of an image from its first bytes.
//!
//! Whoever writes a raw image can make it look like another format, and so choose what is read in
//! its place: this is for backing files only, which nobody writes, and only where nothing better
//! is known.

use super::qcow2;
use super::storage::Storage;
use crate::error::{Error, Result};
use imago::StorageExt;

/// What an image seems to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probed {
    /// A qcow2 image.
    Qcow2,
    /// None of the formats that are known by their first bytes.
    Raw,
}

/// Formats that QEMU knows and this program does not: their contents are no raw image's.
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

/// Looks at the first bytes of an image.
///
/// # Errors
/// [`Error::UnknownFormat`] for one that needs another program; or as the storage says.
pub fn probe(storage: &Storage) -> Result<Probed> {
    let mut first = [0; 32];
    storage.read(first.as_mut_slice(), 0)?;
    if let Some((_, format)) = FOREIGN.iter().find(|(magic, _)| first.starts_with(magic)) {
        return Err(Error::UnknownFormat((*format).to_owned()));
    }
    Ok(if first.starts_with(&qcow2::MAGIC) { Probed::Qcow2 } else { Probed::Raw })
}
