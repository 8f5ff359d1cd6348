//! Changes of the header of an image.

use std::io;

use rustix::io::Errno;

use super::extensions::{
    BitmapDirectory, EXTENSION_BACKING_FORMAT, EXTENSION_BITMAPS, EXTENSION_END, extensions,
};
use super::features::{
    AUTOCLEAR_BITMAPS, AUTOCLEAR_DATA_FILE_RAW, Features, INCOMPATIBLE_CORRUPT,
};
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
        return Err(io::Error::from(Errno::INVAL).into());
    }
    if header.len() > cluster.len() {
        return Err(io::Error::from(Errno::NOSPC).into());
    }
    Ok(storage.write(0, &header)?)
}

pub(super) fn clear_autoclear_features(storage: &Storage, features: Features) -> Result<()> {
    // A raw data file remains valid, as writes update it too. Bitmaps are kept up to date.
    let remaining = features.autoclear & (AUTOCLEAR_DATA_FILE_RAW | AUTOCLEAR_BITMAPS);
    if remaining != features.autoclear {
        storage.write(Features::AUTOCLEAR_FIELD, &remaining.to_be_bytes())?;
    }
    Ok(())
}

pub(super) fn mark_corrupt(storage: &Storage) -> Result<()> {
    let (cluster, _) = first_cluster(storage)?;
    let fields = Fields(&cluster);
    if fields.u32(4)? < 3 {
        return Ok(());
    }
    let features = fields.u64(Features::INCOMPATIBLE_FIELD)? | INCOMPATIBLE_CORRUPT;
    write_incompatible(storage, features)
}

/// Writes the incompatible features of an image of version 3.
pub(super) fn write_incompatible(storage: &Storage, features: u64) -> Result<()> {
    Ok(storage.write(Features::INCOMPATIBLE_FIELD, &features.to_be_bytes())?)
}

/// Replaces the extension of bitmaps, or removes it.
pub(super) fn set_bitmaps(storage: &Storage, directory: Option<&BitmapDirectory>) -> Result<()> {
    let (cluster, _) = first_cluster(storage)?;
    let fields = Fields(&cluster);
    let backing = match fields.u64(BACKING_OFFSET as u64)? {
        0 => None,
        offset => Some(fields.bytes(offset, fields.u32(BACKING_LENGTH as u64)?.into())?),
    };
    let mut added = Vec::new();
    let mut autoclear = fields.u64(Features::AUTOCLEAR_FIELD)? & !AUTOCLEAR_BITMAPS;
    if let Some(directory) = directory {
        push_extension(&mut added, EXTENSION_BITMAPS, &directory.to_bytes());
        autoclear |= AUTOCLEAR_BITMAPS;
    }
    let mut header = rebuilt(&fields, backing, &added, |kind| kind != EXTENSION_BITMAPS)?;
    if header.len() > cluster.len() {
        return Err(io::Error::from(Errno::NOSPC).into());
    }
    header[Features::AUTOCLEAR_FIELD as usize..][..8].copy_from_slice(&autoclear.to_be_bytes());
    Ok(storage.write(0, &header)?)
}

/// The header with its extensions, and the name of the backing file at the end.
fn with_backing(cluster: &[u8], backing: Option<&BackingName>) -> Result<Vec<u8>> {
    let format = backing.and_then(|backing| backing.format.as_deref());
    let mut extension = Vec::new();
    if let Some(format) = format {
        push_extension(&mut extension, EXTENSION_BACKING_FORMAT, format.as_bytes());
    }
    let name = backing.map(|backing| backing.file.as_bytes());
    rebuilt(&Fields(cluster), name, &extension, |kind| kind != EXTENSION_BACKING_FORMAT)
}

/// The header with the `added` extensions, with those of its extensions whose kind `stays`, and
/// with the name of the backing file.
fn rebuilt(
    fields: &Fields<'_>,
    backing: Option<&[u8]>,
    added: &[u8],
    stays: impl Fn(u32) -> bool,
) -> Result<Vec<u8>> {
    let length = match fields.u32(4)? {
        2 => LENGTH_V2,
        _three => fields.u32(100)?.into(),
    };
    let end = match fields.u64(BACKING_OFFSET as u64)? {
        0 => fields.0.len() as u64,
        backing_offset => backing_offset,
    };
    let mut header = fields.bytes(0, length)?.to_vec();
    header.extend_from_slice(added);
    for extension in extensions(fields, length, end) {
        let extension = extension?;
        if stays(extension.kind) {
            push_extension(&mut header, extension.kind, extension.data);
        }
    }
    push_extension(&mut header, EXTENSION_END, &[]);
    let (offset, name) = match backing {
        Some(name) => (header.len() as u64, name),
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
