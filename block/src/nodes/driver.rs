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
    /// A filter that a client describes.
    Filter(FilterDriver),
}

/// The drivers of filters that a client can describe. Their nodes show the data of their child
/// `file` unchanged, and change how requests are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FilterDriver {
    /// Writes are compressed.
    Compress,
    /// Reads copy data from backing files into the image below.
    CopyOnRead,
    /// Space beyond the end of a file is allocated.
    Preallocate,
    /// Requests wait as a throttle group requires.
    Throttle,
}

impl FilterDriver {
    /// The name in the schema (`BlockdevDriver`).
    pub fn name(self) -> &'static str {
        match self {
            FilterDriver::Compress => "compress",
            FilterDriver::CopyOnRead => "copy-on-read",
            FilterDriver::Preallocate => "preallocate",
            FilterDriver::Throttle => "throttle",
        }
    }

    /// Whether nodes of the driver can be reopened with other options.
    pub(super) fn is_reopenable(self) -> bool {
        match self {
            FilterDriver::Compress | FilterDriver::CopyOnRead => false,
            FilterDriver::Preallocate | FilterDriver::Throttle => true,
        }
    }

    /// Whether nodes of the driver pass compressed writes on.
    pub(super) fn passes_compressed(self) -> bool {
        match self {
            FilterDriver::Compress | FilterDriver::Preallocate => false,
            FilterDriver::CopyOnRead | FilterDriver::Throttle => true,
        }
    }
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
            Driver::Filter(filter) => filter.name(),
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
            | Driver::CopyBeforeWrite
            | Driver::Filter(_) => false,
        }
    }

    /// Whether nodes of the driver show another node unchanged.
    pub fn is_filter(self) -> bool {
        self.is_job_filter() || matches!(self, Driver::Filter(_))
    }

    /// Whether the driver is a filter that a job inserts.
    pub(super) fn is_job_filter(self) -> bool {
        match self {
            Driver::MirrorTop
            | Driver::CopyOnRead
            | Driver::CommitTop
            | Driver::CopyBeforeWrite => true,
            Driver::Filter(_)
            | Driver::Blkdebug
            | Driver::File
            | Driver::HostCdrom
            | Driver::HostDevice
            | Driver::Raw
            | Driver::Qcow2
            | Driver::NullCo => false,
        }
    }

    /// The name of the link of a node to the next one of its chain.
    pub(super) fn link(self) -> &'static str {
        match self {
            Driver::CopyOnRead | Driver::CopyBeforeWrite | Driver::Filter(_) => "file",
            Driver::MirrorTop
            | Driver::CommitTop
            | Driver::Blkdebug
            | Driver::File
            | Driver::HostCdrom
            | Driver::HostDevice
            | Driver::Raw
            | Driver::Qcow2
            | Driver::NullCo => "backing",
        }
    }

    /// Whether no job may freeze a link to a node of the driver: its own job removes the node from
    /// the chain.
    pub(super) fn never_frozen(self) -> bool {
        match self {
            Driver::MirrorTop | Driver::CommitTop => true,
            Driver::CopyOnRead
            | Driver::CopyBeforeWrite
            | Driver::Filter(_)
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
