//! Information about nodes and images, for `query-named-block-nodes`.

use std::collections::HashMap;
use std::sync::Arc;

use super::driver::Driver;
use super::filename::{Filenames, resolve_backing};
use super::graph::Graph;
use super::inherit::CacheMode;
use super::node::Node;
use crate::error::Result;
use crate::image::dirty_bitmaps::DirtyBitmapInfo;
use crate::image::qcow2::Qcow2Image;
use crate::image::qcow2::bitmaps::StoredBitmapInfo;
use crate::image::qcow2::header::{CompressionType, Header};
use crate::image::qcow2::snapshots::Snapshot;
use crate::options::BlockdevDetectZeroesOptions;

/// The members of `BlockDeviceInfo` that a node determines.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NodeInfo {
    /// The name.
    pub node_name: String,
    /// The driver.
    pub driver: &'static str,
    /// Whether writes are refused.
    pub read_only: bool,
    /// Whether the node is active.
    pub active: bool,
    /// How the host caches.
    pub cache: CacheMode,
    /// How writes of zeroes are handled.
    pub detect_zeroes: BlockdevDetectZeroesOptions,
    /// The name of the image.
    pub filename: String,
    /// The name of the backing image.
    pub backing_filename: Option<String>,
    /// The length of the chain of backing images; 0 if they are not included.
    pub backing_depth: u32,
    /// The offset above which the next write is reported; 0 for no report.
    pub write_threshold: u64,
    /// The dirty bitmaps, the newest first.
    pub dirty_bitmaps: Vec<DirtyBitmapInfo>,
    /// The image, which is shared with the nodes above.
    pub image: Arc<ImageInfo>,
}

/// The members of `ImageInfo`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ImageInfo {
    /// The name of the image.
    pub filename: String,
    /// The format.
    pub format: &'static str,
    /// The size in bytes.
    pub virtual_size: u64,
    /// The bytes that the image occupies on the host.
    pub actual_size: Option<u64>,
    /// The cluster size in bytes.
    pub cluster_size: Option<u64>,
    /// Whether the image was not closed properly; absent for a node without an image.
    pub dirty: Option<bool>,
    /// The backing file, as named by the image.
    pub backing_filename: Option<String>,
    /// The backing file as a path that can be opened.
    pub full_backing_filename: Option<String>,
    /// The format of the backing file, as named by the image.
    pub backing_format: Option<String>,
    /// The internal snapshots.
    pub snapshots: Arc<[Snapshot]>,
    /// The members that only qcow2 images have.
    pub qcow2: Option<Qcow2Info>,
    /// The backing image, if it is included.
    pub backing_image: Option<Arc<ImageInfo>>,
}

/// The members of `ImageInfoSpecificQCow2`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Qcow2Info {
    /// The version: `0.10` or `1.1`.
    pub compat: &'static str,
    /// Whether clusters have subclusters.
    pub extended_l2: bool,
    /// Whether reference counts may be updated lazily.
    pub lazy_refcounts: bool,
    /// The external data file, as named by the image.
    pub data_file: Option<String>,
    /// Whether the data file is a valid raw image; `None` without a data file.
    pub data_file_raw: Option<bool>,
    /// Whether the image is marked as corrupt.
    pub corrupt: bool,
    /// The width of a reference count in bits.
    pub refcount_bits: u32,
    /// The compression of clusters.
    pub compression_type: CompressionType,
    /// The persistent bitmaps, in the order of the image.
    pub bitmaps: Vec<StoredBitmapInfo>,
}

impl Qcow2Info {
    fn new(header: &Header, bitmaps: Vec<StoredBitmapInfo>) -> Self {
        Qcow2Info {
            compat: header.compat(),
            extended_l2: header.extended_l2(),
            lazy_refcounts: header.lazy_refcounts(),
            data_file: header.data_file().map(str::to_owned),
            data_file_raw: header.has_data_file().then(|| header.data_file_raw()),
            corrupt: header.corrupt(),
            refcount_bits: header.refcount_bits(),
            compression_type: header.compression_type(),
            bitmaps,
        }
    }
}

/// Whether information about a node contains that about its backing images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackingImages {
    /// The information contains that about the backing image, which contains the next one.
    Nested,
    /// Backing images are left out, as with the argument `flat` of `query-named-block-nodes`.
    Omitted,
}

impl Node {
    /// What `query-named-block-nodes` reports about the node.
    ///
    /// # Errors
    /// [`Error::Io`](crate::error::Error::Io) if a size cannot be determined.
    pub fn info(&self, backing_images: BackingImages) -> Result<NodeInfo> {
        InfoReader::new(backing_images).node(self)
    }

