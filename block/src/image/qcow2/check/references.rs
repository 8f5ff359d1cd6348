//! All references to clusters in an image.

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::Errno;

use crate::error::{Error, Result};
use crate::image::memory::zeroed;
use crate::image::qcow2::bitmaps::directory;
use crate::image::qcow2::bitmaps::table::{self, BitmapCluster};
use crate::image::qcow2::format::entry::{Entry, OFFSET_MASK};
use crate::image::qcow2::format::geometry::Geometry;
use crate::image::qcow2::header::extensions::BitmapsExtension;
use crate::image::qcow2::header::{Header, TablePointers};
use crate::image::qcow2::snapshots::Snapshots;
use crate::image::storage::Storage;

/// The size of the part of a table that is read at once, in bytes.
const CHUNK: u64 = 64 << 10;
/// The bits of a refcount table entry that contain the offset of a block.
const BLOCK_OFFSET_MASK: u64 = !0x1ff;

/// What is found in an image.
pub(super) enum Found {
    /// A reference to each cluster that a range touches.
    Reference(Range<u64>),
    /// An entry that refers to nothing valid.
    Corruption,
    /// A structure that cannot be read.
    Unreadable,
}

/// An image whose references are read.
pub(super) struct Image<'a> {
    pub(super) storage: &'a Storage,
    pub(super) header: &'a Header,
    pub(super) geometry: Geometry,
    pub(super) cancelled: &'a AtomicBool,
}

impl Image<'_> {
    /// Calls `found` for all references, except those to the refcount structure.
    pub(super) fn data_references(&self, found: &mut dyn FnMut(Found)) -> Result<()> {
        found(Found::Reference(0..self.geometry.cluster_size()));
        self.l1_references(self.header.table_pointers().l1_table.clone(), found)?;
        let snapshots = Snapshots::read(self.storage, self.header)?;
        for snapshot in snapshots.list {
            let table = snapshot.l1_table;
            let is_valid = table.start.is_multiple_of(self.geometry.cluster_size())
                && table.end - table.start <= TablePointers::L1_MAX
                && i64::try_from(table.end).is_ok();
            if is_valid {
                self.l1_references(table, found)?;
            } else {
                found(Found::Corruption);
            }
        }
        found(Found::Reference(snapshots.table));
        self.bitmap_references(found)
    }

    /// Calls `found` for all references to the refcount structure.
    pub(super) fn refcount_references(&self, found: &mut dyn FnMut(Found)) -> Result<()> {
        let table = self.header.table_pointers().refcount_table.clone();
        let size = self.geometry.cluster_size();
        self.for_each_word(table.clone(), |_, word| {
            match word & BLOCK_OFFSET_MASK {
                0 => {}
                block if block.is_multiple_of(size) => {
                    found(Found::Reference(block..block.saturating_add(size)));
                }
                _unaligned => found(Found::Corruption),
            }
            Ok(())
        })?;
        found(Found::Reference(table));
        Ok(())
    }

    fn l1_references(&self, table: Range<u64>, found: &mut dyn FnMut(Found)) -> Result<()> {
        let size = self.geometry.cluster_size();
        self.for_each_l2_table(table.clone(), |_, _, l2_table| {
            if !l2_table.is_multiple_of(size) {
                found(Found::Corruption);
                return Ok(());
            }
            found(Found::Reference(l2_table..l2_table + size));
            self.for_each_entry(l2_table, |_, entry| {
                self.entry_references(entry, found);
                Ok(())
            })
        })?;
        found(Found::Reference(table));
        Ok(())
    }

    fn entry_references(&self, entry: Entry, found: &mut dyn FnMut(Found)) {
        if entry.fault(&self.geometry).is_some() {
            found(Found::Corruption);
        } else if let Some(place) = entry.as_compressed(&self.geometry) {
            found(Found::Reference(place.offset..place.offset + place.length));
        } else if let Some(host) = entry.host(&self.geometry)
            && !self.geometry.data_file
        {
            found(Found::Reference(host..host + self.geometry.cluster_size()));
        }
    }

    fn bitmap_references(&self, found: &mut dyn FnMut(Found)) -> Result<()> {
        let BitmapsExtension::Present(place) = self.header.bitmaps() else { return Ok(()) };
        let size = self.geometry.cluster_size();
        found(Found::Reference(place.range.clone()));
        let Ok(entries) = directory::read(self.storage, place, size, self.header.size()) else {
            found(Found::Unreadable);
            return Ok(());
        };
        for entry in entries {
            self.check_cancelled()?;
            let start = entry.table_offset;
            found(Found::Reference(start..start + u64::from(entry.table_entries) * 8));
            let read = table::for_each_cluster(self.storage, &entry, size, |_, cluster| {
                if let BitmapCluster::Data(offset) = cluster {
                    found(Found::Reference(offset..offset + size));
                }
                Ok(())
            });
            if read.is_err() {
                found(Found::Unreadable);
            }
        }
        Ok(())
    }

    /// Calls `work` for each L2 table of an L1 table, with the offset of the L1 entry, the entry,
    /// and the offset of the L2 table.
    pub(super) fn for_each_l2_table(
        &self,
        table: Range<u64>,
        mut work: impl FnMut(u64, u64, u64) -> Result<()>,
    ) -> Result<()> {
        self.for_each_word(table, |at, word| match word & OFFSET_MASK {
            0 => Ok(()),
            l2_table => work(at, word, l2_table),
        })
    }

    /// Calls `work` for each entry of an L2 table, with the offset of the entry.
    pub(super) fn for_each_entry(
        &self,
        table: u64,
        mut work: impl FnMut(u64, Entry) -> Result<()>,
    ) -> Result<()> {
        self.check_cancelled()?;
        let mut bytes = zeroed(self.geometry.cluster_size() as usize)?;
        self.storage.read(table, &mut bytes)?;
        let size = self.geometry.entry_size();
        for (entry, at) in bytes.chunks_exact(size as usize).zip((table..).step_by(size as usize))
        {
            work(at, Entry::parse(&self.geometry, entry))?;
        }
        Ok(())
    }

    /// Calls `work` for each word of a table, with the offset of the word.
    fn for_each_word(
        &self,
        table: Range<u64>,
        mut work: impl FnMut(u64, u64) -> Result<()>,
    ) -> Result<()> {
        let mut start = table.start;
        while start < table.end {
            self.check_cancelled()?;
            let mut bytes = zeroed(CHUNK.min(table.end - start) as usize)?;
            self.storage.read(start, &mut bytes)?;
            for (word, at) in bytes.chunks_exact(8).zip((start..).step_by(8)) {
                work(at, word.try_into().map_or(0, u64::from_be_bytes))?;
            }
            start += bytes.len() as u64;
        }
        Ok(())
    }

    pub(super) fn check_cancelled(&self) -> Result<()> {
        match self.cancelled.load(Ordering::Relaxed) {
            true => Err(Error::Io(io::Error::from(Errno::CANCELED))),
            false => Ok(()),
        }
    }

    /// The offset of the refcount block with this number; 0 if there is none.
    pub(super) fn refcount_block(&self, number: u64) -> Result<u64> {
        let table = &self.header.table_pointers().refcount_table;
        let at = table.start + number * 8;
        if at >= table.end {
            return Ok(0);
        }
        let mut word = [0; 8];
        self.storage.read(at, &mut word)?;
        let block = u64::from_be_bytes(word) & BLOCK_OFFSET_MASK;
        Ok(if block.is_multiple_of(self.geometry.cluster_size()) { block } else { 0 })
    }
}
