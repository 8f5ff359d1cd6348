//! What the driver in the guest reads about the disk: features and the configuration space.

use std::fmt;

use virtio_bindings::virtio_blk::{
    VIRTIO_BLK_F_BLK_SIZE, VIRTIO_BLK_F_CONFIG_WCE, VIRTIO_BLK_F_DISCARD, VIRTIO_BLK_F_FLUSH,
    VIRTIO_BLK_F_MQ, VIRTIO_BLK_F_RO, VIRTIO_BLK_F_SEG_MAX, VIRTIO_BLK_F_SIZE_MAX,
    VIRTIO_BLK_F_TOPOLOGY, VIRTIO_BLK_F_WRITE_ZEROES,
};
use virtio_bindings::virtio_config::VIRTIO_F_VERSION_1;
use virtio_bindings::virtio_ring::{VIRTIO_RING_F_EVENT_IDX, VIRTIO_RING_F_INDIRECT_DESC};

/// The largest number of queues of a disk. The library for the transport names the queues of a
/// thread by the bits of one 64-bit number.
pub const MAX_QUEUES: u16 = 64;

/// The largest number of descriptors of a queue.
pub const QUEUE_SIZE: u16 = 256;

/// The unit of the capacity and of all positions, in bytes.
pub(crate) const SECTOR_SIZE: u64 = 512;

/// The most sectors of a discard, or of a request to write zeroes.
pub(crate) const MAX_RANGE_SECTORS: u32 = 32_768;

/// The offset of the byte that turns the write cache on and off.
pub(crate) const WRITE_CACHE_OFFSET: u32 = 32;

/// A request has a header, a status, and up to this number of further descriptors.
const MAX_SEGMENTS: u32 = 126;
const MAX_SEGMENT_SIZE: u32 = 65_536;
const BLOCK_SIZES: std::ops::RangeInclusive<u64> = 512..=2 << 20;

/// The properties of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceOptions {
    pub(crate) is_writable: bool,
    pub(crate) num_queues: u16,
    pub(crate) block_size: u32,
}

impl Default for DeviceOptions {
    /// A disk that cannot be written to, with one queue and blocks of 512 bytes.
    fn default() -> Self {
        DeviceOptions { is_writable: false, num_queues: 1, block_size: 512 }
    }
}

/// A property has a value that no disk can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidOption {
    /// There are no queues, or more than [`MAX_QUEUES`].
    NumQueues,
    /// The size of the blocks is not a power of 2 between 512 and 2 MiB.
    BlockSize,
}

impl fmt::Display for InvalidOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidOption::NumQueues => write!(f, "there must be 1 to {MAX_QUEUES} queues"),
            InvalidOption::BlockSize => {
                f.write_str("the block size must be a power of 2 between 512 and 2097152")
            }
        }
    }
}

impl std::error::Error for InvalidOption {}

impl DeviceOptions {
    /// Whether the guest may write to the disk.
    #[must_use]
    pub fn writable(mut self, writable: bool) -> Self {
        self.is_writable = writable;
        self
    }

    /// The number of queues.
    ///
    /// # Errors
    /// [`InvalidOption::NumQueues`]
    pub fn num_queues(mut self, queues: u16) -> Result<Self, InvalidOption> {
        if queues == 0 || queues > MAX_QUEUES {
            return Err(InvalidOption::NumQueues);
        }
        self.num_queues = queues;
        Ok(self)
    }

    /// The size of the blocks in bytes, in which the guest reads and writes.
    ///
    /// # Errors
    /// [`InvalidOption::BlockSize`]
    pub fn logical_block_size(mut self, size: u64) -> Result<Self, InvalidOption> {
        if !size.is_power_of_two() || !BLOCK_SIZES.contains(&size) {
            return Err(InvalidOption::BlockSize);
        }
        self.block_size = u32::try_from(size).map_err(|_| InvalidOption::BlockSize)?;
        Ok(self)
    }

    /// The virtio features that the device offers, as a mask.
    pub(crate) fn features(self) -> u64 {
        let offered = [
            VIRTIO_F_VERSION_1,
            VIRTIO_RING_F_INDIRECT_DESC,
            VIRTIO_RING_F_EVENT_IDX,
            VIRTIO_BLK_F_SIZE_MAX,
            VIRTIO_BLK_F_SEG_MAX,
            VIRTIO_BLK_F_TOPOLOGY,
            VIRTIO_BLK_F_BLK_SIZE,
            VIRTIO_BLK_F_FLUSH,
            VIRTIO_BLK_F_DISCARD,
            VIRTIO_BLK_F_WRITE_ZEROES,
            VIRTIO_BLK_F_CONFIG_WCE,
            VIRTIO_BLK_F_MQ,
        ];
        let read_only = (!self.is_writable).then_some(VIRTIO_BLK_F_RO);
        offered.into_iter().chain(read_only).fold(0, |mask, bit| mask | 1 << bit)
    }

    /// The configuration space of a disk with this size in bytes: `struct virtio_blk_config` of the
    /// virtio specification, section 5.2.4, without secure erase and zones.
    pub(crate) fn space(self, size: u64, write_cache: bool) -> Vec<u8> {
        let mut space = Vec::with_capacity(60);
        space.extend((size / SECTOR_SIZE).to_le_bytes());
        space.extend(MAX_SEGMENT_SIZE.to_le_bytes());
        space.extend(MAX_SEGMENTS.to_le_bytes());
        let no_geometry = [0; 4];
        space.extend(no_geometry);
        space.extend(self.block_size.to_le_bytes());
        // Topology: blocks are physical ones, and the best request is one of them.
        space.extend([0, 0]);
        space.extend(1_u16.to_le_bytes());
        space.extend(1_u32.to_le_bytes());
        space.extend([u8::from(write_cache), 0]);
        space.extend(self.num_queues.to_le_bytes());
        let one_range = 1_u32.to_le_bytes();
        space.extend(MAX_RANGE_SECTORS.to_le_bytes());
        space.extend(one_range);
        let discard_alignment = self.block_size / SECTOR_SIZE as u32;
        space.extend(discard_alignment.to_le_bytes());
        space.extend(MAX_RANGE_SECTORS.to_le_bytes());
        space.extend(one_range);
        let may_unmap = [1, 0, 0, 0];
        space.extend(may_unmap);
        space
    }
}
