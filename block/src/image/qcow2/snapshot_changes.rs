//! Internal snapshots: their creation and deletion, the return to one, and the state of a virtual
//! machine, which is stored behind the end of the disk.
//!
//! A change of the snapshots takes effect with one write: the image has the whole snapshot or
//! nothing of it. See [`Edit`].

use std::cell::Cell;
use std::io;
use std::ops::Range;

use rustix::io::Errno;

use super::clusters::{Edit, Room};
use super::header::fields::check_table;
use super::header::{Header, TablePointers};
use super::snapshots::{self, NewSnapshot, Snapshot, Snapshots};
use super::{Metadata, Opened, Qcow2Image, open_clusters};
use crate::error::{Error, Result};
use crate::image::extent::not_permitted;
use crate::image::permissions::AccessMode;

impl Qcow2Image {
    /// Creates a snapshot of the present contents. Waits for the requests in flight and blocks
    /// others.
    ///
    /// The state of a virtual machine that has been written is in the snapshot only, from then on.
    ///
    /// # Errors
    /// [`Errno::NOTSUP`] for an image with an external data file; [`Errno::INVAL`] if the reference
    /// counts are too narrow; [`Errno::FBIG`] for too many snapshots; those of the storage. There
    /// is no snapshot then.
    pub(crate) fn create_snapshot(&self, new: &NewSnapshot) -> Result<Snapshot> {
        let mut opened = self.exclusive()?;
        let created = self.edit(&mut opened, |change| {
            let id = snapshots::new_id(&change.snapshots.list);
            let l1 = change.header.table_pointers().l1_table.clone();
            let entry = new.entry(&id, &l1, change.header.size());
            let mut entries = change.entries();
            entries.push(&entry);
            let table = snapshots::table(&entries)?;
            let mut edit = change.begin(&l1, &table)?;
            edit.activate_copy(l1)?;
            edit.set_snapshots(&table, entries.len() as u32)?;
            change.commit(&mut edit)?;
            Ok(id)
        });
        let id = created?;
        if new.vm_state_size != 0 {
            opened.writable_engine()?.discard_vm_state()?;
        }
        let created = self.snapshots().iter().find(|one| one.id == id).cloned();
        created.ok_or_else(|| io::Error::from(Errno::IO).into())
    }

    /// Deletes the snapshot with an identifier. Waits for the requests in flight and blocks others.
    ///
    /// # Errors
    /// [`Errno::NOENT`] if there is no such snapshot; those of the storage. The snapshot is still
    /// there then.
    pub(crate) fn delete_snapshot(&self, id: &str) -> Result<()> {
        let mut opened = self.exclusive()?;
        self.edit(&mut opened, |change| {
            let snapshot = change.find(id)?;
            check_l1_table(&change.header, &snapshot.l1_table)?;
            let others = change.snapshots.list.iter().filter(|one| one.id != id);
            let entries: Vec<&[u8]> = others.map(|one| one.entry.as_slice()).collect();
            let table = snapshots::table(&entries)?;
            let mut edit = change.begin(&snapshot.l1_table, &table)?;
            let freeing = |source| {
                let what = "Failed to free the cluster and L1 table".to_owned();
                Error::While { what, source }
            };
            edit.release_tree(snapshot.l1_table.clone()).map_err(freeing)?;
            edit.update_flags()?;
            edit.set_snapshots(&table, entries.len() as u32)?;
            change.commit(&mut edit)?;
            change.discard_released(&mut edit, &snapshot.l1_table);
            Ok(())
        })
    }

    /// Gives the disk the contents and the size that it had at the creation of a snapshot. The
    /// present contents are lost. Waits for the requests in flight and blocks others.
    ///
    /// The state of the virtual machine of the snapshot can be read afterwards.
    ///
    /// # Errors
    /// As for [`Qcow2Image::delete_snapshot`]. The contents are unchanged then.
    pub(crate) fn revert_to_snapshot(&self, id: &str) -> Result<()> {
        let mut opened = self.exclusive()?;
        self.edit(&mut opened, |change| {
            let snapshot = change.find(id)?;
            let entries = change.entries();
            let table = snapshots::table(&entries)?;
            let mut edit = change.begin(&snapshot.l1_table, &table)?;
            let former = edit.l1_table();
            edit.release_tree(former.clone())?;
            edit.activate_copy(snapshot.l1_table.clone())?;
            edit.set_size(snapshot.disk_size.unwrap_or(change.header.size()));
            change.commit(&mut edit)?;
            change.discard_released(&mut edit, &former);
            Ok(())
        })?;
        self.dirty_bitmaps().resize(opened.engine()?.size());
        Ok(())
    }

