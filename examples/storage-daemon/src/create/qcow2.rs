//! Formatting a node as qcow2.
//!
//! The first clusters of a new image hold, in this order: the header, the refcount table, the
//! refcount blocks for all that is written here, and the L1 table. All that is not preallocated
//! is made by hand; the image library adds the rest.

use super::Preallocation;
use crate::error::{Error, Result};
use crate::image::FormatLayer;
use crate::image::permissions::{Access, Permissions};
use crate::image::storage::{SECTOR_SIZE, Storage};
use crate::nodes::options::Child;
use crate::nodes::{Graph, NodeUse};
use imago::format::PreallocateMode;
use imago::qcow2::Qcow2;
use imago::{DenyImplicitOpenGate, FormatAccess, FormatDriverBuilder, Storage as _, StorageExt};
use nix::errno::Errno;
use std::io;

/// The largest size of any image, in bytes: 2^63 less the largest alignment.
const SIZE_MAX: u64 = (1 << 63) - (1 << 30);
/// The largest L1 table, in bytes.
const L1_MAX: u64 = 32 << 20;
const CLUSTER_SIZES: std::ops::RangeInclusive<u64> = 512..=(2 << 20);
const BACKING_NAME_MAX: usize = 1023;
const EXTENSION_BACKING_FORMAT: u32 = 0xe279_2aca;
const COMPATIBLE_LAZY_REFCOUNTS: u64 = 1 << 0;

/// `BlockdevQcow2Version`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Qcow2Version {
    /// Without zero clusters and feature bits.
    V2,
    /// The present one.
    #[default]
    V3,
}

/// `BlockdevCreateOptionsQcow2`, as far as it is supported.
#[derive(Clone, Debug)]
pub struct Qcow2Create {
    /// The node to format.
    pub file: Child,
    /// The size that a guest will see, in bytes.
    pub size: u64,
    /// The version of the format.
    pub version: Qcow2Version,
    /// The name of the backing file. It is written as it is and not looked for.
    pub backing_file: Option<String>,
    /// The format of the backing file.
    pub backing_format: Option<String>,
    /// Bytes in a cluster.
    pub cluster_size: u64,
    /// How much exists from the beginning.
    pub preallocation: Preallocation,
    /// Whether reference counts may be updated lazily.
    pub lazy_refcounts: bool,
    /// Bits in a reference count.
    pub refcount_bits: u64,
}

impl Qcow2Create {
    /// An image of that size with defaults for all the rest.
    pub fn new(file: Child, size: u64) -> Self {
        Qcow2Create {
            file,
            size,
            version: Qcow2Version::default(),
            backing_file: None,
            backing_format: None,
            cluster_size: 64 * 1024,
            preallocation: Preallocation::Off,
            lazy_refcounts: false,
            refcount_bits: 16,
        }
    }

    /// Formats the node. What it held is lost.
    ///
    /// Blocks, for long when much is to be preallocated.
    ///
    /// # Errors
    /// [`Error::InvalidOption`]; [`Error::NodeUnknown`]; those of [`Graph::reserve`];
    /// [`Error::While`] when writing fails.
    pub fn create(&self, graph: &Graph) -> Result<()> {
        let child = graph.borrow_child(self.file.clone())?;
        self.check()?;
        let takes = Permissions::WRITE | Permissions::RESIZE;
        let access = Access { takes, shares: Permissions::all() };
        let node = child.node().clone();
        let file = NodeUse {
            node: node.clone(),
            role: "root",
            access,
            exclusive: false,
            attached: true,
            unnamed: true,
        };
        let _reservation = graph.reserve_unnamed([file])?;
        let storage = node.storage();
        let layout = self.layout()?;
        let cannot_write = |source| {
            let what = "Could not write qcow2 header".into();
            Error::While { what, source }
        };
        match self.library_mode() {
            None => self.write(&storage, &layout).map_err(cannot_write)?,
            Some(mode) => {
                // The library allocates what an image grows by: so it starts from nothing.
                let empty = Qcow2Create { size: 0, ..self.clone() };
                let layout = Layout::new(self.cluster_size, self.refcount_bits, 0);
                empty.write(&storage, &layout).map_err(cannot_write)?;
                self.preallocate(&storage, mode).map_err(cannot_resize)?;
            }
        }
        node.flush()
    }

