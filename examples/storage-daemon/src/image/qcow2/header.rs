//! The header of a qcow2 image: read for what the image library does not tell.
//!
//! Layout: the qcow2 specification (`docs/interop/qcow2.rst` of QEMU), sections "Header" and
//! "Header extensions". All numbers are big-endian.

use crate::error::{Error, Result};
use crate::image::storage::Storage;
use imago::{Storage as _, StorageExt};
use std::io;
use std::ops::Range;

const MAGIC: [u8; 4] = *b"QFI\xfb";
/// Length of the header in version 2 images.
const LENGTH_V2: usize = 72;
/// The shortest header of version 3 images.
const LENGTH_V3: u32 = 104;
/// The header, its extensions and the backing file's name lie in the first cluster; this much
/// of it is looked at, which is far more than any known extension needs.
const READ_AHEAD: usize = 64 * 1024;
/// The specification's limit for the name of a backing file.
const BACKING_NAME_MAX: usize = 1023;

/// The longest tables, in bytes: QEMU takes no longer ones, and all of them fit into memory.
const L1_TABLE_MAX: u64 = 32 << 20;
const REFCOUNT_TABLE_MAX: u64 = 8 << 20;

const CLUSTER_BITS: std::ops::RangeInclusive<u32> = 9..=21;
const REFCOUNT_ORDER_MAX: u32 = 6;

const INCOMPATIBLE_DIRTY: u64 = 1 << 0;
const INCOMPATIBLE_CORRUPT: u64 = 1 << 1;
const INCOMPATIBLE_DATA_FILE: u64 = 1 << 2;
const INCOMPATIBLE_COMPRESSION: u64 = 1 << 3;
const INCOMPATIBLE_EXTENDED_L2: u64 = 1 << 4;
const COMPATIBLE_LAZY_REFCOUNTS: u64 = 1 << 0;

/// The names of the features that an image may need, by bit.
const FEATURES: [(u64, &str); 5] = [
    (INCOMPATIBLE_DIRTY, "dirty bit"),
    (INCOMPATIBLE_CORRUPT, "corrupt bit"),
    (INCOMPATIBLE_DATA_FILE, "external data file"),
    (INCOMPATIBLE_COMPRESSION, "compression type"),
    (INCOMPATIBLE_EXTENDED_L2, "extended L2 entries"),
];

const EXTENSION_END: u32 = 0;
const EXTENSION_BACKING_FORMAT: u32 = 0xe279_2aca;

/// How clusters of the image are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompressionType {
    /// The default, and the only one of version 2.
    Zlib,
    /// Zstandard.
    Zstd,
}

/// Where the tables are through which everything else in an image is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TablePointers {
    pub(super) cluster_bits: u32,
    pub(super) refcount_order: u32,
    pub(super) l1_table: Range<u64>,
    pub(super) refcount_table: Range<u64>,
}

impl TablePointers {
    /// The part of the header that all versions have, in which the pointers are.
    pub(super) const LENGTH: u64 = LENGTH_V2 as u64;

    /// Reads the pointers from the part of a header that all versions have.
    fn parse(fields: &Fields<'_>, cluster_bits: u32, refcount_order: u32) -> Result<Self> {
        let table_length = u64::from(fields.u32(56)?) << cluster_bits;
        if table_length == 0 {
            return Err(invalid("Image does not contain a reference count table"));
        }
        let checked = |name, offset: u64, length, longest| {
            if length > longest {
                return Err(invalid(format!("{name} too large")));
            }
            match offset.checked_add(length) {
                Some(end)
                    if i64::try_from(end).is_ok() && offset.is_multiple_of(1 << cluster_bits) =>
                {
                    Ok(offset..end)
                }
                Some(_) | None => Err(invalid(format!("{name} offset invalid"))),
            }
        };
        let table_offset = fields.u64(48)?;
        let table = ("Reference count table", table_offset, table_length, REFCOUNT_TABLE_MAX);
        let l1_length = u64::from(fields.u32(36)?) * 8;
        let l1 = ("Active L1 table", fields.u64(40)?, l1_length, L1_TABLE_MAX);
        Ok(TablePointers {
            cluster_bits,
            refcount_order,
            refcount_table: checked(table.0, table.1, table.2, table.3)?,
            l1_table: checked(l1.0, l1.1, l1.2, l1.3)?,
        })
    }