    /// Runs a change of the snapshots while the image is not in use.
    fn edit<T>(
        &self,
        opened: &mut Opened,
        work: impl FnOnce(&SnapshotChange<'_>) -> Result<T>,
    ) -> Result<T> {
        let engine = opened.writable_engine()?;
        if engine.is_corrupt() {
            return Err(io::Error::from(Errno::IO).into());
        }
        self.mark_written();
        self.flush_opened(opened)?;
        // QEMU has the tables in memory, so that its errors have no text about reads.
        let without_step = |error: Error| Error::from(error.into_io());
        let header = Header::read(&self.storage, AccessMode::ReadWrite).map_err(without_step)?;
        if header.has_data_file() {
            return Err(io::Error::from(Errno::NOTSUP).into());
        }
        let snapshots = Snapshots::read(&self.storage, &header).map_err(without_step)?;
        let no_flush = opened.mode.no_flush;
        let is_committed = Cell::new(false);
        let discards = opened.mode.discard_policy.pass_snapshot;
        let change =
            SnapshotChange { image: self, header, snapshots, no_flush, is_committed, discards };
        let done = work(&change);
        if !change.is_committed.get() {
            // Only clusters without references have been written.
            return done;
        }
        // Tables in memory are out of date after a change, and after a failed write to the header.
        opened.engine = None;
        let reloaded = self.reload(opened);
        opened.is_lost = reloaded.is_err();
        // The same failure of the storage can cause both errors. The first one says what failed.
        let done = done?;
        reloaded.map(|()| done)
    }

    /// Reads the header and the tables of the image.
    fn reload(&self, opened: &mut Opened) -> Result<()> {
        let header = Header::read(&self.storage, AccessMode::ReadWrite)?;
        let engine = open_clusters(&self.storage, &header, &opened.mode)?;
        *self.metadata.lock() = Metadata::read(&self.storage, header)?;
        opened.engine = Some(engine);
        Ok(())
    }

    /// Writes a part of the state of a virtual machine, from an offset in the state on. A snapshot
    /// that is created next contains it.
    ///
    /// # Errors
    /// The image is read-only; the state does not fit behind the disk; those of the storage.
    pub(crate) fn write_vm_state(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        // The L1 table may grow, so that other requests wait.
        self.exclusive()?.writable_engine()?.write_vm_state(offset, data)
    }

    /// Reads a part of the state of a virtual machine. Bytes behind the state are zeroes.
    ///
    /// # Errors
    /// Those of the storage.
    pub(crate) fn read_vm_state(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.shared()?.engine()?.read_vm_state(offset, buffer)
    }

    /// Deletes the state of a virtual machine that no snapshot contains yet.
    ///
    /// # Errors
    /// As for [`Qcow2Image::write_vm_state`].
    pub(crate) fn discard_vm_state(&self) -> io::Result<()> {
        self.exclusive()?.writable_engine()?.discard_vm_state()
    }

    /// Whether the image can have snapshots now.
    pub(crate) fn can_snapshot(&self) -> bool {
        self.shared().is_ok_and(|opened| opened.writable_engine().is_ok())
    }
}

/// Checks the position of the L1 table of a snapshot.
fn check_l1_table(header: &Header, l1: &Range<u64>) -> Result<()> {
    let length = l1.end.saturating_sub(l1.start);
    let longest = TablePointers::L1_MAX;
    check_table("Snapshot L1 table", l1.start, length, longest, header.cluster_size()).map(drop)
}

/// The state of an image before a change of its snapshots.
struct SnapshotChange<'a> {
    image: &'a Qcow2Image,
    header: Header,
    snapshots: Snapshots,
    no_flush: bool,
    /// Whether the header may have been written.
    is_committed: Cell<bool>,
    /// Whether the space of freed clusters is freed below.
    discards: bool,
}

impl SnapshotChange<'_> {
    /// Makes a change the contents of the image.
    fn commit(&self, edit: &mut Edit) -> io::Result<()> {
        self.is_committed.set(true);
        edit.commit()
    }

    fn entries(&self) -> Vec<&[u8]> {
        self.snapshots.list.iter().map(|one| one.entry.as_slice()).collect()
    }

    fn find(&self, id: &str) -> Result<&Snapshot> {
        let found = self.snapshots.list.iter().find(|one| one.id == id);
        found.ok_or_else(|| io::Error::from(Errno::NOENT).into())
    }

    /// Frees the space of the clusters that the change has freed. The change is made, so that an
    /// error does not undo it.
    fn discard_released(&self, edit: &mut Edit, l1: &Range<u64>) {
        if self.discards
            && let Err(error) = edit.discard_released_tree(l1)
        {
            tracing::warn!(%error, "freed clusters cannot be discarded");
        }
    }

    /// Begins the change, which copies at most the L1 table of the image or `l1`, and writes a
    /// table of snapshots.
    fn begin(&self, l1: &Range<u64>, table: &[u8]) -> Result<Edit> {
        let active = &self.header.table_pointers().l1_table;
        let room = Room {
            l1_entries: (l1.end - l1.start).max(active.end - active.start) / 8,
            snapshot_table: table.len() as u64,
        };
        if room.l1_entries * 8 > TablePointers::L1_MAX {
            return Err(not_permitted().into());
        }
        let storage = &self.image.storage;
        Edit::begin(storage, &self.header, self.snapshots.table.clone(), room, self.no_flush)
    }
}
