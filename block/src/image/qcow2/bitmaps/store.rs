//! Writing bitmaps to an image, and removing them from it.
//!
//! New tables and a new directory are written first. The header then refers to the new directory,
//! in one write, and the clusters of the old one are freed. A crash leaves the image with either
//! directory, and at worst with lost clusters.

use std::io;
use std::ops::Range;

use super::directory::{self, AUTO, DirectoryEntry};
use super::table::{self, BitmapCluster, Digest, ReadBudget, Table};
use super::{Bitmaps, Clusters};
use crate::error::Result;
use crate::image::dirty_bitmaps::DirtyBitmaps;
use crate::image::dirty_bitmaps::bitmap::StoredBitmap;
use crate::image::memory::zeroed;
use crate::image::qcow2::header::Header;
use crate::image::qcow2::header::extensions::BitmapDirectory;
use crate::image::storage::Storage;

/// The image that bitmaps are stored in.
pub(in crate::image::qcow2) struct Target<'a> {
    storage: &'a Storage,
    clusters: &'a Clusters,
    /// Flushes the image. Called between steps whose order matters.
    barrier: &'a dyn Fn() -> io::Result<()>,
}

impl<'a> Target<'a> {
    pub(in crate::image::qcow2) fn new(
        storage: &'a Storage,
        clusters: &'a Clusters,
        barrier: &'a dyn Fn() -> io::Result<()>,
    ) -> Self {
        Target { storage, clusters, barrier }
    }
}

impl Target<'_> {
    /// Writes the bits of a bitmap to new clusters.
    fn write_bits(&self, bitmap: &StoredBitmap, cluster_size: u64) -> io::Result<Table> {
        let entries = table::table_entries(bitmap.length, cluster_size);
        let mut words = Vec::with_capacity(entries as usize * 8);
        let mut bytes = zeroed(cluster_size as usize)?;
        let mut digest = Digest::default();
        for number in 0..entries {
            bitmap.bits.copy_to(number * cluster_size, &mut bytes);
            let is_zero = bytes.iter().all(|byte| *byte == 0);
            let offset = if is_zero { 0 } else { self.clusters.allocate_metadata(1)? };
            digest.add(&offset.to_be_bytes());
            if !is_zero {
                self.clusters.write_metadata(offset, &bytes)?;
                digest.add(&bytes);
            }
            words.extend_from_slice(&offset.to_be_bytes());
        }
        words.resize(words.len().next_multiple_of(cluster_size as usize), 0);
        let offset = self.clusters.allocate_metadata(words.len() as u64 / cluster_size)?;
        self.clusters.write_metadata(offset, &words)?;
        Ok(Table { offset, entries: entries as u32, digest })
    }

    /// Frees the clusters of a bitmap to which no directory refers any more. After an error, the
    /// rest of them stay allocated.
    fn release(&self, entry: &DirectoryEntry) {
        if let Err(error) = self.try_release(entry) {
            tracing::warn!(%error, bitmap = entry.name(), "clusters of a bitmap are leaked");
        }
    }

    /// As [`Target::release`].
    ///
    /// # Errors
    /// The clusters are not those that were loaded, so that something else is there too; or those
    /// of the storage.
    fn try_release(&self, entry: &DirectoryEntry) -> io::Result<()> {
        let cluster_size = self.clusters.cluster_size();
        let bits = u64::from(entry.table_entries) * cluster_size * 8;
        if let Some(digest) = entry.digest {
            let mut budget = ReadBudget::new(self.storage)?;
            let shape = (cluster_size, bits);
            let found = table::read(self.storage, entry, shape, &mut budget, &mut |_| Ok(()));
            if found.map_err(io::Error::other)? != digest {
                return Err(io::Error::other("The bitmap was overwritten"));
            }
        }
        table::for_each_cluster(self.storage, entry, cluster_size, |_, cluster| match cluster {
            BitmapCluster::Data(offset) => self.clusters.release_metadata(offset, cluster_size),
            BitmapCluster::Zeroes | BitmapCluster::Ones => Ok(()),
        })?;
        let length = u64::from(entry.table_entries) * 8;
        self.clusters.release_metadata(entry.table_offset, length)
    }
}

