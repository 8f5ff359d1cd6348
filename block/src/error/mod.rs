//! The errors of the block layer, with QEMU's texts.
//!
//! All texts of errors of nodes, images and copies that a client sees are in this file, or are
//! given to [`Error::InvalidOption`] and [`Error::InvalidImage`] where an option or an image is
//! checked.

mod strerror;

use std::io;

pub use strerror::strerror;

/// An error of a node, an image or a copy.
///
/// A QMP client receives the class `GenericError` with the [`Display`](std::fmt::Display) text as
/// description.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A node that is not a child is described without a name.
    #[error("'node-name' must be specified for the root node")]
    NodeNameMissing,
    /// A node name is not an identifier.
    #[error("Invalid node-name: '{0}'")]
    NodeNameInvalid(String),
    /// A node name is longer than the 31 bytes that QEMU allows.
    #[error("Node name too long")]
    NodeNameTooLong,
    /// Another node has the name.
    #[error("Duplicate nodes with node-name='{0}'")]
    NodeNameDuplicate(String),
    /// A node does not exist, for a command that takes device names too.
    #[error("Cannot find device='{device}' nor node-name='{node}'")]
    NodeUnknown {
        /// The name if the command takes device names, else empty.
        device: String,
        /// The name.
        node: String,
    },
    /// A node does not exist, for a command that takes node names only.
    #[error("Failed to find node with node-name='{0}'")]
    NodeNotFound(String),
    /// A chain of children or backing files is too long.
    #[error("Too many nested nodes: at most {0} can be opened in one chain")]
    ChainTooDeep(usize),

    /// A user of the node blocks the operation.
    #[error("Node '{node}' is busy: {reason}")]
    NodeBusy {
        /// The node.
        node: String,
        /// The user and the purpose of its use.
        reason: String,
    },
    /// The node has a parent or is used by a job.
    #[error("Block device {0} is in use")]
    NodeInUse(String),
    /// A device or a job is attached to the node.
    #[error("Node {0} is in use")]
    NodeAttached(String),
    /// The node has parents, and a root node is required.
    #[error("Need a root block node")]
    NotARoot,
    /// The node was opened for a node above.
    #[error("Node {0} is not owned by the monitor")]
    NodeNotOwned(String),
    /// The driver of the node does not support backing files.
    #[error("Driver of node '{0}' does not support backing files")]
    NoBackingFiles(String),
    /// A node would be its own descendant.
    #[error("Making '{child}' a {role} child of '{parent}' would create a cycle")]
    Cycle {
        /// `backing` or `file`.
        role: &'static str,
        /// The child.
        child: String,
        /// The parent, which is a descendant of the child.
        parent: String,
    },
    /// A write to a read-only node.
    #[error("Block node is read-only")]
    NodeReadOnly,
    /// A node with writers cannot become read-only.
    #[error("Read-only block node '{0}' cannot support read-write users")]
    NodeWritten(String),
    /// An active node has an inactive child.
    #[error("Inactive '{child}' can't be a {role} child of active '{parent}'")]
    InactiveChild {
        /// The child.
        child: String,
        /// The role of the child.
        role: &'static str,
        /// The parent.
        parent: String,
    },
    /// A user takes a permission to write to an inactive node.
    #[error("Permission '{0}' unavailable on inactive node")]
    InactivePermission(String),
    /// A node cannot become inactive while it has an active parent.
    #[error("Node has active parent node")]
    ActiveParent,
    /// The size of a read-only node cannot change.
    #[error("Image is read-only")]
    ImageReadOnly,
    /// The driver of a node does not change sizes.
    #[error("Image format driver does not support resize")]
    NotResizable,
    /// An option of an open node cannot be changed.
    #[error("Cannot change the option '{0}'")]
    OptionFixed(&'static str),
    /// An option of an open node cannot be removed.
    #[error("Option '{0}' cannot be reset to its default value")]
    OptionNotResettable(&'static str),
    /// A reopened node is described without a name.
    #[error("node-name not specified")]
    ReopenedNameMissing,
    /// The filter of a job cannot be reopened.
    #[error("Block format '{driver}' used by node '{node}' does not support reopening files")]
    NotReopenable {
        /// The driver.
        driver: &'static str,
        /// The node.
        node: String,
    },
    /// The description of a reopened node lacks its backing file.
    #[error("backing is missing for '{0}'")]
    BackingMissing(String),
    /// A job has frozen the backing link of the node.
    #[error("Cannot change frozen 'backing' link from '{parent}' to '{child}'")]
    BackingFrozen {
        /// The parent.
        parent: String,
        /// The child.
        child: String,
    },
    /// A job would freeze a backing chain, and another job has frozen a link of the chain.
    #[error("Cannot change '{link}' link from '{parent}' to '{child}'")]
    ChainFrozen {
        /// The name of the link.
        link: &'static str,
        /// The parent.
        parent: String,
        /// The child.
        child: String,
    },
    /// The filter of a job would be inserted into a frozen link.
    #[error("Cannot change '{link}' link to '{child}'")]
    LinkFrozen {
        /// The name of the link.
        link: &'static str,
        /// The child.
        child: String,
    },
    /// A job would freeze a backing chain with the filter of a job that changes the chain at its
    /// end.
    #[error("Cannot freeze '{link}' link to '{child}'")]
    NeverFrozen {
        /// The name of the link.
        link: &'static str,
        /// The child.
        child: String,
    },
    /// The backing node is an implicit filter, which cannot be replaced.
    #[error("Cannot replace implicit backing child of {0}")]
    ImplicitBacking(String),
    /// A user of a node takes a permission that another user does not share.
    #[error(
        "Permission conflict on node '{node}': permissions '{permissions}' are both required \
         by {required_by} and unshared by {unshared_by}."
    )]
    PermissionConflict {
        /// The node.
        node: String,
        /// The permissions in conflict.
        permissions: String,
        /// The user that takes them.
        required_by: String,
        /// The user that does not share them.
        unshared_by: String,
    },
    /// Another process or another node has a conflicting image lock on the file.
    #[error("Failed to get {shared}\"{permission}\" lock")]
    ImageLocked {
        /// `shared ` if the lock would deny the permission to others, else empty.
        shared: &'static str,
        /// The permission in conflict.
        permission: &'static str,
    },

    /// A file cannot be opened.
    #[error("Could not open '{path}': {}", strerror(.source))]
    OpenFile {
        /// The path, as given by the client.
        path: String,
        /// The error of the system.
        source: io::Error,
    },
    /// The file system of a file has no direct I/O.
    #[error("Could not open '{0}': filesystem does not support O_DIRECT")]
    DirectUnsupported(String),
    /// No file name was given for a node of this driver.
    #[error("The '{0}' block driver requires a file name")]
    FileNameMissing(&'static str),
    /// The path of a `file` node is not that of a regular file.
    #[error("'file' driver requires '{0}' to be a regular file")]
    NotARegularFile(String),
    /// The path of a node for a device is not that of a device.
    #[error("'{driver}' driver requires '{path}' to be either a character or block device")]
    NotADevice {
        /// The name of the driver.
        driver: &'static str,
        /// The path, as given by the client.
        path: String,
    },
    /// A backing file cannot be opened.
    #[error("Could not open backing file: {0}")]
    OpenBacking(#[source] Box<Error>),
    /// The options of the node or of the program forbid what an image names.
    #[error(
        "The image names the {kind} '{name}', which is forbidden by image-references={allowed}"
    )]
    ReferenceForbidden {
        /// `backing file` or `data file`.
        kind: &'static str,
        /// The name in the image.
        name: String,
        /// What images may name.
        allowed: &'static str,
    },
    /// A data file is given for an image without an external data file.
    #[error("'data-file' can only be set for images with an external data file")]
    DataFileUnknown,
    /// An image with an external data file does not name the file.
    #[error("'data-file' is required for this image")]
    DataFileMissing,
    /// The image is invalid, or not in the expected format.
    #[error("{0}")]
    InvalidImage(String),
    /// The format has no driver.
    #[error("Unknown driver '{0}'")]
    UnknownFormat(String),
    /// The image has features that are not supported.
    #[error("Unsupported {format} feature(s): {features}")]
    UnsupportedFeature {
        /// The image format.
        format: &'static str,
        /// The features.
        features: String,
    },
    /// A backing file is given for a driver without backing files.
    #[error("Driver '{0}' does not support backing files")]
    BackingNotSupported(&'static str),
    /// An option is not supported, or its value is invalid.
    #[error("{0}")]
    InvalidOption(String),

    /// A node has no dirty bitmap of this name.
    #[error("Dirty bitmap '{0}' not found")]
    BitmapNotFound(String),
    /// A job or an export uses a dirty bitmap.
    #[error("Bitmap '{0}' is currently in use by another operation and cannot be used")]
    BitmapBusy(String),
    /// A dirty bitmap is from an image that is open read-only.
    #[error("Bitmap '{0}' is readonly and cannot be modified")]
    BitmapReadOnly(String),
    /// A program has not stored a persistent bitmap.
    #[error("Bitmap '{0}' is inconsistent and cannot be used")]
    BitmapInconsistent(String),
    /// A bitmap cannot be merged into that of a node of another size.
    #[error(
        "Bitmaps are of different sizes (destination size is {target_size}, \
         source size is {source_size}) and can't be merged"
    )]
    BitmapSizes {
        /// The size of the node of the target in bytes.
        target_size: u64,
        /// The size of the node of the merged bitmap in bytes.
        source_size: u64,
    },

    /// A read, a write or a flush failed.
    #[error("{}", strerror(.0))]
    Io(#[from] io::Error),
    /// As [`Error::Io`], with the failed step.
    #[error("{what}: {}", strerror(.source))]
    While {
        /// The step, as in `Could not resize file`.
        what: String,
        /// The error of the system.
        source: io::Error,
    },
}

