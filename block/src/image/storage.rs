//! Bytes below an image: host files, and everything else that an image can be stored in.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustix::io::Errno;

use super::blkdebug::rules::Rules;
use super::extent::Extent;
use super::zeroes::write_zero_data;

/// `PreallocMode` of QAPI: how much space is allocated for a new image, or for the new bytes of an
/// image that grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preallocation {
    /// No preallocation.
    #[default]
    Off,
    /// The metadata of the format.
    Metadata,
    /// The metadata, and the space on the host.
    Falloc,
    /// The metadata, and the space on the host by writing zeroes.
    Full,
}

impl Preallocation {
    /// The name in the schema.
    pub fn name(self) -> &'static str {
        match self {
            Preallocation::Off => "off",
            Preallocation::Metadata => "metadata",
            Preallocation::Falloc => "falloc",
            Preallocation::Full => "full",
        }
    }
}

/// The space of a range that is made zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZeroMode {
    /// The storage may free the space.
    MayUnmap,
    /// The space stays allocated.
    Allocated,
    /// As [`ZeroMode::Allocated`]. [`io::ErrorKind::Unsupported`] if zeroes would have to be
    /// written.
    AllocatedAtOnce,
}

impl ZeroMode {
    /// Whether zeroes are written where the storage has no quicker way.
    pub(crate) fn may_write(self) -> bool {
        match self {
            ZeroMode::MayUnmap | ZeroMode::Allocated => true,
            ZeroMode::AllocatedAtOnce => false,
        }
    }
}

/// Bytes in which an image is stored.
///
/// All methods block, and may be called from any number of threads at once. The effect of writes
/// that overlap in time and place is that of one of them for each byte. The form of
/// [`Display`](fmt::Display) names the storage in messages.
pub trait BlockStorage: fmt::Debug + fmt::Display + Send + Sync + 'static {
    /// The size in bytes.
    ///
    /// # Errors
    /// Those of the system.
    fn size(&self) -> io::Result<u64>;

    /// Reads from `offset` until `buffer` is full. Bytes beyond the end read as zeroes.
    ///
    /// # Errors
    /// Those of the system.
    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Writes all of `data` at `offset`. A write beyond the end enlarges a storage without fixed
    /// size.
    ///
    /// # Errors
    /// Those of the system.
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()>;

    /// Makes a range read as zeroes. By default, zeroes are written.
    ///
    /// # Errors
    /// Those of the system.
    fn write_zeroes(&self, offset: u64, length: u64, mode: ZeroMode) -> io::Result<()> {
        if !mode.may_write() {
            return Err(Errno::NOTSUP.into());
        }
        write_zero_data(offset, length, |offset, zeroes| self.write(offset, zeroes))
    }

    /// Frees the space of a range for an image that has no other data there, and makes the range
    /// read as zeroes. By default, zeroes are written.
    ///
    /// # Errors
    /// Those of the system.
    fn discard_to_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        self.write_zeroes(offset, length, ZeroMode::MayUnmap)
    }

    /// Frees the space of a range, whose contents are undefined then. By default, nothing happens.
    ///
    /// # Errors
    /// Those of the system. A storage that cannot free space does not fail.
    fn discard(&self, _offset: u64, _length: u64) -> io::Result<()> {
        Ok(())
    }

    /// Flushes all completed writes to the host, if the storage has a cache of its own. By default,
    /// it has none.
    ///
    /// # Errors
    /// Those of the system.
    fn flush(&self) -> io::Result<()> {
        Ok(())
    }

    /// Flushes all completed writes to the disk.
    ///
    /// # Errors
    /// Those of the system.
    fn sync(&self) -> io::Result<()>;

    /// Changes the size. New bytes read as zeroes. By default, the size is fixed.
    ///
    /// # Errors
    /// [`io::ErrorKind::Unsupported`] for a storage of fixed size; or those of the system.
    fn resize(&self, _size: u64, _preallocation: Preallocation) -> io::Result<()> {
        Err(Errno::NOTSUP.into())
    }

    /// The block status from `offset` on, for 1 to `length` bytes. `length` is more than 0 and the
    /// range lies within the storage. By default, all bytes are allocated and may be data.
    ///
    /// # Errors
    /// Those of the system.
    fn extent(&self, _offset: u64, length: u64) -> io::Result<Extent> {
        Ok(Extent { length, zero: false, allocated: true })
    }

    /// Writes whole clusters, compressed if that makes them smaller. By default, nothing is
    /// compressed.
    ///
    /// # Errors
    /// As for [`BlockStorage::write`]; [`io::ErrorKind::Unsupported`] for a storage without
    /// compression.
    fn write_compressed(&self, _offset: u64, _data: &[u8]) -> io::Result<()> {
        Err(Errno::NOTSUP.into())
    }

    /// Copies the data of the backing file in a range into the image, where the image has none. By
    /// default, there is no backing file.
    ///
    /// # Errors
    /// As for [`BlockStorage::write`].
    fn copy_on_read(&self, _offset: u64, _length: u64) -> io::Result<()> {
        Ok(())
    }

    /// The cluster size in bytes, if the storage is an image with clusters.
    fn cluster_size(&self) -> Option<u64> {
        None
    }

    /// The alignment of requests in bytes, a power of two, from which on a request needs neither a
    /// copy nor a read before a write. Other requests are slower, but have the same effect. By
    /// default, it is 1.
    fn request_alignment(&self) -> u64 {
        1
    }

    /// The rules of the blkdebug node to which requests pass directly, if there is one. An image on
    /// such a storage reports its events to them. By default, there is none.
    fn blkdebug_rules(&self) -> Option<Arc<Rules>> {
        None
    }
}

