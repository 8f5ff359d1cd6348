//! The drivers of nodes.

/// The drivers by their names in the schema (`BlockdevDriver`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// Another node, with faults on demand.
    Blkdebug,
    /// A file of the host.
    File,
    /// The bytes of another node as they are.
    Raw,
    /// A qcow2 image in another node.
    Qcow2,
    /// Nothing.
    NullCo,
    /// The filter above the source of a mirror or of an active commit.
    MirrorTop,
    /// The filter above the node that a stream copies into.
    CopyOnRead,
    /// The filter above the uppermost node that a commit copies from.
    CommitTop,
    /// The filter above the source of a backup.
    CopyBeforeWrite,
}

impl Driver {
    /// The name in the schema.
    pub fn name(self) -> &'static str {
        match self {
            Driver::Blkdebug => "blkdebug",
            Driver::File => "file",
            Driver::Raw => "raw",
            Driver::Qcow2 => "qcow2",
            Driver::NullCo => "null-co",
            Driver::MirrorTop => "mirror_top",
            Driver::CopyOnRead => "copy-on-read",
            Driver::CommitTop => "commit_top",
            Driver::CopyBeforeWrite => "copy-before-write",
        }
    }

    /// Whether it is where data come from, rather than a way to look at another node.
    pub fn is_protocol(self) -> bool {
        match self {
            Driver::File | Driver::NullCo => true,
            Driver::Blkdebug
            | Driver::Raw
            | Driver::Qcow2
            | Driver::MirrorTop
            | Driver::CopyOnRead
            | Driver::CommitTop
            | Driver::CopyBeforeWrite => false,
        }
    }

    /// Whether it shows another node unchanged, and is there only for a job.
    pub fn is_filter(self) -> bool {
        match self {
            Driver::MirrorTop
            | Driver::CopyOnRead
            | Driver::CommitTop
            | Driver::CopyBeforeWrite => true,
            Driver::Blkdebug | Driver::File | Driver::Raw | Driver::Qcow2 | Driver::NullCo => {
                false
            }
        }
    }
}