/// A result of an operation on nodes, images or copies.
pub type Result<T> = std::result::Result<T, Error>;

/// The most images of a backing chain that add to the text of an error.
const BACKING_PREFIXES_MAX: usize = 8;

impl Error {
    /// The error for a missing node, for a command that takes device names and node names.
    pub fn no_device_or_node(name: &str) -> Self {
        Error::NodeUnknown { device: name.to_owned(), node: name.to_owned() }
    }

    /// The error for a missing node, for a command that takes node names only.
    pub fn no_node(name: &str) -> Self {
        Error::NodeUnknown { device: String::new(), node: name.to_owned() }
    }

    /// A node would be its own descendant.
    pub fn cycle(role: &'static str, child: &str, parent: &str) -> Self {
        let (child, parent) = (child.to_owned(), parent.to_owned());
        Error::Cycle { role, child, parent }
    }

    /// The error for `aio=native` without `cache.direct=on`.
    pub fn needs_direct() -> Self {
        Error::InvalidOption(
            "aio=native was specified, but it requires cache.direct=on, which was not specified."
                .into(),
        )
    }

    /// The same error with the failed step, if it is one of the storage.
    pub(crate) fn during(self, what: &str) -> Self {
        match self {
            Error::Io(source) => Error::While { what: what.to_owned(), source },
            other => other,
        }
    }

