//! The table of internal snapshots.
//!
//! Layout: the qcow2 specification (`docs/interop/qcow2.rst` of QEMU), section "Snapshots".

use std::ops::Range;

use super::header::Header;
use super::header::fields::{Fields, invalid, name_in};
use crate::error::{Error, Result};
use crate::image::memory::zeroed;
use crate::image::storage::Storage;

/// The size in bytes of an entry without its variable part.
pub(super) const ENTRY_LENGTH: u64 = 40;
/// QEMU's limit for the extra data of an entry, in bytes.
const EXTRA_DATA_MAX: u64 = 1024;
/// QEMU's limit for the size of the table, in bytes.
const TABLE_MAX: u64 = 64 << 20;
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
            let (snapshot, end) = read_entry(storage, start, number)?;
            if end - table.offset > TABLE_MAX {
                return Err(invalid("Snapshot table is too big"));
            }
            snapshots.list.push(snapshot);
            snapshots.table.end = end;
        }
        Ok(snapshots)
    }
}

/// Reads an entry. Also returns the offset of its end.
fn read_entry(storage: &Storage, start: u64, number: u32) -> Result<(Snapshot, u64)> {
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
    let extra = Fields(extra);
    let l1_start = fields.u64(0)?;
    let l1_length = u64::from(fields.u32(8)?) * 8;
    let text = |bytes: &[u8], most| name_in(&bytes[..bytes.len().min(most)]).unwrap_or_default();
    let snapshot = Snapshot {
        id: text(id, ID_MAX),
        name: text(name, NAME_MAX),
        date_sec: fields.u32(16)?,
        date_nsec: fields.u32(20)?,
        vm_clock_nsec: fields.u64(24)?,
        vm_state_size: extra.u64(0).unwrap_or(fields.u32(32)?.into()),
        icount: extra.u64(16).ok().filter(|icount| *icount != NO_ICOUNT),
        l1_table: l1_start..l1_start.saturating_add(l1_length),
    };
    Ok((snapshot, start + ENTRY_LENGTH + variable.len() as u64))
}

fn read(storage: &Storage, offset: u64, buffer: &mut [u8]) -> Result<()> {
    let failed = |source| Error::While { what: "Failed to read snapshot table".into(), source };
    storage.read(offset, buffer).map_err(failed)
}