    /// Refuses options that are wrong or do not go together.
    fn check(&self) -> Result<()> {
        let wrong = |text: &str| Err(Error::InvalidOption(text.to_owned()));
        if !self.size.is_multiple_of(SECTOR_SIZE) {
            return wrong("Image size must be a multiple of 512 bytes");
        }
        if !self.cluster_size.is_power_of_two() || !CLUSTER_SIZES.contains(&self.cluster_size) {
            return wrong("Cluster size must be a power of two between 512 and 2048k");
        }
        if self.preallocation != Preallocation::Off && self.backing_file.is_some() {
            return wrong(
                "Backing file and preallocation can only be used at the same time if \
                 extended_l2 is on",
            );
        }
        if self.backing_format.is_some() && self.backing_file.is_none() {
            return wrong("Backing format cannot be used without backing file");
        }
        let is_v2 = self.version == Qcow2Version::V2;
        if is_v2 && self.lazy_refcounts {
            return wrong(
                "Lazy refcounts only supported with compatibility level 1.1 and above \
                 (use version=v3 or greater)",
            );
        }
        if !self.refcount_bits.is_power_of_two() || self.refcount_bits > 64 {
            return wrong("Refcount width must be a power of two and may not exceed 64 bits");
        }
        if is_v2 && self.refcount_bits != 16 {
            return wrong(
                "Different refcount widths than 16 bits require compatibility level 1.1 or \
                 above (use version=v3 or greater)",
            );
        }
        self.check_backing_name()
    }

    fn check_backing_name(&self) -> Result<()> {
        let Some(name) = &self.backing_file else { return Ok(()) };
        let room = self.cluster_size as usize - self.header_without_name().len();
        if name.len() > BACKING_NAME_MAX.min(room) {
            let format = self.backing_format.as_deref().unwrap_or("(null)");
            return Err(Error::InvalidOption(format!(
                "Could not assign backing file '{name}' with format '{format}': Invalid argument"
            )));
        }
        Ok(())
    }

    fn layout(&self) -> Result<Layout> {
        if self.size > SIZE_MAX {
            return Err(Error::InvalidOption(format!(
                "Could not resize image: offset({}) exceeds maximum({SIZE_MAX})",
                self.size
            )));
        }
        let bytes_per_l2 = self.cluster_size * (self.cluster_size / 8);
        let l1_entries = self.size.div_ceil(bytes_per_l2);
        if l1_entries * 8 > L1_MAX {
            return Err(Error::While {
                what: "Could not resize image: Failed to grow the L1 table".into(),
                source: Errno::EFBIG.into(),
            });
        }
        Ok(Layout::new(self.cluster_size, self.refcount_bits, l1_entries))
    }

    /// Writes everything but what is preallocated.
    fn write(&self, storage: &Storage, layout: &Layout) -> io::Result<()> {
        empty(storage, layout.clusters() * self.cluster_size)?;
        storage.write(layout.refcount_table().as_slice(), layout.table_offset())?;
        let blocks = layout.refcount_blocks(self.refcount_bits);
        storage.write(blocks.as_slice(), layout.blocks_offset())?;
        storage.write(vec![0; layout.l1_bytes()].as_slice(), layout.l1_offset())?;
        // Last: before the header is there, the node holds no image at all.
        storage.write(self.header(layout).as_slice(), 0)?;
        storage.flush()
    }

    fn header(&self, layout: &Layout) -> Vec<u8> {
        let mut bytes = self.header_without_name();
        let end = bytes.len();
        let mut put = |offset: usize, field: &[u8]| {
            bytes[offset..offset + field.len()].copy_from_slice(field);
        };
        put(24, &self.size.to_be_bytes());
        put(36, &(layout.l1_entries as u32).to_be_bytes());
        put(40, &layout.l1_offset().to_be_bytes());
        put(48, &layout.table_offset().to_be_bytes());
        put(56, &(layout.table_clusters as u32).to_be_bytes());
        if let Some(name) = &self.backing_file {
            put(8, &(end as u64).to_be_bytes());
            put(16, &(name.len() as u32).to_be_bytes());
            bytes.extend_from_slice(name.as_bytes());
        }
        bytes
    }

    /// The header and its extensions, with the fields that depend on the layout still zero.
    fn header_without_name(&self) -> Vec<u8> {
        let length = match self.version {
            Qcow2Version::V2 => 72,
            Qcow2Version::V3 => 112_u32,
        };
        let mut bytes = vec![0; length as usize];
        bytes[..4].copy_from_slice(b"QFI\xfb");
        let version: u32 = match self.version {
            Qcow2Version::V2 => 2,
            Qcow2Version::V3 => 3,
        };
        bytes[4..8].copy_from_slice(&version.to_be_bytes());
        bytes[20..24].copy_from_slice(&self.cluster_size.trailing_zeros().to_be_bytes());
        if self.version == Qcow2Version::V3 {
            let compatible = if self.lazy_refcounts { COMPATIBLE_LAZY_REFCOUNTS } else { 0 };
            bytes[80..88].copy_from_slice(&compatible.to_be_bytes());
            bytes[96..100].copy_from_slice(&self.refcount_bits.trailing_zeros().to_be_bytes());
            bytes[100..104].copy_from_slice(&length.to_be_bytes());
        }
        if let Some(format) = &self.backing_format {
            bytes.extend_from_slice(&EXTENSION_BACKING_FORMAT.to_be_bytes());
            bytes.extend_from_slice(&(format.len() as u32).to_be_bytes());
            bytes.extend_from_slice(format.as_bytes());
            bytes.resize(bytes.len().next_multiple_of(8), 0);
        }
        // The end of the extensions.
        bytes.extend_from_slice(&[0; 8]);
        bytes
    }