    /// The error of the system, for callers that do not show the failed step.
    pub(crate) fn into_io(self) -> io::Error {
        match self {
            Error::Io(source) | Error::While { source, .. } => source,
            other => io::Error::other(other),
        }
    }

    /// Whether a read, a write or a flush failed.
    pub fn is_io(&self) -> bool {
        matches!(self, Error::Io(_) | Error::While { .. })
    }

    /// A backing file cannot be opened. As in QEMU, each image above the file adds to the text, up
    /// to [`BACKING_PREFIXES_MAX`]: the text for a long chain remains a line.
    pub(crate) fn open_backing(source: Error) -> Self {
        let (mut innermost, mut prefixes) = (&source, 0);
        while let Error::OpenBacking(inner) = innermost {
            (innermost, prefixes) = (inner, prefixes + 1);
        }
        if prefixes >= BACKING_PREFIXES_MAX {
            return source;
        }
        Error::OpenBacking(Box::new(source))
    }

    /// Whether the storage is full.
    ///
    /// `BLOCK_JOB_ERROR` reports this error as `nospace`.
    pub fn is_no_space(&self) -> bool {
        matches!(
            self,
            Error::Io(source) | Error::While { source, .. } | Error::OpenFile { source, .. }
                if source.kind() == io::ErrorKind::StorageFull
        )
    }
}

// The text is QEMU's; those of the sources are not part of it.
qapi_core::error_reply!(Error, |error| qapi_core::Error::generic(error.to_string()));
