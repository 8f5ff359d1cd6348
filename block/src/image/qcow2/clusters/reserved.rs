//! The regions of an image that belong to internal snapshots and persistent bitmaps.
//!
//! Format: the qcow2 specification, sections "Snapshots" and "Bitmaps extension". Invalid
//! tables end the search, as their positions mean nothing.

use std::io;
use std::ops::Range;

use crate::image::qcow2::header::{Header, TablePointers};
use crate::image::storage::Storage;

/// The offset of the header fields for the snapshot table.
const SNAPSHOT_FIELDS: u64 = 60;
/// The offset of the header fields for the name of the backing file, which follows the extensions.
const BACKING_FIELD: usize = 8;
/// The offset of the header field for the length of the header, and its value for version 2.
const LENGTH_FIELD: usize = 100;
const LENGTH_V2: usize = 72;
const SNAPSHOTS_MAX: u64 = 65536;
/// The size in bytes of an entry of the snapshot table without its variable part.
const SNAPSHOT_LENGTH: u64 = 40;
/// QEMU's limit for the extra data of a snapshot in bytes.
const EXTRA_MAX: u64 = 1024;
const EXTENSION_BITMAPS: u32 = 0x2385_2875;

/// The regions of snapshots and bitmaps.
#[derive(Debug, Default)]
pub(super) struct Reserved {
    pub(super) snapshot_table: Range<u64>,
    pub(super) snapshot_l1_tables: Vec<Range<u64>>,
    pub(super) bitmap_directory: Range<u64>,
}

impl Reserved {
    pub(super) fn read(storage: &Storage, header: &Header) -> io::Result<Self> {
        let mut reserved = Reserved::default();
        let mut cluster = vec![0; header.cluster_size() as usize];
        storage.read(0, &mut cluster)?;
        reserved.bitmap_directory = bitmap_directory(&cluster, header.version()).unwrap_or(0..0);
        let count = number(&cluster, SNAPSHOT_FIELDS as usize, 4).min(SNAPSHOTS_MAX);
        let start = number(&cluster, SNAPSHOT_FIELDS as usize + 4, 8);
        let mut at = start;
        for _ in 0..count {
            let mut entry = [0; SNAPSHOT_LENGTH as usize];
            storage.read(at, &mut entry)?;
            let (l1, length) = (number(&entry, 0, 8), number(&entry, 8, 4) * 8);
            let extra = number(&entry, 36, 4);
            let names = number(&entry, 12, 2) + number(&entry, 14, 2);
            let Some(end) = l1.checked_add(length) else { break };
            let Some(next) = at.checked_add(SNAPSHOT_LENGTH + extra + names + 7) else { break };
            if length > TablePointers::L1_MAX || extra > EXTRA_MAX {
                break;
            }
            reserved.snapshot_l1_tables.push(l1..end);
            at = next - next % 8;
        }
        reserved.snapshot_table = start..at;
        Ok(reserved)
    }
}

/// The position of the directory of bitmaps, if the header has one.
fn bitmap_directory(cluster: &[u8], version: u32) -> Option<Range<u64>> {
    let mut at = if version < 3 { LENGTH_V2 } else { number(cluster, LENGTH_FIELD, 4) as usize };
    let end = match number(cluster, BACKING_FIELD, 8) as usize {
        0 => cluster.len(),
        backing => backing.min(cluster.len()),
    };
    while at + 8 <= end {
        let kind = number(cluster, at, 4) as u32;
        let length = number(cluster, at + 4, 4) as usize;
        if kind == 0 || length > end - at - 8 {
            return None;
        }
        if kind == EXTENSION_BITMAPS && length >= 24 {
            let (size, start) = (number(cluster, at + 16, 8), number(cluster, at + 24, 8));
            return start.checked_add(size).map(|end| start..end);
        }
        at += 8 + length.next_multiple_of(8);
    }
    None
}

/// A big-endian number, or 0 beyond the end.
fn number(bytes: &[u8], offset: usize, length: usize) -> u64 {
    let bytes = bytes.get(offset..offset + length).unwrap_or_default();
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