    /// The bytes that the image occupies on the host, if it is stored in a file.
    pub fn allocated_size(&self) -> Option<u64> {
        match self.driver {
            Driver::File | Driver::HostCdrom | Driver::HostDevice => {
                self.with_host_file(|file| file.allocated_size().ok()).flatten()
            }
            Driver::Raw | Driver::Filter(_) => self.file()?.allocated_size(),
            Driver::Qcow2 => {
                let file = self.file()?.allocated_size()?;
                match self.data_file() {
                    Some(data_file) => Some(file + data_file.allocated_size()?),
                    None => Some(file),
                }
            }
            Driver::NullCo => Some(0),
            // As in QEMU, where blkdebug is a protocol that does not report its size.
            Driver::Blkdebug => None,
            Driver::MirrorTop
            | Driver::CopyOnRead
            | Driver::CommitTop
            | Driver::CopyBeforeWrite => self.backing()?.allocated_size(),
        }
    }
}

impl Graph {
    /// As [`Node::info`], for all open nodes, the newest first. Each image is read once.
    ///
    /// # Errors
    /// [`Error::Io`](crate::error::Error::Io) if a size cannot be determined.
    pub fn info(&self, backing_images: BackingImages) -> Result<Vec<NodeInfo>> {
        let mut reader = InfoReader::new(backing_images);
        self.nodes().iter().map(|node| reader.node(node)).collect()
    }
}

/// Reads the information about nodes, and each image once: a chain of images contains each of them
/// as often as there are images above.
#[derive(Debug)]
struct InfoReader {
    backing_images: BackingImages,
    names: Filenames,
    /// The images by the names of their nodes, and the lengths of their backing chains.
    images: HashMap<String, (Arc<ImageInfo>, u32)>,
}

impl InfoReader {
    fn new(backing_images: BackingImages) -> Self {
        InfoReader { backing_images, names: Filenames::default(), images: HashMap::new() }
    }

    fn node(&mut self, node: &Node) -> Result<NodeInfo> {
        let (image, backing_depth) = self.image(node)?;
        // The child of a filter is not a backing image.
        let backing = node.backing().filter(|_| !node.driver().is_filter());
        Ok(NodeInfo {
            node_name: node.name().to_owned(),
            driver: node.driver().name(),
            read_only: node.is_read_only(),
            active: node.is_active(),
            cache: node.cache(),
            detect_zeroes: node.detect_zeroes(),
            filename: image.filename.clone(),
            backing_filename: backing.map(|backing| self.names.filename(&backing).to_string()),
            backing_depth,
            write_threshold: node.write_threshold(),
            dirty_bitmaps: node.dirty_bitmaps().infos(),
            image,
        })
    }

    fn image(&mut self, node: &Node) -> Result<(Arc<ImageInfo>, u32)> {
        if let Some(known) = self.images.get(node.name()) {
            return Ok(known.clone());
        }
        let backing = node
            .filtered_or_backing()
            .or_else(|| node.blkdebug_image())
            .filter(|_| self.backing_images == BackingImages::Nested);
        let backing = backing.map(|backing| self.image(&backing)).transpose()?;
        let depth = backing.as_ref().map_or(0, |(_, depth)| depth + 1);
        let filename = self.names.filename(node).to_string();
        let backing_image = backing.map(|(image, _)| image);
        let read = (Arc::new(image_info(node, filename, backing_image)?), depth);
        self.images.insert(node.name().to_owned(), read.clone());
        Ok(read)
    }
}

fn image_info(
    node: &Node,
    filename: String,
    backing_image: Option<Arc<ImageInfo>>,
) -> Result<ImageInfo> {
    let header = node.qcow2_header();
    let header = header.as_deref();
    let stored = node.qcow2_image().map(Qcow2Image::stored_bitmaps).unwrap_or_default();
    let named = header.and_then(Header::backing_file).filter(|name| !name.is_empty());
    Ok(ImageInfo {
        filename,
        format: node.driver().name(),
        virtual_size: node.size()?,
        actual_size: node.allocated_size(),
        cluster_size: node.cluster_size(),
        dirty: is_dirty(node),
        backing_filename: named.map(str::to_owned),
        full_backing_filename: named
            .and_then(|name| node.file().map(|file| resolve_backing(&file, name))),
        backing_format: header
            .filter(|_| named.is_some())
            .and_then(Header::backing_format)
            .map(str::to_owned),
        snapshots: node.with_snapshots(|image| Ok(image.snapshots())).unwrap_or_default(),
        qcow2: header.map(|header| Qcow2Info::new(header, stored)),
        backing_image,
    })
}

fn is_dirty(node: &Node) -> Option<bool> {
    match node.driver() {
        // As in QEMU, where the driver for CD-ROM drives reports nothing.
        Driver::NullCo | Driver::HostCdrom => None,
        Driver::Blkdebug | Driver::Raw | Driver::Filter(_) => is_dirty(&*node.file()?),
        Driver::File | Driver::HostDevice => Some(false),
        Driver::Qcow2 => node.qcow2_header().as_deref().map(Header::dirty),
        Driver::MirrorTop | Driver::CopyOnRead | Driver::CommitTop | Driver::CopyBeforeWrite => {
            is_dirty(&*node.backing()?)
        }
    }
}
