//! Formatting a node as qcow2.
//!
//! The first clusters of a new image hold, in this order: the header, the refcount table, the
//! refcount blocks for all that is written here, and the L1 table. All that is not preallocated
//! is made by hand; the image library adds the rest.

mod check;
mod header;
mod layout;

use super::Preallocation;
use crate::error::{Error, Result};
use crate::image::FormatLayer;
use crate::image::permissions::{Access, Permissions};
use crate::image::qcow2::header::CompressionType;
use crate::image::storage::Storage;
use crate::nodes::options::Child;
use crate::nodes::{BorrowedNode, Graph, NodeUse, Reservation};
use imago::format::PreallocateMode;
use imago::qcow2::Qcow2;
use imago::{DenyImplicitOpenGate, FormatAccess, FormatDriverBuilder, Storage as _, StorageExt};
use layout::Layout;
use nix::errno::Errno;
use std::io;

/// The largest size of any image, in bytes: 2^63 less the largest alignment.
const SIZE_MAX: u64 = (1 << 63) - (1 << 30);
/// The largest L1 table, in bytes.
const L1_MAX: u64 = 32 << 20;

/// `BlockdevQcow2Version`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Qcow2Version {
    /// Without zero clusters and feature bits.
    V2,
    /// The present one.
    #[default]
    V3,
}

/// `BlockdevCreateOptionsQcow2`.
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
    /// Whether clusters are divided into 32 parts each, which can be allocated singly.
    pub extended_l2: bool,
    /// How clusters that are to be compressed will be.
    pub compression_type: CompressionType,
    /// The node for the data, if it is to be apart from the tables.
    pub data_file: Option<Child>,
    /// Whether the data file is to be usable as a raw image.
    pub data_file_raw: bool,
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
            extended_l2: false,
            compression_type: CompressionType::default(),
            data_file: None,
            data_file_raw: false,
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
        let file = graph.borrow_child(self.file.clone())?;
        self.check()?;
        let data_file =
            self.data_file.clone().map(|child| graph.borrow_child(child)).transpose()?;
        let _file_kept = reserve(graph, &file)?;
        let _data_file_kept = data_file.as_ref().map(|node| reserve(graph, node)).transpose()?;
        let names = Names {
            backing_file: self.backing_file.clone(),
            data_file: data_file.as_ref().map(|file| graph.filename(file.node())),
        };
        self.check_names(&names)?;
        if let Some(data_file) = &data_file {
            data_file.node().grow(self.size)?;
        }
        let storage = file.node().storage();
        let layout = self.layout()?;
        let cannot_write = |source| {
            let what = "Could not write qcow2 header".into();
            Error::While { what, source }
        };
        match self.library_mode() {
            None => self.write(&storage, &layout, &names).map_err(cannot_write)?,
            Some(mode) => {
                // The library allocates what an image grows by: so it starts from nothing.
                let empty = Qcow2Create { size: 0, ..self.clone() };
                let layout = Layout::new(self.cluster_size, self.refcount_bits, 0);
                empty.write(&storage, &layout, &names).map_err(cannot_write)?;
                self.preallocate(&storage, mode).map_err(cannot_resize)?;
            }
        }
        file.node().flush()
    }

    fn layout(&self) -> Result<Layout> {
        if i64::try_from(self.size).is_err() {
            return Err(Error::InvalidOption(
                "Could not resize image: Image size cannot be negative".into(),
            ));
        }
        if self.size > SIZE_MAX {
            return Err(Error::InvalidOption(format!(
                "Could not resize image: offset({}) exceeds maximum({SIZE_MAX})",
                self.size
            )));
        }
        let bytes_per_entry = if self.extended_l2 { 16 } else { 8 };
        let bytes_per_l2 = self.cluster_size * (self.cluster_size / bytes_per_entry);
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
    fn write(&self, storage: &Storage, layout: &Layout, names: &Names) -> io::Result<()> {
        empty(storage, layout.clusters() * self.cluster_size)?;
        storage.write(layout.refcount_table().as_slice(), layout.table_offset())?;
        let blocks = layout.refcount_blocks(self.refcount_bits);
        storage.write(blocks.as_slice(), layout.blocks_offset())?;
        storage.write(vec![0; layout.l1_bytes()].as_slice(), layout.l1_offset())?;
        // Last: before the header is there, the node holds no image at all.
        storage.write(self.header(layout, names).as_slice(), 0)?;
        storage.flush()
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

/// The names that the header of an image gives of other files.
#[derive(Debug)]
struct Names {
    backing_file: Option<String>,
    data_file: Option<String>,
}

/// Keeps a node as long as an image is made in it.
fn reserve(graph: &Graph, node: &BorrowedNode) -> Result<Reservation> {
    let takes = Permissions::WRITE | Permissions::RESIZE;
    let access = Access { takes, shares: Permissions::all() };
    let node = node.node().clone();
    let used = NodeUse::shared(node, "root", access);
    graph.reserve_unnamed([NodeUse { attached: true, unnamed: true, ..used }])
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
