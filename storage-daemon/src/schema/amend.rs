//! The types of `x-blockdev-amend`.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

use super::encryption::{QCryptoBlockAmendOptions, QCryptoBlockAmendOptionsLuks};

/// The drivers that `x-blockdev-amend` accepts: the drivers of nodes, and `luks`.
#[qapi_enum(since = "2.9")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockdevAmendDriver {
    /// The driver that injects errors.
    Blkdebug,
    /// The filter that compresses.
    #[qapi(since = "5.0")]
    Compress,
    /// The filter that copies on reads.
    #[qapi(since = "3.0")]
    CopyOnRead,
    /// A file of the host.
    File,
    /// A CD-ROM drive of the host.
    #[qapi(name = "host_cdrom", name_exception)]
    HostCdrom,
    /// A block device of the host.
    #[qapi(name = "host_device", name_exception)]
    HostDevice,
    /// An encrypted image. No node of this program has this driver.
    #[qapi(since = "2.9")]
    Luks,
    /// The driver without storage.
    NullCo,
    /// The filter that preallocates.
    #[qapi(since = "6.0")]
    Preallocate,
    /// A qcow2 image.
    Qcow2,
    /// A raw image.
    Raw,
    /// The filter that limits rates.
    #[qapi(since = "2.11")]
    Throttle,
}

/// The options of an image to change.
#[qapi_union(discriminator = "driver", tag = BlockdevAmendDriver, since = "5.1")]
#[derive(Debug, Clone)]
pub enum BlockdevAmendOptions {
    /// No options.
    Blkdebug,
    /// No options.
    Compress,
    /// No options.
    CopyOnRead,
    /// No options.
    File,
    /// No options.
    HostCdrom,
    /// No options.
    HostDevice,
    /// The options of an encrypted image.
    Luks(Box<BlockdevAmendOptionsLuks>),
    /// No options.
    NullCo,
    /// No options.
    Preallocate,
    /// The options of a qcow2 image.
    Qcow2(Box<BlockdevAmendOptionsQcow2>),
    /// No options.
    Raw,
    /// No options.
    Throttle,
}

/// The options of an encrypted image to change.
#[qapi_struct(name = "BlockdevAmendOptionsLUKS", since = "5.1")]
#[derive(Debug, Clone)]
pub struct BlockdevAmendOptionsLuks {
    /// The keys.
    #[qapi(base)]
    pub keys: QCryptoBlockAmendOptionsLuks,
}

/// The options of a qcow2 image to change.
#[qapi_struct(since = "5.1")]
#[derive(Debug, Clone)]
pub struct BlockdevAmendOptionsQcow2 {
    /// The keys of an encrypted image. The job fails, as this program has no encrypted images.
    pub encrypt: Option<QCryptoBlockAmendOptions>,
}

impl BlockdevAmendOptions {
    /// The driver that the node must have.
    pub fn driver(&self) -> BlockdevAmendDriver {
        match self {
            Self::Blkdebug => BlockdevAmendDriver::Blkdebug,
            Self::Compress => BlockdevAmendDriver::Compress,
            Self::CopyOnRead => BlockdevAmendDriver::CopyOnRead,
            Self::File => BlockdevAmendDriver::File,
            Self::HostCdrom => BlockdevAmendDriver::HostCdrom,
            Self::HostDevice => BlockdevAmendDriver::HostDevice,
            Self::Luks(_) => BlockdevAmendDriver::Luks,
            Self::NullCo => BlockdevAmendDriver::NullCo,
            Self::Preallocate => BlockdevAmendDriver::Preallocate,
            Self::Qcow2(_) => BlockdevAmendDriver::Qcow2,
            Self::Raw => BlockdevAmendDriver::Raw,
            Self::Throttle => BlockdevAmendDriver::Throttle,
        }
    }
}
