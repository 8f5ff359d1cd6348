//! The error texts of this crate, in QEMU's wording where QEMU has the error.

use std::io;

use qapi_core::Error;

pub(crate) fn machine_panicked() -> Error {
    Error::generic("The machine has failed: its code panicked")
}

pub(crate) fn cannot_save_state(error: io::Error) -> Error {
    Error::from(error).context("Could not save the state of the machine")
}

pub(crate) fn cannot_load_state(error: io::Error) -> Error {
    Error::from(error).context("Could not load the state of the machine")
}

pub(crate) fn not_a_state() -> Error {
    Error::generic("The snapshot has no state of a machine of this program")
}

pub(crate) fn state_has_more_bytes() -> Error {
    Error::generic("The state of the machine has more bytes than the machine reads")
}

pub(crate) fn other_machine(saved: &str, own: &str) -> Error {
    Error::generic(format!("Machine type received is '{saved}' and local is '{own}'"))
}

pub(crate) fn later_version(saved: u32, newest: u32) -> Error {
    Error::generic(format!(
        "The state of the machine has version {saved}, and this program reads up to {newest}"
    ))
}

pub(crate) fn snapshot_panicked() -> Error {
    Error::generic("The work for the snapshot panicked")
}

pub(crate) fn no_device() -> Error {
    Error::generic("At least one device is required for snapshot")
}

pub(crate) fn unknown_node(name: &str) -> Error {
    Error::generic(format!("No block device node '{name}'"))
}

/// QEMU says so of read-only nodes, too.
pub(crate) fn no_snapshots(name: &str) -> Error {
    Error::generic(format!("Device '{name}' is writable but does not support snapshots"))
}

pub(crate) fn snapshot_exists(tag: &str) -> Error {
    Error::generic(format!("Snapshot '{tag}' already exists in one or more devices"))
}

pub(crate) fn snapshot_missing(tag: &str) -> Error {
    Error::generic(format!("Snapshot '{tag}' does not exist in one or more devices"))
}

pub(crate) fn vmstate_missing(name: &str) -> Error {
    Error::generic(format!("vmstate block device '{name}' does not exist"))
}

/// The two blanks are QEMU's.
pub(crate) fn disk_only() -> Error {
    Error::generic("This is a disk-only snapshot. Revert to it  offline using qemu-img")
}

/// As in QEMU, clients do not see the cause.
pub(crate) fn cannot_create(tag: &str, node: &str) -> Error {
    Error::generic(format!("Could not create snapshot '{tag}' on '{node}'"))
}

pub(crate) fn cannot_load(tag: &str, node: &str, error: impl Into<Error>) -> Error {
    error.into().context(format!("Could not load snapshot '{tag}' on '{node}'"))
}

pub(crate) fn cannot_delete(tag: &str, node: &str, error: impl Into<Error>) -> Error {
    error.into().context(format!("Could not delete snapshot '{tag}' on '{node}'"))
}

pub(crate) fn dirty_bitmaps() -> Error {
    Error::generic("Device has active dirty bitmaps")
}
