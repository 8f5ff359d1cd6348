//! A cache of tables, or of parts of tables, with changes that are not in the file yet.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::ops::Range;

use lru::LruCache;

use crate::image::extent::SECTOR_SIZE;
use crate::image::storage::Storage;

/// A cache of pieces of the image file, all of one size. The least recently used piece leaves the
/// cache first.
#[derive(Debug)]
pub(super) struct TableCache {
    pieces: LruCache<u64, Piece>,
    /// The size of a piece in bytes.
    piece_size: u64,
    /// The offsets of the pieces with changes.
    dirty: BTreeSet<u64>,
}

#[derive(Debug)]
struct Piece {
    bytes: Box<[u8]>,
    /// The bytes that differ from the file.
    dirty: Range<usize>,
}

impl TableCache {
    pub(super) fn new(pieces: NonZeroUsize, piece_size: u64) -> Self {
        TableCache { pieces: LruCache::new(pieces), piece_size, dirty: BTreeSet::new() }
    }

    /// The largest number of pieces.
    pub(super) fn capacity(&self) -> NonZeroUsize {
        self.pieces.cap()
    }

    pub(super) fn piece_size(&self) -> u64 {
        self.piece_size
    }

    pub(super) fn is_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    pub(super) fn contains(&self, offset: u64) -> bool {
        self.pieces.contains(&offset)
    }

    pub(super) fn get(&mut self, offset: u64) -> Option<&[u8]> {
        self.pieces.get(&offset).map(|piece| &*piece.bytes)
    }

    /// Whether another piece can be inserted only after [`TableCache::write_dirty`].
    pub(super) fn is_full_of_changes(&self) -> bool {
        let is_full = self.pieces.len() == self.pieces.cap().get();
        let oldest = self.pieces.peek_lru();
        is_full && oldest.is_some_and(|(offset, _)| self.dirty.contains(offset))
    }

    /// Inserts a piece as it is in the file.
    pub(super) fn insert(&mut self, offset: u64, bytes: Box<[u8]>) {
        debug_assert!(!self.is_full_of_changes(), "a change would be lost");
        self.dirty.remove(&offset);
        self.pieces.push(offset, Piece { bytes, dirty: 0..0 });
    }

    /// Changes a piece, if it is in the cache. `change` returns the range of the changed bytes.
    pub(super) fn change(
        &mut self,
        offset: u64,
        change: impl FnOnce(&mut [u8]) -> Range<usize>,
    ) -> bool {
        let Some(piece) = self.pieces.get_mut(&offset) else { return false };
        let changed = change(&mut piece.bytes);
        piece.dirty = match piece.dirty.is_empty() {
            true => changed,
            false => piece.dirty.start.min(changed.start)..piece.dirty.end.max(changed.end),
        };
        self.dirty.insert(offset);
        true
    }

    /// Whether a piece in a range of the file has changes.
    pub(super) fn has_changes(&self, range: Range<u64>) -> bool {
        self.dirty.range(range).next().is_some()
    }

    /// Removes the pieces in a range of the file, which has been freed.
    pub(super) fn remove(&mut self, range: &Range<u64>) {
        let offsets: Vec<u64> = self
            .pieces
            .iter()
            .map(|(offset, _)| *offset)
            .filter(|at| range.contains(at))
            .collect();
        for offset in offsets {
            self.pieces.pop(&offset);
            self.dirty.remove(&offset);
        }
    }

    /// Writes all changes with `write`, in the order of their offsets, in whole units of
    /// `alignment` bytes. Changes that cannot be written stay in the cache.
    pub(super) fn write_dirty<E>(
        &mut self,
        alignment: usize,
        mut write: impl FnMut(u64, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(offset) = self.dirty.first().copied() {
            if let Some(piece) = self.pieces.peek_mut(&offset) {
                let unit = alignment.min(piece.bytes.len());
                let start = piece.dirty.start - piece.dirty.start % unit;
                let end = piece.dirty.end.next_multiple_of(unit);
                write(offset + start as u64, &piece.bytes[start..end])?;
                piece.dirty = 0..0;
            }
            self.dirty.remove(&offset);
        }
        Ok(())
    }
}

/// The unit of writes of metadata in bytes, with which the storage needs no read.
pub(super) fn metadata_alignment(storage: &Storage) -> usize {
    storage.request_alignment().max(SECTOR_SIZE) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> TableCache {
        let mut cache = TableCache::new(NonZeroUsize::new(2).expect("not zero"), 4096);
        cache.insert(0, vec![0; 4096].into());
        cache.insert(8192, vec![0; 4096].into());
        cache
    }

    fn fill(cache: &mut TableCache, offset: u64, range: Range<usize>) -> bool {
        cache.change(offset, |bytes| {
            bytes[range.clone()].fill(1);
            range
        })
    }

    #[test]
    fn changes_are_written_in_aligned_units() {
        let mut cache = cache();
        assert!(fill(&mut cache, 8192, 600..608));
        assert!(fill(&mut cache, 8192, 1500..1508));
        assert!(fill(&mut cache, 0, 8..16));
        assert!(!fill(&mut cache, 4096, 0..8), "it is not there");
        let mut written = Vec::new();
        let done: Result<(), ()> = cache.write_dirty(512, |offset, bytes| {
            written.push((offset, bytes.len()));
            Ok(())
        });
        assert_eq!((done, written), (Ok(()), vec![(0, 512), (8192 + 512, 1024)]));
        assert!(!cache.is_dirty());
    }

    #[test]
    fn a_piece_with_changes_stays_until_they_are_written() {
        let mut cache = cache();
        assert!(!cache.is_full_of_changes());
        fill(&mut cache, 0, 0..8);
        fill(&mut cache, 8192, 0..8);
        assert!(cache.is_full_of_changes());
        assert_eq!(cache.write_dirty(512, |_, _| Err("no space")), Err("no space"));
        assert!(cache.is_full_of_changes());
        cache.write_dirty(512, |_, _| Ok::<(), ()>(())).expect("it can be written");
        cache.insert(4096, vec![0; 4096].into());
        assert!(!cache.contains(0) && cache.contains(8192));
        cache.remove(&(8192..12288));
        assert!(!cache.contains(8192));
    }
}
