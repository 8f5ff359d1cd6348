//! What can go wrong below the QMP commands, in the words that QEMU's clients know.
//!
//! Every text that a client sees because a node, an image or a copy failed is in this file.

use std::io;

/// An error of the node layer, the image formats or the copy engine.
///
/// All of them reach a client as class `GenericError` with [`Display`](std::fmt::Display) as the
/// description.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A root node was described without a name, so that nobody could ever refer to it.
    #[error("'node-name' must be specified for the root node")]
    NodeNameMissing,
    /// A node name does not follow the rules for identifiers.
    #[error("Invalid node-name: '{0}'")]
    NodeNameInvalid(String),
    /// A node name does not fit into the 31 bytes that QEMU allows.
    #[error("Node name too long")]
    NodeNameTooLong,
    /// The name is taken.
    #[error("Duplicate nodes with node-name='{0}'")]
    NodeNameDuplicate(String),
    /// A reference to a node that is not there, where a device name would do as well.
    #[error("Cannot find device='{device}' nor node-name='{node}'")]
    NodeUnknown {
        /// The name, where the command takes device names; else empty.
        device: String,
        /// The name that was looked for.
        node: String,
    },
    /// A node that is not there, where only node names are taken.
    #[error("Failed to find node with node-name='{0}'")]
    NodeNotFound(String),
    /// The graph holds as many nodes as it ever will.
    #[error("Too many nodes: at most {0} can exist")]
    TooManyNodes(usize),
    /// A chain of children or backing files that is longer than any sensible one.
    #[error("Too many nested nodes: at most {0} can be opened in one chain")]
    ChainTooDeep(usize),

    /// The node is needed by the exclusive work of another user.
    #[error("Node '{node}' is busy: {reason}")]
    NodeBusy {
        /// The node.
        node: String,
        /// Who uses it for what.
        reason: String,
    },
    /// The node is used by another node or a job.
    #[error("Block device {0} is in use")]
    NodeInUse(String),
    /// The node is used directly by a device or job.
    #[error("Node {0} is in use")]
    NodeAttached(String),
    /// The node has other nodes on top where only one without any will do.
    #[error("Need a root block node")]
    NotARoot,
    /// The node belongs to another node that was described in one go with it.
    #[error("Node {0} is not owned by the monitor")]
    NodeNotOwned(String),
    /// The driver of the node knows nothing of backing files.
    #[error("Driver of node '{0}' does not support backing files")]
    NoBackingFiles(String),
    /// A node would stand on itself.
    #[error("Making '{child}' a {role} child of '{parent}' would create a cycle")]
    Cycle {
        /// `backing` or `file`.
        role: &'static str,
        /// The node below.
        child: String,
        /// The node above, which is below as well.
        parent: String,
    },
    /// A write was asked of a read-only node.
    #[error("Block node is read-only")]
    NodeReadOnly,
    /// A node cannot be given another file while it is open.
    #[error("The 'file' child of '{0}' cannot be replaced by this program")]
    FileFixed(String),
    /// A node is to refuse writes that its users make.
    #[error("Read-only block node '{0}' cannot support read-write users")]
    NodeWritten(String),
    /// A node would get another option that it cannot change while it is open.
    #[error("Cannot change the option '{0}'")]
    OptionFixed(&'static str),
    /// A node would lose an option that it cannot change while it is open.
    #[error("Option '{0}' cannot be reset to its default value")]
    OptionNotResettable(&'static str),
    /// A node is described anew without a name.
    #[error("node-name not specified")]
    ReopenedNameMissing,
    /// The filter of a job cannot be changed by anyone else.
    #[error("Block format '{driver}' used by node '{node}' does not support reopening files")]
    NotReopenable {
        /// The driver.
        driver: &'static str,
        /// The node.
        node: String,
    },
    /// A node with a backing file is described anew without one.
    #[error("backing is missing for '{0}'")]
    BackingMissing(String),
    /// A job needs the node to keep its backing node.
    #[error("Cannot change frozen 'backing' link from '{parent}' to '{child}'")]
    BackingFrozen {
        /// The node above.
        parent: String,
        /// The node below.
        child: String,
    },
    /// A filter without a name of its own is in the way.
    #[error("Cannot replace implicit backing child of {0}")]
    ImplicitBacking(String),
    /// Two users of one node want what the other does not allow.
    #[error(
        "Permission conflict on node '{node}': permissions '{permissions}' are both required \
         by {required_by} and unshared by {unshared_by}."
    )]
    PermissionConflict {
        /// The node in the middle.
        node: String,
        /// The permissions in dispute.
        permissions: String,
        /// Who needs them.
        required_by: String,
        /// Who does not allow them.
        unshared_by: String,
    },
    /// Another process, or another node on the same file, holds a conflicting image lock.
    #[error("Failed to get {shared}\"{permission}\" lock")]
    ImageLocked {
        /// `shared ` when the lock would keep others from the permission, else empty.
        shared: &'static str,
        /// The permission in dispute.
        permission: &'static str,
    },

    /// A file cannot be opened.
    #[error("Could not open '{path}': {}", strerror(.source))]
    OpenFile {
        /// As the client wrote it.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// No file name was given.
    #[error("The 'file' block driver requires a file name")]
    FileNameMissing,
    /// The name leads to something that holds no bytes, such as a character device.
    #[error("'file' driver requires '{0}' to be a regular file")]
    NotARegularFile(String),
    /// An image in the chain below cannot be opened.
    #[error("Could not open backing file: {0}")]
    OpenBacking(#[source] Box<Error>),
    /// An image has its data where its tables are.
    #[error("'data-file' can only be set for images with an external data file")]
    DataFileUnknown,
    /// An image has its data apart from its tables, and does not say where.
    #[error("'data-file' is required for this image")]
    DataFileMissing,
    /// The image is not what its user took it for, or makes no sense.
    #[error("{0}")]
    InvalidImage(String),
    /// An image in a format that this program has no driver for.
    #[error("Unknown driver '{0}'")]
    UnknownFormat(String),
    /// The image needs something that this program does not have.
    #[error("Unsupported {format} feature(s): {features}")]
    UnsupportedFeature {
        /// The image format.
        format: &'static str,
        /// What the image needs.
        features: String,
    },
    /// A backing file was wanted below a node that can have none.
    #[error("Driver '{0}' does not support backing files")]
    BackingNotSupported(&'static str),
    /// An option has a value that the driver cannot use.
    #[error("{0}")]
    InvalidOption(String),

    /// Reading, writing or flushing failed.
    #[error("{}", strerror(.0))]
    Io(#[from] io::Error),
    /// As [`Error::Io`], with the work that failed.
    #[error("{what}: {}", strerror(.source))]
    While {
        /// The work, as in `Could not resize file`.
        what: String,
        /// Why.
        source: io::Error,
    },
}

/// A result of the node layer, the image formats or the copy engine.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A node missing where a command takes device names and node names alike.
    pub fn no_device_or_node(name: &str) -> Self {
        Error::NodeUnknown { device: name.to_owned(), node: name.to_owned() }
    }

    /// A node missing where a command takes node names only.
    pub fn no_node(name: &str) -> Self {
        Error::NodeUnknown { device: String::new(), node: name.to_owned() }
    }

    /// A node would stand on itself.
    pub fn cycle(role: &'static str, child: &str, parent: &str) -> Self {
        let (child, parent) = (child.to_owned(), parent.to_owned());
        Error::Cycle { role, child, parent }
    }

    /// The way in which requests to a file are to be carried out needs another way of caching.
    pub fn needs_direct() -> Self {
        Error::InvalidOption(
            "aio=native was specified, but it requires cache.direct=on, which was not specified."
                .into(),
        )
    }

    /// Whether the error says that the storage is full.
    ///
    /// Clients are told apart from other faults by it (`nospace` in BLOCK_JOB_ERROR).
    pub fn is_no_space(&self) -> bool {
        matches!(
            self,
            Error::Io(source) | Error::While { source, .. } | Error::OpenFile { source, .. }
                if source.kind() == io::ErrorKind::StorageFull
        )
    }
}

impl From<Error> for qapi_core::Error {
    fn from(error: Error) -> Self {
        qapi_core::Error::generic(error.to_string())
    }
}

/// What the C library calls an error, without the number that Rust appends.
///
/// Errors that no system call made (a broken table in an image, say) are `Input/output error`,
/// as QEMU's drivers report them; the details go to the log where the error is found.
pub fn strerror(error: &io::Error) -> String {
    let system = match error.raw_os_error() {
        Some(_) => error.to_string(),
        None => io::Error::from_raw_os_error(errno_of(error.kind())).to_string(),
    };
    match system.rfind(" (os error ") {
        Some(end) => system[..end].to_owned(),
        None => system,
    }
}

/// The errno for errors that lost theirs on the way through the image library.
fn errno_of(kind: io::ErrorKind) -> i32 {
    let errno = match kind {
        io::ErrorKind::StorageFull => nix::errno::Errno::ENOSPC,
        io::ErrorKind::FileTooLarge => nix::errno::Errno::EFBIG,
        io::ErrorKind::PermissionDenied => nix::errno::Errno::EACCES,
        io::ErrorKind::ReadOnlyFilesystem => nix::errno::Errno::EROFS,
        io::ErrorKind::Unsupported => nix::errno::Errno::ENOTSUP,
        io::ErrorKind::InvalidInput => nix::errno::Errno::EINVAL,
        io::ErrorKind::OutOfMemory => nix::errno::Errno::ENOMEM,
        io::ErrorKind::QuotaExceeded => nix::errno::Errno::EDQUOT,
        _ => nix::errno::Errno::EIO,
    };
    errno as i32
}
