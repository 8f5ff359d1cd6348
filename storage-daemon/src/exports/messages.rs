//! The error texts about exports and the NBD server, in QEMU's wording.

use qapi_core::Error;

pub(super) fn nbd_server_running() -> Error {
    Error::generic("NBD server already running")
}

pub(super) fn nbd_server_not_running() -> Error {
    Error::generic("NBD server not running")
}

pub(super) fn export_id_invalid() -> Error {
    Error::generic("Invalid block export id")
}

pub(super) fn export_id_in_use(id: &str) -> Error {
    Error::generic(format!("Block export id '{id}' is already in use"))
}

pub(super) fn export_read_only_node() -> Error {
    Error::generic("Cannot export read-only node as writable")
}

pub(super) fn no_iothread(id: &str) -> Error {
    Error::generic(format!("iothread \"{id}\" not found"))
}

#[cfg(feature = "vhost-user")]
pub(super) fn vhost_user_address_type() -> Error {
    Error::generic("Only socket address types 'unix' and 'fd' are supported")
}

#[cfg(feature = "vhost-user")]
pub(super) fn no_queues() -> Error {
    Error::generic("num-queues must be greater than 0")
}

#[cfg(feature = "vhost-user")]
pub(super) fn too_many_queues() -> Error {
    let most = vhost_user_blk::MAX_QUEUES;
    Error::generic(format!("num-queues must not be greater than {most}"))
}

#[cfg(feature = "vhost-user")]
pub(super) fn logical_block_size() -> Error {
    let range = "must be a power of 2 between 512 and 2097152";
    Error::generic(format!("parameter logical-block-size {range}"))
}

pub(super) fn export_name_too_long(name: &str) -> Error {
    Error::generic(format!("export name '{name}' too long"))
}

pub(super) fn export_description_too_long(description: &str) -> Error {
    Error::generic(format!("description '{description}' too long"))
}

pub(super) fn export_name_in_use(name: &str) -> Error {
    Error::generic(format!("NBD server already has export named '{name}'"))
}

pub(super) fn export_bitmap_not_found(name: &str) -> Error {
    Error::generic(format!("Bitmap '{name}' is not found"))
}

pub(super) fn export_bitmap_enabled(name: &str) -> Error {
    Error::generic(format!("Enabled bitmap '{name}' incompatible with readonly export"))
}

pub(super) fn export_not_found(id: &str) -> Error {
    Error::generic(format!("Export '{id}' is not found"))
}

pub(super) fn export_in_use(id: &str) -> Error {
    Error::generic(format!("export '{id}' still in use"))
}
