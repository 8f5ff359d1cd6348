//! Parsing of a header, in the order of QEMU's checks, so that the first of several errors is the
//! same.

use super::fields::{Fields, LENGTH_V2, check_table, invalid, name_in, unsupported};
use super::*;
use crate::error::Error;
use crate::image::qcow2::MAGIC;

/// The shortest header of a version 3 image.
const LENGTH_V3: u32 = 104;
/// The specification's limit for the name of a backing file.
pub(super) const BACKING_NAME_MAX: u64 = 1023;
/// QEMU's limit for the number of internal snapshots.
const SNAPSHOTS_MAX: u64 = 65536;
/// The size in bytes of an entry of the snapshot table without its variable part.
const SNAPSHOT_LENGTH: u64 = 40;

const CLUSTER_BITS: std::ops::RangeInclusive<u32> = 9..=21;
const REFCOUNT_ORDER_MAX: u32 = 6;
/// The number of subclusters of a cluster.
const SUBCLUSTERS: u64 = 32;
/// The smallest size of a cluster with subclusters, as a power of 2.
const EXTENDED_L2_CLUSTER_BITS_MIN: u32 = 14;

/// The names of the incompatible features, by bit.
const FEATURES: [(u64, &str); 5] = [
    (INCOMPATIBLE_DIRTY, "dirty bit"),
    (INCOMPATIBLE_CORRUPT, "corrupt bit"),
    (INCOMPATIBLE_DATA_FILE, "external data file"),
    (INCOMPATIBLE_COMPRESSION, "compression type"),
    (INCOMPATIBLE_EXTENDED_L2, "extended L2 entries"),
];

pub(super) const EXTENSION_END: u32 = 0;
pub(super) const EXTENSION_BACKING_FORMAT: u32 = 0xe279_2aca;
const EXTENSION_DATA_FILE: u32 = 0x4441_5441;

pub(super) fn read(storage: &Storage, writable: bool) -> Result<Header> {
    let (cluster, cluster_bits) = first_cluster(storage)?;
    parse(&Fields(&cluster), cluster_bits, writable)
}

/// The first cluster, and its size as a power of 2.
pub(super) fn first_cluster(storage: &Storage) -> Result<(Vec<u8>, u32)> {
    let unreadable = |source| {
        let what = "Could not read qcow2 header".into();
        Error::While { what, source }
    };
    let mut first = [0; LENGTH_V2 as usize];
    storage.read(0, &mut first).map_err(unreadable)?;
    let cluster_bits = cluster_bits(&Fields(&first))?;
    // Bytes beyond the end of the file read as zeroes.
    let mut cluster = vec![0; 1 << cluster_bits];
    storage.read(0, &mut cluster).map_err(unreadable)?;
    Ok((cluster, cluster_bits))
}

/// Checks that this is a qcow2 image, and returns the cluster size as a power of 2.
fn cluster_bits(fields: &Fields<'_>) -> Result<u32> {
    if fields.bytes(0, 4)? != MAGIC {
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
    Ok(cluster_bits)
}

fn parse(fields: &Fields<'_>, cluster_bits: u32, writable: bool) -> Result<Header> {
    let version = fields.u32(4)?;
    let cluster_size = 1 << cluster_bits;
    let added = match version {
        3 => Version3::parse(fields, cluster_size)?,
        _two => Version3::default(),
    };
    let backing_offset = fields.u64(8)?;
    if backing_offset > cluster_size {
        return Err(invalid("Invalid backing file offset"));
    }
    added.check_features(writable)?;
    if added.refcount_order > REFCOUNT_ORDER_MAX {
        return Err(invalid("Reference count entry width too large; may not exceed 64 bits"));
    }
    let extended_l2 = added.incompatible & INCOMPATIBLE_EXTENDED_L2 != 0;
    if extended_l2 && cluster_bits < EXTENDED_L2_CLUSTER_BITS_MIN {
        return Err(invalid(format!(
            "Unsupported subcluster size: {}",
            cluster_size / SUBCLUSTERS
        )));
    }
    let tables = parse_tables(fields, cluster_bits, &added)?;
    let extensions_end = if backing_offset == 0 { cluster_size } else { backing_offset };
    let extensions = extensions(fields, added.length.into(), extensions_end)?;
    check_encryption(fields)?;
    Ok(Header {
        version,
        cluster_bits,
        size: fields.u64(24)?,
        incompatible: added.incompatible,
        compatible: added.compatible,
        autoclear: added.autoclear,
        tables,
        compression_type: added.compression_type,
        backing_file: parse_backing_file(fields, backing_offset, cluster_size)?,
        backing_format: name_of(&extensions, EXTENSION_BACKING_FORMAT),
        data_file: name_of(&extensions, EXTENSION_DATA_FILE),
    })
}

/// The fields that version 3 added, or their defaults for version 2.
struct Version3 {
    incompatible: u64,
    compatible: u64,
    autoclear: u64,
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
            autoclear: 0,
            refcount_order: 4,
            compression_type: CompressionType::Zlib,
            length: LENGTH_V2 as u32,
        }
    }
}

