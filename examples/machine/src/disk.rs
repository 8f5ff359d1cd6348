//! The disk: its registers, and the block node that has its contents.

use block::image::permissions::{Access, Permissions};
use block::nodes::{Graph, Root};
use qapi_core::Result;

use crate::ram::ram_range;

/// The size of a sector in bytes.
pub(crate) const SECTOR_SIZE: u64 = 512;

/// The registers that the guest sees, a word each.
///
/// | offset | register |
/// |---|---|
/// | 0 | the number of the sector |
/// | 4 | the address of the data in RAM |
/// | 8 | command, for writing only: 0 reads the sector, 1 writes it, 2 flushes the disk |
/// | 12 | status of the last command, for reading only: 0 for success |
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DiskRegisters {
    pub(crate) sector: u32,
    pub(crate) address: u32,
    pub(crate) status: u32,
}

/// A command to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DiskRequest {
    Read,
    Write,
    Flush,
    /// A number without a meaning.
    Unknown,
}

impl DiskRegisters {
    /// The value of a register.
    pub(crate) fn read(&self, offset: u32) -> Option<u32> {
        match offset {
            0 => Some(self.sector),
            4 => Some(self.address),
            12 => Some(self.status),
            _ => None,
        }
    }

    /// Changes a register. Returns `None` if it cannot be written, or else the command, if it is
    /// one.
    pub(crate) fn write(&mut self, offset: u32, value: u32) -> Option<Option<DiskRequest>> {
        let request = match (offset, value) {
            (8, 0) => DiskRequest::Read,
            (8, 1) => DiskRequest::Write,
            (8, 2) => DiskRequest::Flush,
            (8, _) => DiskRequest::Unknown,
            (0, sector) => {
                self.sector = sector;
                return Some(None);
            }
            (4, address) => {
                self.address = address;
                return Some(None);
            }
            _ => return None,
        };
        Some(Some(request))
    }

    /// Carries out a command, and sets the status. Blocks. Without a disk, every command fails.
    pub(crate) fn carry_out(
        &mut self,
        request: DiskRequest,
        disk: Option<&Root>,
        ram: &mut [u8],
    ) {
        let done = disk.and_then(|disk| self.transfer(request, disk, ram));
        self.status = u32::from(done.is_none());
    }

    /// Returns `None` if the command fails.
    fn transfer(&self, request: DiskRequest, disk: &Root, ram: &mut [u8]) -> Option<()> {
        let data = &mut ram[ram_range(self.address.into(), SECTOR_SIZE)?];
        let offset = u64::from(self.sector) * SECTOR_SIZE;
        let result = match request {
            DiskRequest::Read => disk.read(offset, data),
            DiskRequest::Write => disk.write(offset, data),
            DiskRequest::Flush => disk.flush(),
            DiskRequest::Unknown => return None,
        };
        let failed = |error: &_| tracing::warn!(%error, sector = self.sector, "the disk fails");
        result.inspect_err(failed).ok()
    }
}

/// Attaches the disk to a block node. As with a disk of QEMU, others may read the node, and not
/// write to it.
///
/// # Errors
/// There is no such node, or others use it in a way that a guest does not permit.
pub(crate) fn attach(graph: &Graph, node_name: &str) -> Result<Root> {
    let unknown = || block::error::Error::NodeNotFound(node_name.to_owned());
    let node = graph.get(node_name).ok_or_else(unknown)?;
    let mut takes = Permissions::CONSISTENT_READ;
    takes.set(Permissions::WRITE, !node.is_read_only());
    let access = Access { takes, shares: Permissions::all() - Permissions::WRITE };
    Ok(graph.attach_root("disk", node, access)?)
}
