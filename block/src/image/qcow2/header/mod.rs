//! The header of a qcow2 image: read for what the image library does not tell.
//!
//! Layout: the qcow2 specification (`docs/interop/qcow2.rst` of QEMU), sections "Header" and
//! "Header extensions". All numbers are big-endian.

mod fields;
mod parse;
mod rewrite;

use crate::error::Result;
use crate::image::storage::Storage;
use fields::{Fields, LENGTH_V2, check_table};
use std::io;
use std::ops::Range;

const INCOMPATIBLE_DIRTY: u64 = 1 << 0;
const INCOMPATIBLE_CORRUPT: u64 = 1 << 1;
const INCOMPATIBLE_DATA_FILE: u64 = 1 << 2;
const INCOMPATIBLE_COMPRESSION: u64 = 1 << 3;
const INCOMPATIBLE_EXTENDED_L2: u64 = 1 << 4;
const COMPATIBLE_LAZY_REFCOUNTS: u64 = 1 << 0;
const AUTOCLEAR_DATA_FILE_RAW: u64 = 1 << 1;

/// How clusters of the image are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CompressionType {
    /// The default, and the only one of version 2.
    #[default]
    Zlib,
    /// Zstandard.
    Zstd,
}

/// A backing file, as the header of an image names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackingName {
    /// The file: a path, or a description that begins with `json:`.
    pub file: String,
    /// The format, if it is to be told.
    pub format: Option<String>,
}

/// The header of a qcow2 image.
#[derive(Clone, Debug)]
pub struct Header {
    version: u32,
    cluster_bits: u32,
    size: u64,
    incompatible: u64,
    compatible: u64,
    autoclear: u64,
    tables: TablePointers,
    compression_type: CompressionType,
    backing_file: Option<String>,
    backing_format: Option<String>,
    data_file: Option<String>,
}

/// Where the tables are through which everything else in an image is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TablePointers {
    pub(super) cluster_bits: u32,
    pub(super) refcount_order: u32,
    pub(super) l1_table: Range<u64>,
    pub(super) refcount_table: Range<u64>,
}

impl TablePointers {
    /// The part of the header that all versions have, in which the pointers are.
    pub(super) const LENGTH: u64 = LENGTH_V2;
    /// The longest tables, in bytes: QEMU takes no longer ones, and all of them fit into memory.
    pub(crate) const L1_MAX: u64 = 32 << 20;
    pub(crate) const REFCOUNT_MAX: u64 = 8 << 20;

    /// Reads the pointers from the part of a header that all versions have.
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

    /// The same for an image whose header has become this one.
    ///
    /// # Errors
    /// The pointers lead to no tables that an image can have.
    pub(super) fn updated(&self, header: &[u8]) -> io::Result<Self> {
        Self::parse(&Fields(header), self.cluster_bits, self.refcount_order)
            .map_err(io::Error::other)
    }
}

impl Header {
    /// Reads the header from the beginning of an image that is to be opened, to be written or
    /// not.
    ///
    /// # Errors
    /// [`Error::InvalidImage`](crate::error::Error::InvalidImage) for what is no qcow2 image or
    /// one that makes no sense;
    /// [`Error::UnsupportedFeature`](crate::error::Error::UnsupportedFeature) for one that is
    /// beyond this program; or as the storage says.
    pub fn read(storage: &Storage, writable: bool) -> Result<Self> {
        parse::read(storage, writable)
    }

    /// Names another backing file in the header of an image that nothing else has open, or none.
    ///
    /// All else in the header stays. It is written in one piece, which a process that is killed
    /// has written wholly or not at all as long as the header with all of its extensions fits
    /// into a page of memory; those of QEMU are far shorter.
    ///
    /// # Errors
    /// The name is too long for the format or for the first cluster, or as the storage says. The
    /// header is then as before.
    pub(super) fn name_backing(storage: &Storage, backing: Option<&BackingName>) -> Result<()> {
        rewrite::name_backing(storage, backing)
    }

    /// Has the header say no more that things are up to date which are not, once something else
    /// is written to the image: bitmaps, for one.
    ///
    /// # Errors
    /// As the storage says.
    pub(super) fn clear_autoclear_features(storage: &Storage) -> Result<()> {
        rewrite::clear_autoclear_features(storage)
    }

    /// Where the tables of the image are.
    pub(super) fn table_pointers(&self) -> &TablePointers {
        &self.tables
    }

    /// The version, 2 or 3.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The version as `qemu-img` calls it.
    pub fn compat(&self) -> &'static str {
        if self.version < 3 { "0.10" } else { "1.1" }
    }

    /// Bytes in a cluster, the unit of allocation.
    pub fn cluster_size(&self) -> u64 {
        1 << self.cluster_bits
    }

    /// The size that a guest sees, in bytes, when the header was read.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Bits in a reference count.
    pub fn refcount_bits(&self) -> u32 {
        1 << self.tables.refcount_order
    }

    /// Whether reference counts may be out of date after a crash, to be rebuilt then.
    pub fn lazy_refcounts(&self) -> bool {
        self.compatible & COMPATIBLE_LAZY_REFCOUNTS != 0
    }

    /// Whether the image was not closed properly.
    pub fn dirty(&self) -> bool {
        self.incompatible & INCOMPATIBLE_DIRTY != 0
    }

    /// Whether the image is known to be damaged.
    pub fn corrupt(&self) -> bool {
        self.incompatible & INCOMPATIBLE_CORRUPT != 0
    }

    /// Whether clusters are divided into subclusters.
    pub fn extended_l2(&self) -> bool {
        self.incompatible & INCOMPATIBLE_EXTENDED_L2 != 0
    }

    /// Whether the data are in a file of their own.
    pub fn has_data_file(&self) -> bool {
        self.incompatible & INCOMPATIBLE_DATA_FILE != 0
    }

    /// Whether that file shows by itself what the image shows.
    pub fn data_file_raw(&self) -> bool {
        self.has_data_file() && self.autoclear & AUTOCLEAR_DATA_FILE_RAW != 0
    }

    /// The file with the data, as the header names it.
    pub fn data_file(&self) -> Option<&str> {
        self.data_file.as_deref()
    }

    /// Whether the image library has no part in the image.
    pub(super) fn needs_own_engine(&self) -> bool {
        let beyond = INCOMPATIBLE_DATA_FILE | INCOMPATIBLE_COMPRESSION | INCOMPATIBLE_EXTENDED_L2;
        self.incompatible & beyond != 0
    }

    /// How compressed clusters are compressed.
    pub fn compression_type(&self) -> CompressionType {
        self.compression_type
    }

    /// The backing file, as the header names it: often relative to the image.
    pub fn backing_file(&self) -> Option<&str> {
        self.backing_file.as_deref()
    }

    /// The format of the backing file, if the header tells.
    pub fn backing_format(&self) -> Option<&str> {
        self.backing_format.as_deref()
    }
}