impl Version3 {
    fn parse(fields: &Fields<'_>, cluster_size: u64) -> Result<Self> {
        let length = fields.u32(100)?;
        if length < LENGTH_V3 {
            return Err(invalid("qcow2 header too short"));
        }
        if u64::from(length) > cluster_size {
            return Err(invalid("qcow2 header exceeds cluster size"));
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
            autoclear: fields.u64(88)?,
            refcount_order: fields.u32(96)?,
            compression_type,
            length,
        })
    }

    /// Refuses features that no engine supports.
    fn check_features(&self, writable: bool) -> Result<()> {
        let is_flagged = self.incompatible & INCOMPATIBLE_COMPRESSION != 0;
        let differs = self.compression_type != CompressionType::Zlib;
        if is_flagged != differs {
            let must = if differs { "must" } else { "must not" };
            return Err(invalid(format!(
                "qcow2: Compression type incompatible feature bit {must} be set"
            )));
        }
        let known = FEATURES.iter().fold(0, |known, (bit, _)| known | bit);
        let unknown = self.incompatible & !known;
        if unknown != 0 {
            return Err(unsupported(format!("Unknown incompatible feature: {unknown:x}")));
        }
        if writable && self.incompatible & INCOMPATIBLE_CORRUPT != 0 {
            return Err(invalid("qcow2: Image is corrupt; cannot be opened read/write"));
        }
        let refused = self.incompatible & (INCOMPATIBLE_DIRTY | INCOMPATIBLE_CORRUPT);
        let needed = FEATURES.iter().filter(|(bit, _)| refused & bit != 0);
        let names: Vec<&str> = needed.map(|(_, name)| *name).collect();
        if names.is_empty() { Ok(()) } else { Err(unsupported(names.join(", "))) }
    }
}

fn check_encryption(fields: &Fields<'_>) -> Result<()> {
    match fields.u32(32)? {
        0 => Ok(()),
        1 | 2 => Err(unsupported("encryption")),
        other => Err(invalid(format!("Unsupported encryption method {other}"))),
    }
}

fn parse_tables(
    fields: &Fields<'_>,
    cluster_bits: u32,
    added: &Version3,
) -> Result<TablePointers> {
    if fields.u32(56)? == 0 {
        return Err(invalid("Image does not contain a reference count table"));
    }
    let tables = TablePointers::parse(fields, cluster_bits, added.refcount_order)?;
    let snapshots = u64::from(fields.u32(60)?) * SNAPSHOT_LENGTH;
    let longest = SNAPSHOTS_MAX * SNAPSHOT_LENGTH;
    check_table("Snapshot table", fields.u64(64)?, snapshots, longest, 1 << cluster_bits)?;
    let entry_bits = if added.incompatible & INCOMPATIBLE_EXTENDED_L2 != 0 { 4 } else { 3 };
    let bytes_per_l2 = 1_u64 << (2 * cluster_bits - entry_bits);
    let needed = fields.u64(24)?.div_ceil(bytes_per_l2);
    if needed > i32::MAX as u64 {
        return Err(invalid("Image is too big"));
    }
    if tables.l1_table.end - tables.l1_table.start < needed * 8 {
        return Err(invalid("L1 table is too small"));
    }
    Ok(tables)
}

/// An extension of the header.
pub(super) struct Extension<'a> {
    pub(super) kind: u32,
    pub(super) data: &'a [u8],
}

/// The extensions of the header, which lie between `start` and `end`.
pub(super) fn extensions<'a>(
    fields: &Fields<'a>,
    start: u64,
    end: u64,
) -> Result<Vec<Extension<'a>>> {
    let mut found = Vec::new();
    let mut offset = start;
    while offset < end {
        let kind = fields.u32(offset)?;
        let length = u64::from(fields.u32(offset + 4)?);
        offset += 8;
        if length > end.saturating_sub(offset) {
            return Err(invalid("Header extension too large"));
        }
        if kind == EXTENSION_END {
            break;
        }
        found.push(Extension { kind, data: fields.bytes(offset, length)? });
        offset += length.next_multiple_of(8);
    }
    Ok(found)
}

/// The name in the last extension of a kind.
fn name_of(extensions: &[Extension<'_>], kind: u32) -> Option<String> {
    let last = extensions.iter().rfind(|one| one.kind == kind);
    last.and_then(|name| name_in(name.data))
}

fn parse_backing_file(
    fields: &Fields<'_>,
    offset: u64,
    cluster_size: u64,
) -> Result<Option<String>> {
    if offset == 0 {
        return Ok(None);
    }
    let length = u64::from(fields.u32(16)?);
    if length > BACKING_NAME_MAX.min(cluster_size - offset) {
        return Err(invalid("Backing file name too long"));
    }
    fields.name(offset, length)
}
