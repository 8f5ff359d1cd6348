//! The header of a qcow2 image.
//!
//! Layout: the qcow2 specification (`docs/interop/qcow2.rst` of QEMU), sections "Header" and
//! "Header extensions". All numbers are big-endian.

pub(crate) mod extensions;
pub(crate) mod features;
pub(super) mod fields;
mod parse;
mod rewrite;

use std::ops::Range;

use crate::error::Result;
use crate::image::permissions::AccessMode;
use crate::image::storage::Storage;
use extensions::{BitmapDirectory, BitmapsExtension};
use features::*;
use fields::{Fields, check_table};

/// The compression of clusters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CompressionType {
    /// zlib: the default, and the only type of version 2.
    #[default]
    Zlib,
    /// Zstandard.
    Zstd,
}

/// A backing file, as named by the header of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackingName {
    /// The file: a path, or a description that begins with `json:`.
    pub file: String,
    /// The format, if given.
    pub format: Option<String>,
}

/// The header of a qcow2 image.
#[derive(Clone, Debug)]
pub struct Header {
    version: u32,
    cluster_bits: u32,
    size: u64,
    features: Features,
    tables: TablePointers,
    snapshots: SnapshotTable,
    compression_type: CompressionType,
    backing_file: Option<String>,
    backing_format: Option<String>,
    data_file: Option<String>,
    bitmaps: BitmapsExtension,
}

/// The position of the table of internal snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SnapshotTable {
    /// The offset in the file. Meaningless without snapshots.
    pub(crate) offset: u64,
    /// The number of snapshots.
    pub(crate) snapshots: u32,
}

/// The positions of the L1 table and the refcount table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TablePointers {
    pub(super) cluster_bits: u32,
    pub(super) refcount_order: u32,
    pub(super) l1_table: Range<u64>,
    pub(super) refcount_table: Range<u64>,
}

impl TablePointers {
    /// The largest sizes of tables in bytes, which are those of QEMU. Such tables fit into memory.
    pub(crate) const L1_MAX: u64 = 32 << 20;
    pub(crate) const REFCOUNT_MAX: u64 = 8 << 20;

    /// Parses the part of a header that all versions have.
    fn parse(fields: &Fields<'_>, cluster_bits: u32, refcount_order: u32) -> Result<Self> {
        let table = fields.u64(48)?..u64::from(fields.u32(56)?) << cluster_bits;
        let l1 = fields.u64(40)?..u64::from(fields.u32(36)?) * 8;
        let cluster_size = 1 << cluster_bits;
        let check = |name, place: Range<u64>, longest| {
            check_table(name, place.start, place.end, longest, cluster_size)
        };
        Ok(TablePointers {
            cluster_bits,
            refcount_order,
            refcount_table: check("Reference count table", table, Self::REFCOUNT_MAX)?,
            l1_table: check("Active L1 table", l1, Self::L1_MAX)?,
        })
    }
}

impl Header {
    /// Reads the header of an image that is to be opened in a mode.
    ///
    /// # Errors
    /// [`Error::InvalidImage`](crate::error::Error::InvalidImage) if it is not a valid qcow2 image;
    /// [`Error::UnsupportedFeature`](crate::error::Error::UnsupportedFeature); or those of the
    /// storage.
    pub fn read(storage: &Storage, mode: AccessMode) -> Result<Self> {
        parse::read(storage, mode)
    }

    /// Marks the image as closed properly, after its reference counts have been repaired.
    ///
    /// # Errors
    /// Those of the storage.
    pub(super) fn clear_dirty(&mut self, storage: &Storage) -> Result<()> {
        self.features.incompatible &= !INCOMPATIBLE_DIRTY;
        rewrite::write_incompatible(storage, self.features.incompatible)
    }

    /// Changes or removes the name of the backing file in the header of an image that is not open.
    ///
    /// The rest of the header does not change. The header is written in one piece. If the process
    /// dies, it is written wholly or not at all as long as it fits into a page of memory; headers
    /// of QEMU are far shorter.
    ///
    /// # Errors
    /// The name is too long for the format or for the first cluster; or those of the storage. The
    /// header is then unchanged.
    pub(super) fn name_backing(storage: &Storage, backing: Option<&BackingName>) -> Result<()> {
        rewrite::name_backing(storage, backing)
    }