impl Bitmaps {
    /// Writes the persistent bitmaps of a node to the image, and marks all consistent ones as not
    /// in use. Returns whether there is another directory.
    ///
    /// As in QEMU, bitmaps without new bits are written too if the image was `written`: in a
    /// damaged image, writes may have replaced their clusters. Otherwise, only new and changed
    /// bitmaps are written.
    ///
    /// # Errors
    /// Those of the storage. The bitmaps then stay marked as in use.
    pub(in crate::image::qcow2) fn store(
        &mut self,
        target: &Target<'_>,
        known: &DirtyBitmaps,
        written: bool,
    ) -> Result<bool> {
        let (mut next, mut replaced, mut is_new) = (self.entries.clone(), Vec::new(), false);
        for bitmap in known.to_store() {
            let position = next.iter().position(|entry| entry.name() == bitmap.name);
            let position = position.unwrap_or_else(|| {
                next.push(DirectoryEntry::new(bitmap.name.clone(), bitmap.granularity));
                next.len() - 1
            });
            let (former, entry) = (self.entries.get(position), &mut next[position]);
            entry.set_flags(if bitmap.enabled { AUTO } else { 0 });
            if former.is_none() || bitmap.is_changed || written {
                entry.set_table(target.write_bits(&bitmap, self.cluster_size)?);
                replaced.extend(former.cloned());
                is_new = true;
            }
        }
        if next.is_empty() {
            return Ok(false);
        }
        (target.barrier)()?;
        if !is_new {
            for (entry, next) in self.entries.iter_mut().zip(next) {
                if entry.flags() != next.flags() {
                    entry.write_flags(target.clusters, next.flags())?;
                }
            }
            return Ok(false);
        }
        self.replace_directory(target, next)?;
        known.mark_stored();
        replaced.iter().for_each(|entry| target.release(entry));
        Ok(true)
    }

    /// Removes a bitmap from the image. Returns whether there is another directory: no, if the
    /// image does not have the bitmap.
    ///
    /// # Errors
    /// Those of the storage.
    pub(in crate::image::qcow2) fn remove(
        &mut self,
        target: &Target<'_>,
        name: &str,
    ) -> Result<bool> {
        let Some(position) = self.entries.iter().position(|entry| entry.name() == name) else {
            return Ok(false);
        };
        let mut next = self.entries.clone();
        let removed = next.remove(position);
        self.replace_directory(target, next)?;
        target.release(&removed);
        Ok(true)
    }

    /// Writes a directory and lets the header refer to it.
    fn replace_directory(
        &mut self,
        target: &Target<'_>,
        mut next: Vec<DirectoryEntry>,
    ) -> Result<()> {
        let range = self.write_directory(target, &mut next)?;
        (target.barrier)()?;
        let directory = BitmapDirectory { bitmaps: next.len() as u32, range: range.clone() };
        Header::set_bitmaps(target.storage, Some(&directory).filter(|_| !next.is_empty()))?;
        target.clusters.set_bitmap_directory(range.clone());
        self.entries = next;
        let old = std::mem::replace(&mut self.range, range);
        (target.barrier)()?;
        if !old.is_empty() {
            target.clusters.release_metadata(old.start, old.end - old.start)?;
        }
        Ok(())
    }

    /// Writes a directory to new clusters, and returns its position.
    fn write_directory(
        &self,
        target: &Target<'_>,
        next: &mut [DirectoryEntry],
    ) -> io::Result<Range<u64>> {
        let length = directory::serialize(next, 0).len() as u64;
        if length == 0 {
            return Ok(0..0);
        }
        let offset = target.clusters.allocate_metadata(length.div_ceil(self.cluster_size))?;
        let bytes = directory::serialize(next, offset);
        target.clusters.write_metadata(offset, &bytes)?;
        Ok(offset..offset + length)
    }
}
