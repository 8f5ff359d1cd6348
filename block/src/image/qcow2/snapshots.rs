//! The table of internal snapshots.
//!
//! Layout: the qcow2 specification (`docs/interop/qcow2.rst` of QEMU), section "Snapshots".

use std::io;
use std::ops::Range;
use std::time::Duration;

use rustix::io::Errno;

use super::header::Header;
use super::header::fields::{Fields, invalid, name_in};
use crate::error::{Error, Result};
use crate::image::memory::zeroed;
use crate::image::storage::Storage;

/// The size in bytes of an entry without its variable part.
pub(super) const ENTRY_LENGTH: u64 = 40;
/// QEMU's limit for the extra data of an entry, in bytes.
const EXTRA_DATA_MAX: u64 = 1024;
/// The size in bytes of the extra data with a known meaning.
const EXTRA_LENGTH: usize = 24;
/// QEMU's limit for the size of the table, in bytes.
const TABLE_MAX: u64 = 64 << 20;
/// QEMU's limit for the number of snapshots.
const SNAPSHOTS_MAX: u64 = 65536;
/// QEMU's limits for an identifier and a name, in bytes. Longer ones are cut off.
const ID_MAX: usize = 127;
const NAME_MAX: usize = 255;
/// The value of the field `icount` for a snapshot without it.
const NO_ICOUNT: u64 = u64::MAX;

/// An internal snapshot of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The identifier, a number as text.
    pub id: String,
    /// The name.
    pub name: String,
    /// The time of its creation, in seconds since 1970.
    pub date_sec: u32,
    /// The fraction of the second, in nanoseconds.
    pub date_nsec: u32,
    /// The time that the guest had run, in nanoseconds.
    pub vm_clock_nsec: u64,
    /// The size of the state of the virtual machine, in bytes.
    pub vm_state_size: u64,
    /// The number of instructions that the guest had executed, if it was recorded.
    pub icount: Option<u64>,
    /// The position of the L1 table, which is not checked.
    pub(super) l1_table: Range<u64>,
    /// The size of the disk in bytes, if it was recorded.
    pub(super) disk_size: Option<u64>,
    /// The bytes of the entry in a table that is written next.
    pub(super) entry: Vec<u8>,
}

/// The properties of a new internal snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewSnapshot {
    /// The name. Only the first 255 bytes are stored.
    pub name: String,
    /// The time of the creation, since 1970.
    pub date: Duration,
    /// The time that the guest had run.
    pub vm_clock: Duration,
    /// The size of the state of the virtual machine in bytes; 0 without a state.
    pub vm_state_size: u64,
    /// The number of instructions that the guest had executed, if it is recorded.
    pub icount: Option<u64>,
}

impl NewSnapshot {
    /// The entry in the table of an image with a disk of `disk_size` bytes.
    pub(super) fn entry(&self, id: &str, l1_table: &Range<u64>, disk_size: u64) -> Vec<u8> {
        let name = cut(&self.name, NAME_MAX);
        let small_state = u32::try_from(self.vm_state_size).unwrap_or(0);
        let vm_clock = u64::try_from(self.vm_clock.as_nanos()).unwrap_or(u64::MAX);
        let extra = [self.vm_state_size, disk_size, self.icount.unwrap_or(NO_ICOUNT)];
        let mut entry = l1_table.start.to_be_bytes().to_vec();
        entry.extend(((l1_table.end - l1_table.start) as u32 / 8).to_be_bytes());
        entry.extend((id.len() as u16).to_be_bytes());
        entry.extend((name.len() as u16).to_be_bytes());
        entry.extend((self.date.as_secs() as u32).to_be_bytes());
        entry.extend(self.date.subsec_nanos().to_be_bytes());
        entry.extend(vm_clock.to_be_bytes());
        entry.extend(small_state.to_be_bytes());
        entry.extend((size_of_val(&extra) as u32).to_be_bytes());
        entry.extend(extra.iter().flat_map(|word| word.to_be_bytes()));
        entry.extend([id.as_bytes(), name.as_bytes()].concat());
        entry
    }
}

