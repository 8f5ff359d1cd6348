//! The L1 table and the L2 tables. All changes are written at once.

use std::io;
use std::num::NonZeroUsize;

use lru::LruCache;
use nix::errno::Errno;
use parking_lot::Mutex;

use super::refcounts::Refcounts;
use crate::image::qcow2::format::entry::{COPIED, Entry, OFFSET_MASK};
use crate::image::qcow2::format::geometry::Geometry;
use crate::image::qcow2::header::Header;
use crate::image::storage::Storage;

/// The size of the cache of L2 tables in bytes. It holds at least [`MIN_TABLES`] tables.
const MEMORY_MAX: u64 = 4 << 20;
/// The smallest number of L2 tables in the cache.
const MIN_TABLES: NonZeroUsize = NonZeroUsize::new(2).expect("it is not zero");
/// The offset of the fields with the length and the position of the L1 table.
const L1_FIELDS: u64 = 36;

/// The L1 table, and a cache of L2 tables.
#[derive(Debug)]
pub(super) struct Tables {
    storage: Storage,
    geometry: Geometry,
    l1_offset: u64,
    l1: Vec<u64>,
    cache: Mutex<LruCache<u64, Vec<u8>>>,
    /// `None` for a read-only image.
    counts: Option<Refcounts>,
}

impl Tables {
    pub(super) fn load(
        storage: &Storage,
        header: &Header,
        geometry: Geometry,
        writable: bool,
    ) -> io::Result<Self> {
        let pointers = header.table_pointers();
        let range = &pointers.l1_table;
        let mut bytes = vec![0; (range.end - range.start) as usize];
        storage.read(range.start, &mut bytes)?;
        let entries = bytes.chunks_exact(8);
        let counts =
            writable.then(|| Refcounts::load(storage, geometry, pointers)).transpose()?;
        Ok(Tables {
            storage: storage.clone(),
            geometry,
            l1_offset: range.start,
            l1: entries.map(|entry| entry.try_into().map_or(0, u64::from_be_bytes)).collect(),
            cache: Mutex::new(LruCache::new(cached_tables(geometry))),
            counts,
        })
    }

    pub(super) fn counts(&mut self) -> io::Result<&mut Refcounts> {
        self.counts.as_mut().ok_or_else(|| Errno::EPERM.into())
    }

    /// The entries of at most `most` clusters from an offset on, up to the end of their L2 table.
    /// Without a table, all of them are unallocated.
    pub(super) fn entries(&self, offset: u64, most: u64) -> io::Result<Vec<Entry>> {
        let geometry = &self.geometry;
        let index = geometry.l2_index(offset);
        let length = most.min(geometry.entries() - index);
        let Some(table) = self.l2_offset(offset)? else {
            return Ok(vec![Entry::default(); length as usize]);
        };
        let mut cache = self.cache.lock();
        let bytes = self.table(&mut cache, table)?;
        let size = geometry.entry_size() as usize;
        let range = index as usize * size..(index + length) as usize * size;
        Ok(bytes[range].chunks_exact(size).map(|entry| Entry::parse(geometry, entry)).collect())
    }

    /// Changes adjacent entries of one L2 table. Allocates the table if necessary.
    pub(super) fn set_entries(&mut self, offset: u64, entries: &[Entry]) -> io::Result<()> {
        let table = self.writable_table(offset)?;
        let at = (self.geometry.l2_index(offset) * self.geometry.entry_size()) as usize;
        let mut bytes = Vec::with_capacity(entries.len() * 16);
        for entry in entries {
            entry.push(&self.geometry, &mut bytes);
        }
        let mut cache = self.cache.lock();
        let written = self.storage.write(table + at as u64, &bytes);
        if written.is_err() {
            // The contents of the file are unknown now.
            cache.pop(&table);
        } else if let Some(known) = cache.get_mut(&table) {
            known[at..at + bytes.len()].copy_from_slice(&bytes);
        }
        written
    }

    /// Grows the L1 table for an image of this size.
    pub(super) fn grow(&mut self, size: u64) -> io::Result<()> {
        let bytes_per_l2 = self.geometry.entries() << self.geometry.cluster_bits;
        let wanted = size.div_ceil(bytes_per_l2);
        let old = (self.l1_offset, self.l1.len() as u64 * 8);
        if wanted * 8 <= old.1 {
            return Ok(());
        }
        if wanted * 8 > crate::image::qcow2::header::TablePointers::L1_MAX {
            return Err(Errno::EFBIG.into());
        }
        let clusters = (wanted * 8).div_ceil(self.geometry.cluster_size());
        let offset = self.counts()?.allocate_all(clusters)?;
        let mut l1 = self.l1.clone();
        l1.resize(wanted as usize, 0);
        let mut bytes: Vec<u8> = l1.iter().flat_map(|entry| entry.to_be_bytes()).collect();
        bytes.resize((clusters << self.geometry.cluster_bits) as usize, 0);
        self.storage.write(offset, &bytes)?;
        let mut fields = (wanted as u32).to_be_bytes().to_vec();
        fields.extend_from_slice(&offset.to_be_bytes());
        self.storage.write(L1_FIELDS, &fields)?;
        (self.l1_offset, self.l1) = (offset, l1);
        if old.1 > 0 { self.counts()?.release(old.0, old.1) } else { Ok(()) }
    }

    /// The offset of the L2 table for an offset in the image.
    fn l2_offset(&self, offset: u64) -> io::Result<Option<u64>> {
        let entry = self.l1.get(self.geometry.l1_index(offset) as usize).copied().unwrap_or(0);
        match entry & OFFSET_MASK {
            0 => Ok(None),
            table if table.is_multiple_of(self.geometry.cluster_size()) => Ok(Some(table)),
            _unaligned => Err(Errno::EIO.into()),
        }
    }

    fn table<'a>(
        &self,
        cache: &'a mut LruCache<u64, Vec<u8>>,
        offset: u64,
    ) -> io::Result<&'a mut Vec<u8>> {
        cache.try_get_or_insert_mut(offset, || {
            let mut bytes = vec![0; self.geometry.cluster_size() as usize];
            self.storage.read(offset, &mut bytes)?;
            Ok(bytes)
        })
    }

    /// The offset of the L2 table for an offset in the image. Allocates a table, or copies one that
    /// has other references.
    fn writable_table(&mut self, offset: u64) -> io::Result<u64> {
        let index = self.geometry.l1_index(offset);
        let entry = self.l1.get(index as usize).copied().ok_or(Errno::EIO)?;
        let shared = self.l2_offset(offset)?;
        if let Some(table) = shared.filter(|_| entry & COPIED != 0) {
            return Ok(table);
        }
        let bytes = match shared {
            None => vec![0; self.geometry.cluster_size() as usize],
            Some(table) => self.table(&mut self.cache.lock(), table)?.clone(),
        };
        let (table, _) = self.counts()?.allocate(1)?;
        self.storage.write(table, &bytes)?;
        let entry = table | COPIED;
        self.storage.write(self.l1_offset + index * 8, &entry.to_be_bytes())?;
        self.l1[index as usize] = entry;
        self.cache.lock().put(table, bytes);
        match shared {
            None => Ok(table),
            Some(shared) => {
                self.counts()?.release(shared, 1)?;
                Ok(table)
            }
        }
    }
}

/// The number of L2 tables in the cache: at least two, as one write may touch two of them.
fn cached_tables(geometry: Geometry) -> NonZeroUsize {
    let tables = MEMORY_MAX / geometry.cluster_size();
    NonZeroUsize::new(tables as usize).map_or(MIN_TABLES, |tables| tables.max(MIN_TABLES))
}
