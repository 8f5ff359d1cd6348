//! Changes of the header of an image.

use std::io;

use nix::errno::Errno;

use super::extensions::{EXTENSION_BACKING_FORMAT, EXTENSION_END, extensions};
use super::features::{AUTOCLEAR_DATA_FILE_RAW, INCOMPATIBLE_CORRUPT};
use super::fields::{Fields, LENGTH_V2};
use super::parse::{BACKING_NAME_MAX, first_cluster};
use super::{BackingName, Storage};
use crate::error::Result;

/// The offsets of the header fields for the position and the length of the backing file's name.
const BACKING_OFFSET: usize = 8;
const BACKING_LENGTH: usize = 16;

pub(super) fn name_backing(storage: &Storage, backing: Option<&BackingName>) -> Result<()> {
    let (cluster, _) = first_cluster(storage)?;
    let header = with_backing(&cluster, backing)?;
    let name_length = backing.map_or(0, |backing| backing.file.len() as u64);
    if name_length > BACKING_NAME_MAX {
        return Err(io::Error::from(Errno::EINVAL).into());
    }
    if header.len() > cluster.len() {
        return Err(io::Error::from(Errno::ENOSPC).into());
    }
    Ok(storage.write(0, &header)?)
}

/// The offset of the autoclear features in a header of version 3.
const AUTOCLEAR: u64 = 88;

pub(super) fn clear_autoclear_features(storage: &Storage) -> Result<()> {
    let (cluster, _) = first_cluster(storage)?;
    let fields = Fields(&cluster);
    if fields.u32(4)? < 3 {
        return Ok(());
    }
    let autoclear = fields.u64(AUTOCLEAR)?;
    // The flag of a raw data file remains valid, because writes update the data file too.
    let retained = autoclear & AUTOCLEAR_DATA_FILE_RAW;
    if retained != autoclear {
        storage.write(AUTOCLEAR, &retained.to_be_bytes())?;
    }
    Ok(())
}

/// The offset of the incompatible features in a header of version 3.
const INCOMPATIBLE: u64 = 72;

pub(super) fn mark_corrupt(storage: &Storage) -> Result<()> {
    let (cluster, _) = first_cluster(storage)?;
    let fields = Fields(&cluster);
    if fields.u32(4)? < 3 {
        return Ok(());
    }
    let features = fields.u64(INCOMPATIBLE)? | INCOMPATIBLE_CORRUPT;
    Ok(storage.write(INCOMPATIBLE, &features.to_be_bytes())?)
}

/// The header with its extensions, and the name of the backing file at the end.
fn with_backing(cluster: &[u8], backing: Option<&BackingName>) -> Result<Vec<u8>> {
    let fields = Fields(cluster);
    let length = match fields.u32(4)? {
        2 => LENGTH_V2,
        _three => fields.u32(100)?.into(),
    };
    let end = match fields.u64(BACKING_OFFSET as u64)? {
        0 => cluster.len() as u64,
        backing_offset => backing_offset,
    };
    let mut header = fields.bytes(0, length)?.to_vec();
    if let Some(format) = backing.and_then(|backing| backing.format.as_deref()) {
        push_extension(&mut header, EXTENSION_BACKING_FORMAT, format.as_bytes());
    }
    for extension in extensions(&fields, length, end) {
        let extension = extension?;
        if extension.kind != EXTENSION_BACKING_FORMAT {
            push_extension(&mut header, extension.kind, extension.data);
        }
    }
    push_extension(&mut header, EXTENSION_END, &[]);
    let (offset, name) = match backing {
        Some(backing) => (header.len() as u64, backing.file.as_bytes()),
        None => (0, [].as_slice()),
    };
    header.extend_from_slice(name);
    let name_length = name.len() as u32;
    header[BACKING_OFFSET..][..8].copy_from_slice(&offset.to_be_bytes());
    header[BACKING_LENGTH..][..4].copy_from_slice(&name_length.to_be_bytes());
    Ok(header)
}

/// Adds an extension, with padding of its data to a multiple of 8 bytes.
fn push_extension(header: &mut Vec<u8>, kind: u32, data: &[u8]) {
    header.extend_from_slice(&kind.to_be_bytes());
    header.extend_from_slice(&(data.len() as u32).to_be_bytes());
    header.extend_from_slice(data);
    let padding = data.len().next_multiple_of(8) - data.len();
    header.resize(header.len() + padding, 0);
}
