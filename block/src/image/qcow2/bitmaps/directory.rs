//! The bitmap directory, with the checks of QEMU.
//!
//! Layout: the qcow2 specification (`docs/interop/qcow2.rst` of QEMU), section "Bitmaps".

use std::collections::HashSet;
use std::io;

use super::table::{Digest, Table};
use crate::error::{Error, Result};
use crate::image::dirty_bitmaps::NAME_MAX;
use crate::image::memory::zeroed;
use crate::image::qcow2::clusters::Clusters;
use crate::image::qcow2::header::extensions::BitmapDirectory;
use crate::image::qcow2::header::fields::{Fields, invalid};
use crate::image::storage::Storage;

/// The flags of an entry.
pub(super) const IN_USE: u32 = 1 << 0;
pub(super) const AUTO: u32 = 1 << 1;
/// The offsets of fields in an entry.
const TABLE_SIZE_FIELD: u64 = 8;
const FLAGS_FIELD: u64 = 12;
/// The size in bytes of an entry without its variable part.
const ENTRY_LENGTH: u64 = 24;
/// The type of bitmaps that track dirty ranges.
const TYPE_DIRTY_TRACKING: u8 = 1;
/// QEMU's limits.
pub(super) const TABLE_ENTRIES_MAX: u64 = 0x800_0000;
/// The largest size of the bits of one bitmap in bytes.
pub(super) const BYTES_MAX: u64 = 0x2000_0000;
const GRANULARITY_BITS: std::ops::RangeInclusive<u8> = 9..=31;
/// The largest offset of a bitmap table, so that all of its bytes have valid offsets.
const OFFSET_MAX: u64 = (1 << 63) - (1 << 31);

/// An entry of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DirectoryEntry {
    /// The offset of the entry in the file.
    position: u64,
    pub(crate) table_offset: u64,
    /// The number of entries of the bitmap table.
    pub(crate) table_entries: u32,
    flags: u32,
    granularity_bits: u8,
    /// The name in the image, which need not be UTF-8.
    raw_name: Vec<u8>,
    name: String,
    /// The digest of the clusters of the bitmap, if they were read or written.
    pub(super) digest: Option<Digest>,
}

impl DirectoryEntry {
    /// An entry for a bitmap that the image does not have yet.
    pub(super) fn new(name: String, granularity: u64) -> Self {
        DirectoryEntry {
            position: 0,
            table_offset: 0,
            table_entries: 0,
            flags: IN_USE,
            granularity_bits: granularity.trailing_zeros() as u8,
            raw_name: name.clone().into_bytes(),
            name,
            digest: None,
        }
    }

    fn push_to(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.table_offset.to_be_bytes());
        bytes.extend_from_slice(&self.table_entries.to_be_bytes());
        bytes.extend_from_slice(&self.flags.to_be_bytes());
        bytes.extend_from_slice(&[TYPE_DIRTY_TRACKING, self.granularity_bits]);
        bytes.extend_from_slice(&(self.raw_name.len() as u16).to_be_bytes());
        bytes.extend_from_slice(&0_u32.to_be_bytes());
        bytes.extend_from_slice(&self.raw_name);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
    }

    /// The length of the entry in the directory.
    pub(super) fn length(&self) -> u64 {
        entry_length(self.raw_name.len())
    }

    /// Whether a program was using the bitmap when the image was last closed, so that its bits are
    /// not valid.
    pub(crate) fn is_in_use(&self) -> bool {
        self.flags & IN_USE != 0
    }

    /// Whether writes are recorded while the image is open.
    pub(super) fn is_auto(&self) -> bool {
        self.flags & AUTO != 0
    }

    pub(super) fn flags(&self) -> u32 {
        self.flags
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The number of bytes for which a bit stands.
    pub(super) fn granularity(&self) -> u64 {
        1 << self.granularity_bits
    }

    /// Writes the flags of the entry.
    pub(super) fn write_flags(&mut self, clusters: &Clusters, flags: u32) -> io::Result<()> {
        clusters.write_directory(self.position + FLAGS_FIELD, &flags.to_be_bytes())?;
        self.flags = flags;
        Ok(())
    }

    /// Sets the flags in an entry that is not written yet.
    pub(super) fn set_flags(&mut self, flags: u32) {
        self.flags = flags;
    }

    /// Sets the bitmap table in an entry that is not written yet.
    pub(super) fn set_table(&mut self, table: Table) {
        self.table_offset = table.offset;
        self.table_entries = table.entries;
        self.digest = Some(table.digest);
    }

    fn is_valid(&self, kind: u8, cluster_size: u64, size: u64) -> bool {
        let entries = u64::from(self.table_entries);
        let bytes = entries * cluster_size;
        // The size of an inconsistent bitmap may differ from that of the image.
        let is_long_enough = self.is_in_use()
            || u128::from(size) <= (u128::from(bytes) * 8) << self.granularity_bits.min(63);
        (1..=TABLE_ENTRIES_MAX).contains(&entries)
            && self.table_offset != 0
            && self.table_offset.is_multiple_of(cluster_size)
            && GRANULARITY_BITS.contains(&self.granularity_bits)
            && self.flags & !(IN_USE | AUTO) == 0
            && kind == TYPE_DIRTY_TRACKING
            && bytes <= BYTES_MAX
            && self.table_offset <= OFFSET_MAX
            && is_long_enough
    }
}