    /// How the library is to allocate what exists from the beginning.
    fn library_mode(&self) -> Option<PreallocateMode> {
        match self.preallocation {
            Preallocation::Off => None,
            Preallocation::Metadata => Some(PreallocateMode::FormatAllocate),
            Preallocation::Falloc => Some(PreallocateMode::FullAllocate),
            Preallocation::Full => Some(PreallocateMode::WriteData),
        }
    }

    /// Gives an image without any size its size, and allocates what it grows by.
    fn preallocate(&self, storage: &Storage, mode: PreallocateMode) -> io::Result<()> {
        let image = Qcow2::<Storage, FormatLayer>::builder(storage.clone())
            .write(true)
            .backing(None)
            .open(DenyImplicitOpenGate::default())?;
        let image = FormatAccess::new(image);
        image.resize_grow(self.size, mode)?;
        image.flush()
    }
}

/// Which clusters hold what.
#[derive(Clone, Copy, Debug)]
struct Layout {
    cluster_size: u64,
    table_clusters: u64,
    block_clusters: u64,
    l1_entries: u64,
}

impl Layout {
    fn new(cluster_size: u64, refcount_bits: u64, l1_entries: u64) -> Self {
        let mut layout =
            Layout { cluster_size, table_clusters: 1, block_clusters: 1, l1_entries };
        let counts_per_block = cluster_size * 8 / refcount_bits;
        // More blocks may need more blocks to count them; the numbers only grow, and soon settle.
        loop {
            let blocks = layout.clusters().div_ceil(counts_per_block);
            let table = (blocks * 8).div_ceil(cluster_size);
            if (blocks, table) == (layout.block_clusters, layout.table_clusters) {
                return layout;
            }
            (layout.block_clusters, layout.table_clusters) = (blocks, table);
        }
    }

    /// All clusters that the image begins with.
    fn clusters(&self) -> u64 {
        let l1 = (self.l1_bytes() as u64).div_ceil(self.cluster_size);
        1 + self.table_clusters + self.block_clusters + l1
    }

    /// Bytes in the L1 table, at most `L1_MAX`.
    fn l1_bytes(&self) -> usize {
        self.l1_entries as usize * 8
    }

    fn table_offset(&self) -> u64 {
        self.cluster_size
    }

    fn blocks_offset(&self) -> u64 {
        self.table_offset() + self.table_clusters * self.cluster_size
    }

    /// Also where an L1 table would begin that has no entries.
    fn l1_offset(&self) -> u64 {
        self.blocks_offset() + self.block_clusters * self.cluster_size
    }

    fn refcount_table(&self) -> Vec<u8> {
        let mut table: Vec<u8> = (0..self.block_clusters)
            .flat_map(|block| (self.blocks_offset() + block * self.cluster_size).to_be_bytes())
            .collect();
        table.resize((self.table_clusters * self.cluster_size) as usize, 0);
        table
    }

    /// The refcount blocks, with 1 for each cluster that the image begins with.
    fn refcount_blocks(&self, refcount_bits: u64) -> Vec<u8> {
        let mut blocks = vec![0; (self.block_clusters * self.cluster_size) as usize];
        for cluster in 0..self.clusters() {
            let bit = cluster * refcount_bits;
            // Counts of less than a byte fill it from its lowest bit up; larger ones are
            // big-endian, so that the 1 is in their last byte.
            let (byte, value) = if refcount_bits < 8 {
                (bit / 8, 1 << (bit % 8))
            } else {
                (bit / 8 + refcount_bits / 8 - 1, 1)
            };
            blocks[byte as usize] |= value;
        }
        blocks
    }
}

/// Forgets what the storage held and gives it the length of a new image.
fn empty(storage: &Storage, length: u64) -> io::Result<()> {
    use imago::storage::PreallocateMode;
    match storage.resize(0, PreallocateMode::None) {
        // Images within images keep their size; what the new one does not refer to is unused.
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
        Err(error) => Err(error),
        Ok(()) => storage.resize(length, PreallocateMode::None),
    }
}

fn cannot_resize(source: io::Error) -> Error {
    Error::While { what: "Could not resize image".into(), source }
}