    /// The same for an image whose header has become this one.
    pub(super) fn updated(&self, header: &[u8]) -> io::Result<Self> {
        Self::parse(&Fields(header), self.cluster_bits, self.refcount_order)
            .map_err(io::Error::other)
    }
}

/// The header of a qcow2 image.
#[derive(Clone, Debug)]
pub struct Header {
    version: u32,
    cluster_bits: u32,
    size: u64,
    crypt_method: u32,
    snapshots: u32,
    incompatible: u64,
    compatible: u64,
    refcount_order: u32,
    tables: TablePointers,
    compression_type: CompressionType,
    backing_file: Option<String>,
    backing_format: Option<String>,
}

impl Header {
    /// Reads the header from the beginning of an image.
    ///
    /// # Errors
    /// [`Error::InvalidImage`] for what is no qcow2 image or one that makes no sense; or as the
    /// storage says.
    pub fn read(storage: &Storage) -> Result<Self> {
        let length = usize::try_from(storage.size()?).unwrap_or(usize::MAX).min(READ_AHEAD);
        let mut bytes = vec![0; length];
        storage.read(bytes.as_mut_slice(), 0)?;
        Self::parse(&bytes)
    }

    /// Parses the first bytes of an image.
    fn parse(bytes: &[u8]) -> Result<Self> {
        let fields = Fields(bytes);
        if bytes.len() < LENGTH_V2 || !bytes.starts_with(&MAGIC) {
            return Err(invalid("Image is not in qcow2 format"));
        }
        let version = fields.u32(4)?;
        if !matches!(version, 2 | 3) {
            return Err(invalid(format!("Unsupported qcow2 version {version}")));
        }
        let cluster_bits = fields.u32(20)?;
        if !CLUSTER_BITS.contains(&cluster_bits) {
            return Err(invalid(format!("Unsupported cluster size: 2^{cluster_bits}")));
        }
        let version_3 =
            if version == 3 { Some(Version3::parse(&fields, cluster_bits)?) } else { None };
        let added = version_3.unwrap_or_default();
        let mut header = Header {
            version,
            cluster_bits,
            size: fields.u64(24)?,
            crypt_method: fields.u32(32)?,
            snapshots: fields.u32(60)?,
            incompatible: added.incompatible,
            compatible: added.compatible,
            refcount_order: added.refcount_order,
            tables: TablePointers::parse(&fields, cluster_bits, added.refcount_order)?,
            compression_type: added.compression_type,
            backing_file: None,
            backing_format: None,
        };
        header.parse_backing(&fields, added.length)?;
        Ok(header)
    }

    fn parse_backing(&mut self, fields: &Fields<'_>, header_length: u32) -> Result<()> {
        let offset = fields.u64(8)?;
        let length = fields.u32(16)?;
        let extensions_end = if offset == 0 { self.cluster_size() } else { offset };
        if extensions_end > self.cluster_size() {
            return Err(invalid("Invalid backing file offset"));
        }
        self.parse_extensions(fields, u64::from(header_length), extensions_end)?;
        if offset == 0 {
            return Ok(());
        }
        let longest = BACKING_NAME_MAX.min((self.cluster_size() - offset) as usize);
        if length as usize > longest {
            return Err(invalid("Backing file name too long"));
        }
        let name = fields.bytes(offset, u64::from(length))?;
        self.backing_file = Some(String::from_utf8_lossy(name).into_owned());
        Ok(())
    }

    fn parse_extensions(&mut self, fields: &Fields<'_>, start: u64, end: u64) -> Result<()> {
        let mut offset = start;
        while offset + 8 <= end {
            let Ok(kind) = fields.u32(offset) else { return Ok(()) };
            let Ok(length) = fields.u32(offset + 4).map(u64::from) else { return Ok(()) };
            offset += 8;
            if kind == EXTENSION_END {
                return Ok(());
            }
            if length > end - offset {
                return Err(invalid("Header extension too large"));
            }
            if kind == EXTENSION_BACKING_FORMAT {
                let name = fields.bytes(offset, length)?;
                self.backing_format = Some(String::from_utf8_lossy(name).into_owned());
            }
            offset += length.next_multiple_of(8);
        }
        Ok(())
    }

