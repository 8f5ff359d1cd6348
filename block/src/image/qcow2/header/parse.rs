//! Parsing of a header, in the order of QEMU's checks, so that the first of several errors is the
//! same.

use super::extensions::{Context, Encryption, Extensions, feature_names};
use super::features::*;
use super::fields::{Fields, LENGTH_V2, check_table, invalid};
use super::*;
use crate::error::Error;
use crate::image::extent::SECTOR_SIZE;
use crate::image::memory::zeroed;
use crate::image::permissions::AccessMode;
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

pub(super) fn read(storage: &Storage, mode: AccessMode) -> Result<Header> {
    let (cluster, cluster_bits) = first_cluster(storage)?;
    parse(&Fields(&cluster), cluster_bits, mode)
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
    let mut cluster = zeroed(1 << cluster_bits)?;
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

fn parse(fields: &Fields<'_>, cluster_bits: u32, mode: AccessMode) -> Result<Header> {
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
    added.check_compression()?;
    let extensions_end = if backing_offset == 0 { cluster_size } else { backing_offset };
    let extensions = added.length.into()..extensions_end;
    if added.features.has_unknown() {
        let names = feature_names(fields, extensions.start, extensions.end);
        added.features.check_known(names)?;
    }
    added.features.check_mode(mode)?;
    if added.refcount_order > REFCOUNT_ORDER_MAX {
        return Err(invalid("Reference count entry width too large; may not exceed 64 bits"));
    }
    let extended_l2 = added.features.has_incompatible(INCOMPATIBLE_EXTENDED_L2);
    if extended_l2 && cluster_bits < EXTENDED_L2_CLUSTER_BITS_MIN {
        return Err(invalid(format!(
            "Unsupported subcluster size: {}",
            cluster_size / SUBCLUSTERS
        )));
    }
    let encryption = parse_encryption(fields)?;
    let (tables, snapshots) = parse_tables(fields, cluster_bits, &added)?;
    let features = added.features;
    let context = Context { cluster_size, features, encryption };
    let extensions = Extensions::parse(fields, extensions, &context)?;
    check_encryption(encryption, &extensions)?;
    Ok(Header {
        version,
        cluster_bits,
        // As in QEMU, the bytes after the last whole sector are not part of the image.
        size: fields.u64(24)? / SECTOR_SIZE * SECTOR_SIZE,
        features,
        tables,
        snapshots,
        compression_type: added.compression_type,
        backing_file: parse_backing_file(fields, backing_offset, cluster_size)?,
        backing_format: extensions.backing_format,
        data_file: extensions.data_file,
        bitmaps: extensions.bitmaps,
    })
}

/// The fields that version 3 added, or their defaults for version 2.
struct Version3 {
    features: Features,
    refcount_order: u32,
    compression_type: CompressionType,
    /// The length of the header.
    length: u32,
}

impl Default for Version3 {
    fn default() -> Self {
        Version3 {
            features: Features::default(),
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
            features: Features::parse(fields)?,
            refcount_order: fields.u32(96)?,
            compression_type,
            length,
        })
    }

    /// The type of compression and its feature flag must agree.
    fn check_compression(&self) -> Result<()> {
        let is_flagged = self.features.has_incompatible(INCOMPATIBLE_COMPRESSION);
        let differs = self.compression_type != CompressionType::Zlib;
        if is_flagged == differs {
            return Ok(());
        }
        let must = if differs { "must" } else { "must not" };
        Err(invalid(format!("qcow2: Compression type incompatible feature bit {must} be set")))
    }
}

fn parse_encryption(fields: &Fields<'_>) -> Result<Encryption> {
    match fields.u32(32)? {
        0 => Ok(Encryption::None),
        1 => Ok(Encryption::Aes),
        2 => Ok(Encryption::Luks),
        // QEMU shows the number with its sign.
        other => Err(invalid(format!("Unsupported encryption method {}", other.cast_signed()))),
    }
}

/// Refuses encrypted images, as no client can give the key.
fn check_encryption(encryption: Encryption, extensions: &Extensions) -> Result<()> {
    match encryption {
        Encryption::None => Ok(()),
        Encryption::Luks if !extensions.has_crypto_header => {
            Err(invalid("Missing CRYPTO header for crypt method 2"))
        }
        Encryption::Aes | Encryption::Luks => {
            Err(invalid("Parameter 'encrypt.key-secret' is required for cipher"))
        }
    }
}

fn parse_tables(
    fields: &Fields<'_>,
    cluster_bits: u32,
    added: &Version3,
) -> Result<(TablePointers, SnapshotTable)> {
    if fields.u32(56)? == 0 {
        return Err(invalid("Image does not contain a reference count table"));
    }
    let tables = TablePointers::parse(fields, cluster_bits, added.refcount_order)?;
    let snapshots = SnapshotTable { offset: fields.u64(64)?, snapshots: fields.u32(60)? };
    let length = u64::from(snapshots.snapshots) * SNAPSHOT_LENGTH;
    let longest = SNAPSHOTS_MAX * SNAPSHOT_LENGTH;
    check_table("Snapshot table", snapshots.offset, length, longest, 1 << cluster_bits)?;
    let entry_bits =
        if added.features.has_incompatible(INCOMPATIBLE_EXTENDED_L2) { 4 } else { 3 };
    let bytes_per_l2 = 1_u64 << (2 * cluster_bits - entry_bits);
    let size = fields.u64(24)?;
    if size.checked_next_multiple_of(bytes_per_l2).is_none() {
        return Err(invalid("Could not refresh total sector count: File too large"));
    }
    let needed = size.div_ceil(bytes_per_l2);
    if needed > i32::MAX as u64 {
        return Err(invalid("Image is too big"));
    }
    if tables.l1_table.end - tables.l1_table.start < needed * 8 {
        return Err(invalid("L1 table is too small"));
    }
    Ok((tables, snapshots))
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