/// Reads the directory of an image with clusters of `cluster_size` bytes, whose size is `size`.
///
/// # Errors
/// [`Error::InvalidImage`] with QEMU's text; or those of the storage.
pub(crate) fn read(
    storage: &Storage,
    directory: &BitmapDirectory,
    cluster_size: u64,
    size: u64,
) -> Result<Vec<DirectoryEntry>> {
    let start = directory.range.start;
    let mut bytes = zeroed((directory.range.end - start) as usize)?;
    let failed = |source| Error::While { what: "Failed to read bitmap directory".into(), source };
    storage.read(start, &mut bytes).map_err(failed)?;
    let broken = || invalid("Broken bitmap directory");
    let (mut entries, mut names) = (Vec::new(), HashSet::new());
    let mut at = 0;
    while at < bytes.len() as u64 {
        let fields = Fields(bytes.get(at as usize..).ok_or_else(broken)?);
        let fixed = Fields(fields.bytes(0, ENTRY_LENGTH).map_err(|_short| broken())?);
        if entries.len() == directory.bitmaps as usize {
            let text = "More bitmaps found than specified in header extension";
            return Err(invalid(text));
        }
        let extra_length = u64::from(fixed.u32(20)?);
        let name_length = u64::from(fixed.u16(18)?);
        let length = ENTRY_LENGTH + extra_length + name_length;
        // In QEMU, a length of 2 GiB or more passes the check of the length, but no later one.
        if i32::try_from(length).is_ok() {
            fields.bytes(0, length.next_multiple_of(8)).map_err(|_short| broken())?;
        }
        if extra_length != 0 {
            return Err(invalid("Bitmap extra data is not supported"));
        }
        let name = fields.bytes(ENTRY_LENGTH, name_length)?;
        // As in QEMU, a name ends at a zero byte.
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        let entry = DirectoryEntry {
            position: start + at,
            table_offset: fixed.u64(0)?,
            table_entries: fixed.u32(TABLE_SIZE_FIELD)?,
            flags: fixed.u32(FLAGS_FIELD)?,
            granularity_bits: fixed.u8(17)?,
            raw_name: name.to_vec(),
            name: String::from_utf8_lossy(name).into_owned(),
            digest: None,
        };
        if name_length > NAME_MAX as u64 || !entry.is_valid(fixed.u8(16)?, cluster_size, size) {
            let text = format!("Bitmap '{}' doesn't satisfy the constraints", entry.name);
            return Err(invalid(text));
        }
        if !names.insert(name) {
            return Err(invalid(format!("Bitmap already exists: {}", entry.name)));
        }
        entries.push(entry);
        at += length.next_multiple_of(8);
    }
    if entries.len() != directory.bitmaps as usize {
        let text = "Less bitmaps found than specified in header extension";
        return Err(invalid(text));
    }
    Ok(entries)
}

/// The length in the directory of an entry whose name has this many bytes.
pub(super) fn entry_length(name: usize) -> u64 {
    (ENTRY_LENGTH + name as u64).next_multiple_of(8)
}

/// The bytes of a directory that is to be written at `offset`. Sets the positions of the entries.
pub(super) fn serialize(entries: &mut [DirectoryEntry], offset: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        entry.position = offset + bytes.len() as u64;
        entry.push_to(&mut bytes);
    }
    bytes
}
