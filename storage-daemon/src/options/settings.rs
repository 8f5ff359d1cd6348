//! What the command line sets.

use std::path::PathBuf;

use block::options::BlockdevImageReferences;

use super::landlock::LandlockOptions;
use super::log::LogOptions;

/// The settings of a daemon.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Whether to go to the background when everything is set up.
    pub daemonize: bool,
    /// Whether clients may read the documentation of commands, events and types.
    pub documentation: bool,
    /// The path of the PID file, which is created after the last step.
    pub pidfile: Option<PathBuf>,
    /// The files and folders to which the process is confined; none for no confinement.
    pub landlock: Vec<LandlockOptions>,
    /// The address at which metrics are served: `[HOST:]PORT`.
    pub metrics: Option<String>,
    /// What images may name at most.
    pub image_references: BlockdevImageReferences,
    /// The memory in bytes for all clients together; `None` for the default.
    pub client_memory: Option<u64>,
    /// The log.
    pub log: LogOptions,
    /// The path of the journal of jobs that ended.
    pub journal: Option<PathBuf>,
    /// What to set up, in order.
    pub steps: Vec<Step>,
}

/// A step of setting up a daemon: one option of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The option.
    pub kind: StepKind,
    /// The option's argument, which is not yet parsed, because an earlier step may fail first.
    pub argument: String,
}

/// What a step sets up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// A character device, through which clients connect.
    Chardev,
    /// A QMP server for the clients of a character device.
    Monitor,
    /// A block node.
    Blockdev,
    /// An object that other options and commands name.
    Object,
    /// The NBD server.
    NbdServer,
    /// An export of a node.
    Export,
}

impl StepKind {
    /// The option's name.
    pub fn option(self) -> &'static str {
        match self {
            Self::Chardev => "chardev",
            Self::Monitor => "monitor",
            Self::Blockdev => "blockdev",
            Self::Object => "object",
            Self::NbdServer => "nbd-server",
            Self::Export => "export",
        }
    }
}
