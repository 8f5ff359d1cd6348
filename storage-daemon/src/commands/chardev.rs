//! `chardev-add`, `chardev-change`, `chardev-remove`, `chardev-send-break`, `query-chardev`,
//! `query-chardev-backends`, `ringbuf-read` and `ringbuf-write`.

use qapi_core::{Result, qapi_command};

use crate::chardevs::{self, Chardevs};
use crate::schema::chardev::{
    ChardevBackend, ChardevBackendInfo, ChardevInfo, ChardevReturn, DataFormat,
};

/// Lists all character devices.
#[qapi_command(since = "0.14", allow_preconfig)]
pub fn query_chardev(#[qapi(state)] chardevs: &Chardevs) -> Vec<ChardevInfo> {
    chardevs.infos()
}

/// Lists the kinds of character devices that can be added.
#[qapi_command(since = "2.0")]
pub fn query_chardev_backends() -> Vec<ChardevBackendInfo> {
    chardevs::backends()
}

/// Writes to a ring buffer. If there are too many bytes, the oldest ones are lost.
///
/// # Errors
/// There is no such ring buffer, or the data are malformed.
#[qapi_command(since = "1.4", blocking)]
pub fn ringbuf_write(
    #[qapi(state)] chardevs: &Chardevs,
    /// The identifier of the ring buffer.
    device: &str,
    /// The data.
    data: &str,
    /// The encoding of the data; `utf8` by default.
    format: Option<DataFormat>,
) -> Result<()> {
    chardevs.write_ring(device, data, format.unwrap_or_default())
}

/// Removes the oldest bytes from a ring buffer, and returns them.
///
/// # Errors
/// There is no such ring buffer, or the size is not positive.
#[qapi_command(since = "1.4", blocking, returns_exception)]
pub fn ringbuf_read(
    #[qapi(state)] chardevs: &Chardevs,
    /// The identifier of the ring buffer.
    device: &str,
    /// The most bytes to return. No reply has more than 2 MiB.
    size: i64,
    /// The encoding of the bytes; `utf8` by default. Then the text ends before a NUL byte, and
    /// U+FFFD replaces what is not UTF-8.
    format: Option<DataFormat>,
) -> Result<String> {
    chardevs.read_ring(device, size, format.unwrap_or_default())
}

/// Adds a character device.
///
/// # Errors
/// The identifier is in use, the kind or an option is not supported, or what the device needs
/// cannot be opened.
#[qapi_command(since = "1.4", blocking)]
pub fn chardev_add(
    #[qapi(state)] chardevs: &Chardevs,
    /// The identifier, unique among the character devices.
    id: &str,
    /// The kind and its options.
    backend: ChardevBackend,
) -> Result<ChardevReturn> {
    chardevs.add(id, backend)
}

/// Replaces a character device. The old one is removed first, and is gone if the new one cannot be
/// added.
///
/// # Errors
/// There is no such device, or a monitor uses it; and those of `chardev-add`.
#[qapi_command(since = "2.10", blocking)]
pub fn chardev_change(
    #[qapi(state)] chardevs: &Chardevs,
    /// The identifier.
    id: &str,
    /// The kind of the new device, and its options.
    backend: ChardevBackend,
) -> Result<ChardevReturn> {
    chardevs.change(id, backend)
}

/// Removes a character device.
///
/// # Errors
/// There is no such device, or a monitor uses it.
#[qapi_command(since = "1.4", blocking)]
pub fn chardev_remove(
    #[qapi(state)] chardevs: &Chardevs,
    /// The identifier.
    id: &str,
) -> Result<()> {
    chardevs.remove(id)
}

/// Sends a break. Only serial lines, which are not supported, do something.
///
/// # Errors
/// There is no such device.
#[qapi_command(since = "2.10")]
pub fn chardev_send_break(
    #[qapi(state)] chardevs: &Chardevs,
    /// The identifier.
    id: &str,
) -> Result<()> {
    chardevs.send_break(id)
}
