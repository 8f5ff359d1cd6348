//! Clusters for structures besides those of this engine, such as bitmaps.

use std::io;
use std::ops::Range;

use super::Clusters;
use super::allocate::Purpose;
use super::regions::OverlapChecks;

impl Clusters {
    /// Allocates adjacent clusters, and returns the offset of the first one. A reference to them
    /// may be written to the file after the next [`Clusters::flush`].
    pub(crate) fn allocate_metadata(&self, clusters: u64) -> io::Result<u64> {
        self.request(|state| {
            let (counts, regions) = state.counts()?;
            counts.allocate_all(regions, Purpose::Data, clusters)
        })
    }

    /// Writes to clusters that [`Clusters::allocate_metadata`] allocated.
    pub(crate) fn write_metadata(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.request(|state| {
            state.regions.check(OverlapChecks::empty(), offset, bytes.len() as u64)?;
            Ok(self.storages.file.write(offset, bytes)?)
        })
    }

    /// Writes to the directory of bitmaps.
    pub(crate) fn write_directory(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.request(|state| {
            let length = bytes.len() as u64;
            state.regions.check(OverlapChecks::BITMAP_DIRECTORY, offset, length)?;
            Ok(self.storages.file.write(offset, bytes)?)
        })
    }

    /// Protects another directory of bitmaps instead of the present one.
    pub(crate) fn set_bitmap_directory(&self, range: Range<u64>) {
        self.state.lock().regions.set_bitmap_directory(range);
    }

    /// Frees the clusters of a range after the reference to them has been removed from the file.
    /// Clusters that a table of the image occupies too stay allocated.
    pub(crate) fn release_metadata(&self, offset: u64, length: u64) -> io::Result<()> {
        self.request(|state| {
            let (counts, regions) = state.counts()?;
            if regions.is_metadata(offset, length)? {
                return Ok(());
            }
            counts.release(regions, offset, length)
        })
    }
}
