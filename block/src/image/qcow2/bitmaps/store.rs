//! Storing bitmaps in the image, as new tables and clusters.

use std::io;

use super::directory::{DirectoryEntry, IN_USE};
use super::table::{self, BitmapCluster, Digest, ReadBudget};
use super::{Bitmap, Bitmaps, Contents};
use crate::image::qcow2::clusters::Clusters;
use crate::image::storage::Storage;

impl Bitmaps {
    /// Writes all consistent bitmaps to the image, and marks them as not in use.
    ///
    /// As in QEMU, bitmaps without new bits are written too: in a damaged image, writes may have
    /// replaced their clusters. If nothing has been written, only the marks change.
    ///
    /// `barrier` flushes the image. It is called between steps whose order matters.
    ///
    /// # Errors
    /// Those of the storage. The bitmaps then stay marked as in use.
    pub(in crate::image::qcow2) fn store(
        &mut self,
        storage: &Storage,
        clusters: &Clusters,
        barrier: impl Fn() -> io::Result<()>,
    ) -> io::Result<()> {
        let (cluster_size, size) = (self.cluster_size, self.size);
        let consistent = |bitmap: &&mut Bitmap| bitmap.contents.is_consistent();
        let mut written = Vec::new();
        for bitmap in self.list.iter_mut().filter(consistent).filter(|_| self.is_written) {
            let table = bitmap.write_bits(clusters, cluster_size, size)?;
            written.push((bitmap, table));
        }
        barrier()?;
        let mut replaced = Vec::new();
        for (bitmap, table) in written {
            replaced.push((bitmap.entry.clone(), bitmap.digest));
            bitmap.entry.write_table(clusters, table.offset, table.entries)?;
            bitmap.digest = table.digest;
        }
        barrier()?;
        for bitmap in self.list.iter_mut().filter(consistent) {
            let flags = bitmap.entry.flags() & !IN_USE;
            bitmap.entry.write_flags(clusters, flags)?;
        }
        self.is_written = false;
        for (entry, digest) in replaced {
            if let Err(error) = free(storage, clusters, &entry, digest) {
                tracing::warn!(%error, bitmap = entry.name(), "clusters of a bitmap are leaked");
            }
        }
        Ok(())
    }
}

/// Frees the clusters of a replaced bitmap.
///
/// # Errors
/// The clusters are not those that were loaded, so that something else is there too; or those of
/// the storage. The rest of the clusters stay allocated.
fn free(
    storage: &Storage,
    clusters: &Clusters,
    entry: &DirectoryEntry,
    digest: Digest,
) -> io::Result<()> {
    let cluster_size = clusters.cluster_size();
    let bits = u64::from(entry.table_entries) * cluster_size * 8;
    let mut budget = ReadBudget::new(storage)?;
    let found = table::read(storage, entry, (cluster_size, bits), &mut budget, &mut |_| Ok(()));
    if found.map_err(io::Error::other)? != digest {
        return Err(io::Error::other("The bitmap was overwritten"));
    }
    table::for_each_cluster(storage, entry, cluster_size, |_, cluster| match cluster {
        BitmapCluster::Data(offset) => clusters.release_metadata(offset, cluster_size),
        BitmapCluster::Zeroes | BitmapCluster::Ones => Ok(()),
    })?;
    clusters.release_metadata(entry.table_offset, u64::from(entry.table_entries) * 8)
}

/// A bitmap table in the image to which the directory does not refer yet.
struct NewTable {
    offset: u64,
    entries: u32,
    digest: Digest,
}

impl Bitmap {
    /// Writes the bits to new clusters.
    fn write_bits(
        &self,
        clusters: &Clusters,
        cluster_size: u64,
        size: u64,
    ) -> io::Result<NewTable> {
        let entries = table::table_entries(self.length(size), cluster_size);
        let mut words = Vec::with_capacity(entries as usize * 8);
        let mut bytes = vec![0; cluster_size as usize];
        let mut digest = Digest::default();
        for number in 0..entries {
            if let Contents::Loaded(bits) = &self.contents {
                bits.copy_to(number * cluster_size, &mut bytes);
            }
            let is_zero = bytes.iter().all(|byte| *byte == 0);
            let offset = if is_zero { 0 } else { clusters.allocate_metadata(1)? };
            digest.add(&offset.to_be_bytes());
            if !is_zero {
                clusters.write_metadata(offset, &bytes)?;
                digest.add(&bytes);
            }
            words.extend_from_slice(&offset.to_be_bytes());
        }
        words.resize(words.len().next_multiple_of(cluster_size as usize), 0);
        let offset = clusters.allocate_metadata(words.len() as u64 / cluster_size)?;
        clusters.write_metadata(offset, &words)?;
        Ok(NewTable { offset, entries: entries as u32, digest })
    }
}
