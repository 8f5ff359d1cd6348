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

/// The number of bytes from which QEMU probes formats.
const PROBED: usize = 2048;

/// Bytes at an offset that images in a format of QEMU have which this library does not support.
/// Images in these formats are not opened as raw images.
const FOREIGN: [(usize, &[u8], &str); 12] = [
    (0, b"Bochs Virtual HD Image", "bochs"),
    (0, b"#!/bin/sh\n#V2.0 Format\nmodprobe cloop file=$0 && mount", "cloop"),
    (0, b"LUKS\xba\xbe\0\x01", "luks"),
    (0, b"WithoutFreeSpace", "parallels"),
    (0, b"WithouFreSpacExt", "parallels"),
    (0, b"QFI\xfb\0\0\0\x01", "qcow"),
    (0, b"QED\0", "qed"),
    (64, b"\x7f\x10\xda\xbe", "vdi"),
    (0, b"vhdxfile", "vhdx"),
    (0, b"KDMV", "vmdk"),
    (0, b"COWD", "vmdk"),
    (0, b"conectix", "vpc"),
];

/// Probes the format from the first bytes of an image.
///
/// # Errors
/// [`Error::UnknownFormat`] for a format that is not supported; or those of the storage.
pub fn probe(storage: &Storage) -> Result<Probed> {
    let mut first = [0; PROBED];
    storage.read(0, &mut first)?;
    let by_bytes = FOREIGN.iter().find(|(offset, magic, _)| first[*offset..].starts_with(magic));
    let by_bytes = by_bytes.map(|(_, _, format)| *format);
    match by_bytes.or_else(|| is_vmdk_descriptor(&first).then_some("vmdk")) {
        Some(format) => Err(Error::UnknownFormat(format.to_owned())),
        None if first.starts_with(&qcow2::MAGIC) => Ok(Probed::Qcow2),
        None => Ok(Probed::Raw),
    }
}

/// Whether an image is the text that describes a VMDK image: comments and blank lines, and then its
/// version.
fn is_vmdk_descriptor(first: &[u8]) -> bool {
    let is_blank = |line: &[u8]| line.iter().all(|byte| matches!(byte, b' ' | b'\r'));
    let mut lines = first.split(|byte| *byte == b'\n');
    let described = lines.find(|line| !line.starts_with(b"#") && !is_blank(line));
    let version = described.and_then(|line| line.strip_prefix(b"version="));
    version.is_some_and(|version| {
        let version = version.strip_suffix(b"\r").unwrap_or(version);
        matches!(version, b"1" | b"2" | b"3")
    })
}