/// The beginning of a text, in at most `most` bytes.
fn cut(text: &str, most: usize) -> &str {
    let end = (0..=text.len().min(most)).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

/// The identifier of the next snapshot: one more than the largest number.
pub(super) fn new_id(snapshots: &[Snapshot]) -> String {
    let largest = snapshots.iter().filter_map(|one| one.id.parse::<u64>().ok()).max();
    largest.unwrap_or(0).saturating_add(1).to_string()
}

/// The table with these entries.
///
/// # Errors
/// [`Errno::FBIG`] if the table exceeds a limit of QEMU.
pub(super) fn table(entries: &[&[u8]]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for entry in entries {
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes.extend_from_slice(entry);
    }
    let is_too_large = bytes.len() as u64 > TABLE_MAX || entries.len() as u64 > SNAPSHOTS_MAX;
    if is_too_large { Err(Errno::FBIG.into()) } else { Ok(bytes) }
}

/// The snapshots of an image, with the range of the table in the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshots {
    pub(super) list: Vec<Snapshot>,
    pub(super) table: Range<u64>,
}

impl Snapshots {
    /// Reads the table.
    ///
    /// # Errors
    /// [`Error::InvalidImage`] for a table that exceeds a limit of QEMU; or those of the storage.
    pub(super) fn read(storage: &Storage, header: &Header) -> Result<Self> {
        let table = header.snapshot_table();
        let mut snapshots = Snapshots { list: Vec::new(), table: table.offset..table.offset };
        for number in 0..table.snapshots {
            let start = snapshots.table.end.next_multiple_of(8);
            let (snapshot, end) = read_entry(storage, start, number, header.size())?;
            if end - table.offset > TABLE_MAX {
                return Err(invalid("Snapshot table is too big"));
            }
            snapshots.list.push(snapshot);
            snapshots.table.end = end;
        }
        Ok(snapshots)
    }
}

/// Reads an entry of an image with a disk of `size` bytes. Also returns the offset of its end.
fn read_entry(storage: &Storage, start: u64, number: u32, size: u64) -> Result<(Snapshot, u64)> {
    let mut fixed = [0; ENTRY_LENGTH as usize];
    read(storage, start, &mut fixed)?;
    let fields = Fields(&fixed);
    let extra_length = u64::from(fields.u32(36)?);
    if extra_length > EXTRA_DATA_MAX {
        let text = format!("Too much extra metadata in snapshot table entry {number}");
        return Err(invalid(text));
    }
    let (id_length, name_length) = (u64::from(fields.u16(12)?), u64::from(fields.u16(14)?));
    let mut variable = zeroed((extra_length + id_length + name_length) as usize)?;
    read(storage, start + ENTRY_LENGTH, &mut variable)?;
    let (extra, names) = variable.split_at(extra_length as usize);
    let (id, name) = names.split_at(id_length as usize);
    let unknown = extra.get(EXTRA_LENGTH..).unwrap_or_default();
    let extra = Fields(extra);
    let l1_start = fields.u64(0)?;
    let l1_length = u64::from(fields.u32(8)?) * 8;
    let text = |bytes: &[u8], most| name_in(&bytes[..bytes.len().min(most)]).unwrap_or_default();
    let vm_state_size = extra.u64(0).unwrap_or(fields.u32(32)?.into());
    let disk_size = extra.u64(8).ok();
    let icount = extra.u64(16).unwrap_or(NO_ICOUNT);
    // As in QEMU, entries with less data than there is today are completed.
    let known = [vm_state_size, disk_size.unwrap_or(size), icount].map(u64::to_be_bytes).concat();
    let length = ((known.len() + unknown.len()) as u32).to_be_bytes();
    let entry = [&fixed[..36], length.as_slice(), known.as_slice(), unknown, names].concat();
    let snapshot = Snapshot {
        id: text(id, ID_MAX),
        name: text(name, NAME_MAX),
        date_sec: fields.u32(16)?,
        date_nsec: fields.u32(20)?,
        vm_clock_nsec: fields.u64(24)?,
        vm_state_size,
        icount: Some(icount).filter(|icount| *icount != NO_ICOUNT),
        l1_table: l1_start..l1_start.saturating_add(l1_length),
        disk_size,
        entry,
    };
    Ok((snapshot, start + ENTRY_LENGTH + variable.len() as u64))
}

fn read(storage: &Storage, offset: u64, buffer: &mut [u8]) -> Result<()> {
    let failed = |source| Error::While { what: "Failed to read snapshot table".into(), source };
    storage.read(offset, buffer).map_err(failed)
}