/// A handle to a storage. Clones are handles to the same storage.
///
/// It stands for a [`HostFile`](super::host_file::HostFile), a range of another storage, another
/// image, and so on.
#[derive(Clone, Debug)]
pub struct Storage(Arc<dyn BlockStorage>);

impl Storage {
    /// A handle to a new storage.
    pub fn new(storage: impl BlockStorage) -> Self {
        Storage(Arc::new(storage))
    }

    /// As [`BlockStorage::size`].
    ///
    /// # Errors
    /// As for [`BlockStorage::size`].
    pub fn size(&self) -> io::Result<u64> {
        self.0.size()
    }

    /// As [`BlockStorage::read`].
    ///
    /// # Errors
    /// As for [`BlockStorage::read`].
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        if buffer.is_empty() { Ok(()) } else { self.0.read(offset, buffer) }
    }

    /// As [`BlockStorage::write`].
    ///
    /// # Errors
    /// As for [`BlockStorage::write`].
    pub fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if data.is_empty() { Ok(()) } else { self.0.write(offset, data) }
    }

    /// Makes a range read as zeroes. May free its space.
    ///
    /// # Errors
    /// As for [`BlockStorage::write_zeroes`].
    pub fn write_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        self.zero(offset, length, ZeroMode::MayUnmap)
    }

    /// Makes a range read as zeroes, and leaves its space allocated.
    ///
    /// # Errors
    /// As for [`BlockStorage::write_zeroes`].
    pub fn write_allocated_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        self.zero(offset, length, ZeroMode::Allocated)
    }

    /// As [`BlockStorage::write_zeroes`].
    ///
    /// # Errors
    /// As for [`BlockStorage::write_zeroes`].
    pub fn zero(&self, offset: u64, length: u64, mode: ZeroMode) -> io::Result<()> {
        if length == 0 { Ok(()) } else { self.0.write_zeroes(offset, length, mode) }
    }

    /// As [`BlockStorage::discard_to_zeroes`].
    ///
    /// # Errors
    /// As for [`BlockStorage::discard_to_zeroes`].
    pub fn discard_to_zeroes(&self, offset: u64, length: u64) -> io::Result<()> {
        if length == 0 { Ok(()) } else { self.0.discard_to_zeroes(offset, length) }
    }

    /// As [`BlockStorage::discard`].
    ///
    /// # Errors
    /// As for [`BlockStorage::discard`].
    pub fn discard(&self, offset: u64, length: u64) -> io::Result<()> {
        if length == 0 { Ok(()) } else { self.0.discard(offset, length) }
    }

    /// As [`BlockStorage::flush`].
    ///
    /// # Errors
    /// As for [`BlockStorage::flush`].
    pub fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }

    /// As [`BlockStorage::sync`].
    ///
    /// # Errors
    /// As for [`BlockStorage::sync`].
    pub fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }

    /// As [`BlockStorage::resize`].
    ///
    /// # Errors
    /// As for [`BlockStorage::resize`].
    pub fn resize(&self, size: u64, preallocation: Preallocation) -> io::Result<()> {
        self.0.resize(size, preallocation)
    }

    /// As [`BlockStorage::extent`].
    ///
    /// # Errors
    /// As for [`BlockStorage::extent`].
    pub fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        self.0.extent(offset, length)
    }

    /// As [`BlockStorage::write_compressed`].
    ///
    /// # Errors
    /// As for [`BlockStorage::write_compressed`].
    pub fn write_compressed(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write_compressed(offset, data)
    }

    /// As [`BlockStorage::copy_on_read`].
    ///
    /// # Errors
    /// As for [`BlockStorage::copy_on_read`].
    pub fn copy_on_read(&self, offset: u64, length: u64) -> io::Result<()> {
        self.0.copy_on_read(offset, length)
    }

    /// As [`BlockStorage::cluster_size`].
    pub fn cluster_size(&self) -> Option<u64> {
        self.0.cluster_size()
    }

    /// As [`BlockStorage::request_alignment`].
    pub fn request_alignment(&self) -> u64 {
        self.0.request_alignment()
    }

    /// As [`BlockStorage::blkdebug_rules`].
    pub fn blkdebug_rules(&self) -> Option<Arc<Rules>> {
        self.0.blkdebug_rules()
    }
}

impl<S: BlockStorage> From<Arc<S>> for Storage {
    fn from(storage: Arc<S>) -> Self {
        Storage(storage)
    }
}

impl fmt::Display for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
