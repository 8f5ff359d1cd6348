//! Corruptions that the engine finds in an image.

use std::fmt;
use std::io;

use rustix::io::Errno;

/// A corruption that a request found in an image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Corruption {
    /// The description, in QEMU's words.
    pub message: String,
    /// The offset in the image file of the refused access, if the corruption is about one.
    pub offset: Option<u64>,
    /// The size of that access in bytes.
    pub size: Option<u64>,
    /// Whether the image was marked as corrupt and is unusable from now on. Other corruptions are
    /// found in images that are open read-only, and are reported once.
    pub fatal: bool,
}

impl Corruption {
    pub(super) fn new(message: String) -> Self {
        Corruption { message, offset: None, size: None, fatal: true }
    }

    /// A refused write to a range of the image file.
    pub(super) fn write(message: String, offset: u64, size: u64) -> Self {
        Corruption { message, offset: Some(offset), size: Some(size), fatal: true }
    }
}

/// The line that QEMU prints for the corruption.
impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Corruption { message, fatal, .. } = self;
        let (what, others) = match fatal {
            true => ("Marking image as corrupt", "corruption"),
            false => ("Image is corrupt", "non-fatal corruption"),
        };
        write!(f, "qcow2: {what}: {message}; further {others} events will be suppressed")
    }
}

/// Receives the corruptions of an image, for the event `BLOCK_IMAGE_CORRUPTED`.
pub trait CorruptionObserver: fmt::Debug + Send + Sync {
    /// Called once for the first corruption, and once more if a later one is the first fatal one.
    /// Called on the thread of the request, without locks of the image.
    fn on_corruption(&self, corruption: &Corruption);
}

/// Why a request failed.
#[derive(Debug)]
pub(super) enum Failure {
    Io(io::Error),
    Corrupt(Corruption),
}

pub(super) type Result<T> = std::result::Result<T, Failure>;

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Io(error)
    }
}

impl From<Errno> for Failure {
    fn from(error: Errno) -> Self {
        Failure::Io(error.into())
    }
}

impl From<Corruption> for Failure {
    fn from(corruption: Corruption) -> Self {
        Failure::Corrupt(corruption)
    }
}

/// A number as `printf` shows it with `%#lx`: the prefix is absent for zero.
pub(super) struct Hex(pub(super) u64);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("0"),
            number => write!(f, "{number:#x}"),
        }
    }
}
