//! The types and events of QAPI's schema file `run-state.json`.

use qapi_core::{qapi_enum, qapi_event, qapi_struct};

/// The state that a machine is in.
///
/// A machine of this crate is `prelaunch`, `running`, `paused`, `save-vm`, `restore-vm` or
/// `shutdown`. QEMU has the other states.
#[qapi_enum(since = "0.14")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunState {
    /// Stopped for a debugger.
    Debug,
    /// Waiting for an incoming migration.
    Inmigrate,
    /// Stopped by an error of the machine itself.
    InternalError,
    /// Stopped by an I/O error.
    IoError,
    /// Stopped by a client.
    Paused,
    /// Stopped after a migration.
    Postmigrate,
    /// Not started yet, or reset while it was stopped.
    Prelaunch,
    /// Stopped for the end of a migration.
    FinishMigrate,
    /// Stopped while a snapshot is loaded, or after that has failed.
    RestoreVm,
    /// Running.
    Running,
    /// Stopped while a snapshot is saved.
    SaveVm,
    /// Shut down.
    Shutdown,
    /// Suspended by the guest.
    Suspended,
    /// Stopped by a watchdog.
    Watchdog,
    /// Stopped by a panic of the guest.
    GuestPanicked,
    /// Stopped for the synchronization of a replicated machine.
    #[qapi(since = "2.8")]
    Colo,
}

/// Why a machine is shut down or reset.
#[qapi_enum(since = "4.0")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ShutdownCause {
    /// No request.
    None,
    /// An error of the host.
    HostError,
    /// The command `quit`.
    HostQmpQuit,
    /// The command `system_reset`.
    HostQmpSystemReset,
    /// A signal to the program, such as SIGTERM.
    HostSignal,
    /// A user interface of the host.
    HostUi,
    /// The guest has shut down.
    GuestShutdown,
    /// The guest has reset the machine.
    GuestReset,
    /// The guest has panicked.
    GuestPanic,
    /// A part of the machine is reset.
    SubsystemReset,
    /// A snapshot is loaded.
    SnapshotLoad,
}

impl ShutdownCause {
    /// Whether the guest is the cause.
    pub fn is_guest(self) -> bool {
        match self {
            Self::GuestShutdown | Self::GuestReset | Self::GuestPanic => true,
            Self::None
            | Self::HostError
            | Self::HostQmpQuit
            | Self::HostQmpSystemReset
            | Self::HostSignal
            | Self::HostUi
            | Self::SubsystemReset
            | Self::SnapshotLoad => false,
        }
    }
}

/// The state of a machine.
#[qapi_struct(since = "0.14")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusInfo {
    /// Whether the machine is running.
    pub running: bool,
    /// The state.
    pub status: RunState,
}

impl From<RunState> for StatusInfo {
    fn from(status: RunState) -> Self {
        Self { running: status == RunState::Running, status }
    }
}

/// The machine is shut down. The program ends.
#[qapi_event(since = "0.12")]
#[derive(Debug, Clone, Copy)]
pub struct Shutdown {
    /// Whether the guest is the cause.
    #[qapi(since = "2.10")]
    pub guest: bool,
    /// The cause.
    #[qapi(since = "4.0")]
    pub reason: ShutdownCause,
}

/// The machine was reset.
#[qapi_event(since = "0.12")]
#[derive(Debug, Clone, Copy)]
pub struct Reset {
    /// Whether the guest is the cause.
    #[qapi(since = "2.10")]
    pub guest: bool,
    /// The cause.
    #[qapi(since = "4.0")]
    pub reason: ShutdownCause,
}

/// The machine has stopped.
#[qapi_event(since = "0.12")]
#[derive(Debug, Clone, Copy)]
pub struct Stop {}

/// The machine runs again.
#[qapi_event(since = "0.12")]
#[derive(Debug, Clone, Copy)]
pub struct Resume {}
