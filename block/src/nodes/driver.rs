//! The drivers of nodes.

/// The drivers of nodes: those that a client can describe, and the filters of jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Driver {
    /// Another node, with errors injected into its requests.
    Blkdebug,
    /// A file of the host.
    File,
    /// A CD-ROM drive of the host.
    HostCdrom,
    /// A block device of the host.
    HostDevice,
    /// The bytes of another node, unchanged.
    Raw,
    /// A qcow2 image in another node.
    Qcow2,
    /// No storage: reads give zeroes, and writes are discarded.
    NullCo,
    /// The filter above the source of a mirror or of an active commit.
    MirrorTop,
    /// The filter above the node into which a stream copies.
    CopyOnRead,
    /// The filter above the top node from which a commit copies.
    CommitTop,
    /// The filter above the source of a backup.
    CopyBeforeWrite,
}

impl Driver {
    /// The name in the schema (`BlockdevDriver`).
    pub fn name(self) -> &'static str {
        match self {
            Driver::Blkdebug => "blkdebug",
            Driver::File => "file",
            Driver::HostCdrom => "host_cdrom",
            Driver::HostDevice => "host_device",
            Driver::Raw => "raw",
            Driver::Qcow2 => "qcow2",
            Driver::NullCo => "null-co",
            Driver::MirrorTop => "mirror_top",
            Driver::CopyOnRead => "copy-on-read",
            Driver::CommitTop => "commit_top",
            Driver::CopyBeforeWrite => "copy-before-write",
        }
    }

    /// Whether nodes of the driver have data of their own, and no child with the data.
    pub fn is_protocol(self) -> bool {
        match self {
            Driver::File | Driver::HostCdrom | Driver::HostDevice | Driver::NullCo => true,
            Driver::Blkdebug
            | Driver::Raw
            | Driver::Qcow2
            | Driver::MirrorTop
            | Driver::CopyOnRead
            | Driver::CommitTop
            | Driver::CopyBeforeWrite => false,
        }
    }

    /// Whether the driver is a filter of a job: it shows another node unchanged.
    pub fn is_filter(self) -> bool {
        match self {
            Driver::MirrorTop
            | Driver::CopyOnRead
            | Driver::CommitTop
            | Driver::CopyBeforeWrite => true,
            Driver::Blkdebug
            | Driver::File
            | Driver::HostCdrom
            | Driver::HostDevice
            | Driver::Raw
            | Driver::Qcow2
            | Driver::NullCo => false,
        }
    }

    /// Whether no job may freeze a link to a node of the driver: its own job removes the node from
    /// the chain.
    pub(super) fn never_frozen(self) -> bool {
        match self {
            Driver::MirrorTop | Driver::CommitTop => true,
            Driver::CopyOnRead
            | Driver::CopyBeforeWrite
            | Driver::Blkdebug
            | Driver::File
            | Driver::HostCdrom
            | Driver::HostDevice
            | Driver::Raw
            | Driver::Qcow2
            | Driver::NullCo => false,
        }
    }
}
