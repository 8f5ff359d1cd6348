//! `x-blockdev-amend`: options of an existing image, changed by a job.

use job::Jobs;
use qapi_core::{Result, qapi_command, qapi_enum, qapi_struct, qapi_union};

use crate::jobs;
use crate::nodes::Graph;

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

/// How an image is encrypted.
#[qapi_enum(since = "2.6")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QCryptoBlockFormat {
    /// As the first version of qcow did.
    Qcow,
    /// LUKS.
    Luks,
}

/// What to change of how an image is encrypted.
#[qapi_union(discriminator = "format", tag = QCryptoBlockFormat, since = "5.1")]
#[derive(Debug, Clone)]
pub enum QCryptoBlockAmendOptions {
    /// Nothing.
    Qcow,
    /// The keys.
    Luks(Box<QCryptoBlockAmendOptionsLuks>),
}

/// What to change of the keys.
#[qapi_struct(name = "QCryptoBlockAmendOptionsLUKS", since = "5.1")]
#[derive(Debug, Clone)]
pub struct QCryptoBlockAmendOptionsLuks {
    /// Whether to add a key or to remove it.
    pub state: QCryptoBlockLuksKeyslotState,
    /// The secret with the key to be added.
    pub new_secret: Option<String>,
    /// The secret with the key to be removed.
    pub old_secret: Option<String>,
    /// The slot of the key.
    pub keyslot: Option<i64>,
    /// How long it takes to derive the key, in milliseconds.
    pub iter_time: Option<i64>,
    /// The secret that opens the image.
    pub secret: Option<String>,
}

/// What a slot for a key is to be.
#[qapi_enum(name = "QCryptoBlockLUKSKeyslotState", since = "5.1")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QCryptoBlockLuksKeyslotState {
    /// In use.
    Active,
    /// Empty.
    Inactive,
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

/// Begins to change options of an image. The job must be dismissed by `job-dismiss`, so that its
/// result can be read.
///
/// # Errors
/// There is no such node, it has another driver or one without options to be changed, or the job
/// cannot be made. What is wrong with the options is the job's error.
#[qapi_command(name = "x-blockdev-amend", since = "5.1", features(unstable), allow_preconfig)]
pub fn x_blockdev_amend(
    #[qapi(state)] jobs: &Jobs,
    #[qapi(state)] graph: &Graph,
    /// The job's identifier.
    job_id: String,
    /// The node with the image.
    node_name: &str,
    /// What to change.
    options: BlockdevAmendOptions,
    /// Whether to do also what may lose data.
    #[expect(unused_variables, reason = "there is nothing that could be forced")]
    force: Option<bool>,
) -> Result<()> {
    jobs::amend::start(jobs, graph, job_id, node_name, options)
}
