//! The types of `x-blockdev-amend`.

use qapi_core::{qapi_enum, qapi_struct, qapi_union};

use super::encryption::{QCryptoBlockAmendOptions, QCryptoBlockAmendOptionsLuks};

/// The drivers with options to be changed, and the others that a node can have.
#[qapi_enum(since = "2.9")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockdevAmendDriver {
    /// Another node, with faults on demand.
    Blkdebug,
    /// A file of the host.
    File,
    /// An encrypted image. No node has this driver.
    #[qapi(since = "2.9")]
    Luks,
    /// Nothing.
    NullCo,
    /// A qcow2 image.
    Qcow2,
    /// The bytes of another node as they are.
    Raw,
}

/// What to change of an image.
#[qapi_union(discriminator = "driver", tag = BlockdevAmendDriver, since = "5.1")]
#[derive(Debug, Clone)]
pub enum BlockdevAmendOptions {
    /// Nothing.
    Blkdebug,
    /// Nothing.
    File,
    /// Of an encrypted image.
    Luks(Box<BlockdevAmendOptionsLuks>),
    /// Nothing.
    NullCo,
    /// Of a qcow2 image.
    Qcow2(Box<BlockdevAmendOptionsQcow2>),
    /// Nothing.
    Raw,
}

/// What to change of an encrypted image.
#[qapi_struct(name = "BlockdevAmendOptionsLUKS", since = "5.1")]
#[derive(Debug, Clone)]
pub struct BlockdevAmendOptionsLuks {
    /// The keys.
    #[qapi(base)]
    pub keys: QCryptoBlockAmendOptionsLuks,
}

/// What to change of a qcow2 image.
#[qapi_struct(since = "5.1")]
#[derive(Debug, Clone)]
pub struct BlockdevAmendOptionsQcow2 {
    /// The keys of an encrypted image. Images are not encrypted here, so that this fails.
    pub encrypt: Option<QCryptoBlockAmendOptions>,
}

impl BlockdevAmendOptions {
    /// The driver that a node must have.
    pub fn driver(&self) -> BlockdevAmendDriver {
        match self {
            Self::Blkdebug => BlockdevAmendDriver::Blkdebug,
            Self::File => BlockdevAmendDriver::File,
            Self::Luks(_) => BlockdevAmendDriver::Luks,
            Self::NullCo => BlockdevAmendDriver::NullCo,
            Self::Qcow2(_) => BlockdevAmendDriver::Qcow2,
            Self::Raw => BlockdevAmendDriver::Raw,
        }
    }
}