    /// Changes the header of an image that is about to be written: clears the autoclear features
    /// that this library does not maintain, and removes bitmaps that are out of date.
    ///
    /// # Errors
    /// Those of the storage.
    pub(super) fn prepare_for_writing(&self, storage: &Storage) -> Result<()> {
        if self.bitmaps == BitmapsExtension::Outdated {
            tracing::warn!(
                "a program lacking bitmap support modified this file, so all bitmaps are now \
                 considered inconsistent; some clusters may be leaked, run 'qemu-img check -r' on \
                 the image file to fix"
            );
            rewrite::set_bitmaps(storage, None)?;
        }
        rewrite::clear_autoclear_features(storage, self.features)
    }

    /// Lets the header of an open image refer to another bitmap directory, or to none. The header
    /// is written as by [`Header::name_backing`].
    ///
    /// # Errors
    /// The header does not fit into the first cluster; or those of the storage. The header is then
    /// unchanged.
    pub(super) fn set_bitmaps(
        storage: &Storage,
        directory: Option<&BitmapDirectory>,
    ) -> Result<()> {
        rewrite::set_bitmaps(storage, directory)
    }

    /// Marks the image as corrupt, so that it can only be opened read-only until it is repaired.
    /// Version 2 has no such mark.
    ///
    /// # Errors
    /// Those of the storage.
    pub(super) fn mark_corrupt(storage: &Storage) -> Result<()> {
        rewrite::mark_corrupt(storage)
    }

    /// The positions of the tables.
    pub(super) fn table_pointers(&self) -> &TablePointers {
        &self.tables
    }

    /// The position of the table of internal snapshots.
    pub(crate) fn snapshot_table(&self) -> SnapshotTable {
        self.snapshots
    }

    /// The persistent bitmaps.
    pub(crate) fn bitmaps(&self) -> &BitmapsExtension {
        &self.bitmaps
    }

    /// The version, 2 or 3.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The version, as `qemu-img` displays it.
    pub fn compat(&self) -> &'static str {
        if self.version < 3 { "0.10" } else { "1.1" }
    }

    /// The cluster size in bytes.
    pub fn cluster_size(&self) -> u64 {
        1 << self.cluster_bits
    }

    /// The size of the image in bytes, at the time of reading the header.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The width of a reference count in bits.
    pub fn refcount_bits(&self) -> u32 {
        1 << self.tables.refcount_order
    }

    /// Whether reference counts may be updated lazily.
    pub fn lazy_refcounts(&self) -> bool {
        self.features.compatible & COMPATIBLE_LAZY_REFCOUNTS != 0
    }

    /// Whether the image was not closed properly.
    pub fn dirty(&self) -> bool {
        self.features.has_incompatible(INCOMPATIBLE_DIRTY)
    }

    /// Whether the image is marked as corrupt.
    pub fn corrupt(&self) -> bool {
        self.features.has_incompatible(INCOMPATIBLE_CORRUPT)
    }

    /// Whether clusters have subclusters.
    pub fn extended_l2(&self) -> bool {
        self.features.has_incompatible(INCOMPATIBLE_EXTENDED_L2)
    }

    /// Whether the image has an external data file.
    pub fn has_data_file(&self) -> bool {
        self.features.has_incompatible(INCOMPATIBLE_DATA_FILE)
    }

    /// Whether the data file is a valid raw image.
    pub fn data_file_raw(&self) -> bool {
        self.has_data_file() && self.features.has_autoclear(AUTOCLEAR_DATA_FILE_RAW)
    }

    /// Whether the data file is a valid raw image, although the image has no data file.
    pub fn lacks_data_file(&self) -> bool {
        !self.has_data_file() && self.features.has_autoclear(AUTOCLEAR_DATA_FILE_RAW)
    }

    /// The external data file, as named by the header.
    pub fn data_file(&self) -> Option<&str> {
        self.data_file.as_deref()
    }

    /// The compression of clusters.
    pub fn compression_type(&self) -> CompressionType {
        self.compression_type
    }

    /// The backing file, as named by the header: often relative to the image.
    pub fn backing_file(&self) -> Option<&str> {
        self.backing_file.as_deref()
    }

    /// The format of the backing file, if the header contains it.
    pub fn backing_format(&self) -> Option<&str> {
        self.backing_format.as_deref()
    }
}
