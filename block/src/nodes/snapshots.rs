//! Internal snapshots of nodes, and the state of a virtual machine that they contain.
//!
//! A machine is saved in these steps, while nothing writes to its disks: write its state with
//! [`Node::write_vm_state`] to one disk; [create a snapshot](Node::create_snapshot) of that disk
//! with the size of the state; create snapshots of the other disks with a size of 0. To load it,
//! [go back](Node::revert_to_snapshot) to the snapshots, and read the state with
//! [`Node::read_vm_state`].
//!
//! All methods block. A raw node, or a filter, passes them on to the image below.

use std::io;
use std::sync::Arc;

use rustix::io::Errno;

use super::driver::Driver;
use super::node::Node;
use crate::error::{Error, Result};
use crate::image::qcow2::Qcow2Image;
use crate::image::qcow2::snapshots::{NewSnapshot, Snapshot};

impl Node {
    /// Whether the node is writable and its format has internal snapshots.
    pub fn can_snapshot(&self) -> bool {
        let is_writable = !self.is_read_only() && self.is_active();
        is_writable
            && match self.below_with_snapshots() {
                Some(below) => below.can_snapshot(),
                None => self.qcow2_image().is_some_and(Qcow2Image::can_snapshot),
            }
    }

    /// The internal snapshots, the oldest first.
    ///
    /// # Errors
    /// [`Error::While`] if the format has none.
    pub fn internal_snapshots(&self) -> Result<Arc<[Snapshot]>> {
        let listed = self.with_snapshots(|image| match image.header().has_data_file() {
            true => Err(not_supported()),
            false => Ok(image.snapshots()),
        });
        listed.map_err(|error| error.during("Failed to get a snapshot list"))
    }

    /// The first internal snapshot with an identifier and a name. Without one of them, the other
    /// suffices.
    ///
    /// # Errors
    /// As for [`Node::internal_snapshots`].
    pub fn find_snapshot(
        &self,
        id: Option<&str>,
        name: Option<&str>,
    ) -> Result<Option<Snapshot>> {
        let is_match = |one: &&Snapshot| {
            id.is_none_or(|id| one.id == id) && name.is_none_or(|name| one.name == name)
        };
        Ok(self.internal_snapshots()?.iter().find(is_match).cloned())
    }

    /// Creates an internal snapshot of the present contents: either the whole snapshot or none,
    /// also if the process dies meanwhile. Requests wait.
    ///
    /// A state of a virtual machine that has been written belongs to the snapshot from then on, and
    /// can be read only after the return to the snapshot.
    ///
    /// # Errors
    /// [`Error::Io`] if the node is read-only, its format has no snapshots, the image has no room
    /// for a snapshot, or the storage fails.
    pub fn create_snapshot(&self, new: &NewSnapshot) -> Result<Snapshot> {
        self.with_snapshots(|image| image.create_snapshot(new))
    }

    /// Deletes an internal snapshot: wholly or not at all, also if the process dies meanwhile.
    /// Requests wait.
    ///
    /// # Errors
    /// [`Error::While`] if there is no such snapshot, the node is read-only, or the storage fails.
    pub fn delete_snapshot(&self, id: &str) -> Result<()> {
        let deleted = self.with_snapshots(|image| image.delete_snapshot(id));
        deleted.map_err(|error| error.during("Failed to remove snapshot from snapshot list"))
    }

    /// Gives the node the contents and the size that it had at the creation of an internal
    /// snapshot. Its present contents are lost, wholly or not at all. Requests wait.
    ///
    /// Watchers of the node do not see the change.
    ///
    /// # Errors
    /// [`Error::Io`] if there is no such snapshot, the node is read-only, or the storage fails.
    pub fn revert_to_snapshot(&self, id: &str) -> Result<()> {
        self.with_snapshots(|image| image.revert_to_snapshot(id))?;
        self.resize_bitmaps()
    }

    /// Writes a part of the state of a virtual machine, from an offset in bytes on. The state is
    /// stored behind the end of the disk; the size of the disk does not change. It belongs to the
    /// next snapshot, see [`Node::create_snapshot`].
    ///
    /// # Errors
    /// [`Error::Io`] if the node is read-only, its format cannot store the state, the state is too
    /// large, or the storage fails.
    pub fn write_vm_state(&self, offset: u64, data: &[u8]) -> Result<()> {
        self.with_snapshots(|image| Ok(image.write_vm_state(offset, data)?))
    }

    /// Reads a part of the state of a virtual machine, after the return to a snapshot with a state
    /// or after writing it. Bytes behind the state are zeroes.
    ///
    /// # Errors
    /// [`Error::Io`] if the format cannot store a state, or the storage fails.
    pub fn read_vm_state(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.with_snapshots(|image| Ok(image.read_vm_state(offset, buffer)?))
    }

    /// Deletes the state of a virtual machine that has been written, or that a return to a
    /// snapshot has brought back. Snapshots keep theirs.
    ///
    /// # Errors
    /// As for [`Node::write_vm_state`].
    pub fn discard_vm_state(&self) -> Result<()> {
        self.with_snapshots(|image| Ok(image.discard_vm_state()?))
    }

    /// The child with the snapshots of this node, if the node has none of its own.
    fn below_with_snapshots(&self) -> Option<Arc<Node>> {
        match self.driver() {
            Driver::Raw if self.range().is_default() => self.file(),
            Driver::Blkdebug | Driver::Filter(_) => self.file(),
            Driver::MirrorTop
            | Driver::CopyOnRead
            | Driver::CommitTop
            | Driver::CopyBeforeWrite => self.backing(),
            Driver::Raw
            | Driver::Qcow2
            | Driver::File
            | Driver::HostCdrom
            | Driver::HostDevice
            | Driver::NullCo => None,
        }
    }

    /// Runs `work` with the image that has the snapshots of this node.
    pub(super) fn with_snapshots<T>(
        &self,
        work: impl FnOnce(&Qcow2Image) -> Result<T>,
    ) -> Result<T> {
        let mut below = self.below_with_snapshots();
        while let Some(next) = below.as_ref().and_then(|node| node.below_with_snapshots()) {
            below = Some(next);
        }
        match below.as_deref().unwrap_or(self).qcow2_image() {
            Some(image) => work(image),
            None => Err(not_supported()),
        }
    }
}

fn not_supported() -> Error {
    io::Error::from(Errno::NOTSUP).into()
}