    /// Refuses what neither the image library nor this program can handle.
    ///
    /// # Errors
    /// [`Error::UnsupportedFeature`], [`Error::InvalidImage`].
    pub fn check_supported(&self, writable: bool) -> Result<()> {
        if self.crypt_method != 0 {
            return Err(unsupported("encryption".to_owned()));
        }
        if writable && self.incompatible & INCOMPATIBLE_CORRUPT != 0 {
            return Err(invalid("qcow2: Image is corrupt; cannot be opened read/write"));
        }
        let mut rest = self.incompatible;
        let mut names = Vec::new();
        for (bit, name) in FEATURES {
            if rest & bit != 0 {
                names.push(name.to_owned());
            }
            rest &= !bit;
        }
        if rest != 0 {
            names.push(format!("Unknown incompatible feature: {rest:x}"));
        }
        if names.is_empty() { Ok(()) } else { Err(unsupported(names.join(", "))) }
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
        1 << self.refcount_order
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

    /// How compressed clusters are compressed.
    pub fn compression_type(&self) -> CompressionType {
        self.compression_type
    }

    /// How many internal snapshots there are.
    pub fn snapshots(&self) -> u32 {
        self.snapshots
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

/// What version 3 added to the header, or what goes without saying in version 2.
struct Version3 {
    incompatible: u64,
    compatible: u64,
    refcount_order: u32,
    compression_type: CompressionType,
    /// The length of the header.
    length: u32,
}

impl Default for Version3 {
    fn default() -> Self {
        Version3 {
            incompatible: 0,
            compatible: 0,
            refcount_order: 4,
            compression_type: CompressionType::Zlib,
            length: LENGTH_V2 as u32,
        }
    }
}

impl Version3 {
    fn parse(fields: &Fields<'_>, cluster_bits: u32) -> Result<Self> {
        let length = fields.u32(100)?;
        if length < LENGTH_V3 {
            return Err(invalid("qcow2 header too short"));
        }
        if u64::from(length) > 1 << cluster_bits {
            return Err(invalid("qcow2 header exceeds cluster size"));
        }
        let refcount_order = fields.u32(96)?;
        if refcount_order > REFCOUNT_ORDER_MAX {
            return Err(invalid("Reference count entry width too large; may not exceed 64 bits"));
        }
        let compression = if length > LENGTH_V3 { fields.u8(104)? } else { 0 };
        let compression_type = match compression {
            0 => CompressionType::Zlib,
            1 => CompressionType::Zstd,
            other => return Err(invalid(format!("qcow2: unknown compression type: {other}"))),
        };
        Ok(Version3 {
            incompatible: fields.u64(72)?,
            compatible: fields.u64(80)?,
            refcount_order,
            compression_type,
            length,
        })
    }
}

/// The bytes of the header, read with checks.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn bytes(&self, offset: u64, length: u64) -> Result<&'a [u8]> {
        usize::try_from(offset)
            .ok()
            .zip(usize::try_from(length).ok())
            .and_then(|(start, length)| self.0.get(start..start.checked_add(length)?))
            .ok_or_else(|| invalid("qcow2 header too short"))
    }

    fn array<const N: usize>(&self, offset: u64) -> Result<[u8; N]> {
        let bytes = self.bytes(offset, N as u64)?;
        bytes.try_into().map_err(|_wrong_length| invalid("qcow2 header too short"))
    }

    fn u8(&self, offset: u64) -> Result<u8> {
        self.array::<1>(offset).map(|[byte]| byte)
    }

    fn u32(&self, offset: u64) -> Result<u32> {
        self.array(offset).map(u32::from_be_bytes)
    }

    fn u64(&self, offset: u64) -> Result<u64> {
        self.array(offset).map(u64::from_be_bytes)
    }
}

fn invalid(text: impl Into<String>) -> Error {
    Error::InvalidImage(text.into())
}

fn unsupported(features: String) -> Error {
    Error::UnsupportedFeature { format: "qcow2", features }
}
