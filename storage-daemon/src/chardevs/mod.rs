//! Character devices: those of monitors, and those that `chardev-add` adds.

mod connection;
mod device;
mod encoding;
mod messages;
mod ring;
mod socket;

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use qapi_core::{Error, Listener, Result};

use crate::objects::ObjectProperties;
use crate::options;
use crate::schema::chardev::{
    ChardevBackend, ChardevBackendInfo, ChardevBackendKind, ChardevInfo, ChardevReturn,
    DataFormat,
};
use device::{Chardev, RINGS_SIZE_MAX};
pub use socket::Socket;

/// The most character devices.
const CHARDEVS_MAX: usize = 1024;

/// The longest identifier of a device in bytes.
const ID_MAX: usize = 255;

/// The most bytes of a ring buffer in one reply: as text in JSON, with an escape sequence for each,
/// they fit in the unread output of a client.
const RING_READ_MAX: usize = 2 << 20;

/// The kinds of devices that are supported.
const KINDS: [ChardevBackendKind; 8] = [
    ChardevBackendKind::File,
    ChardevBackendKind::Memory,
    ChardevBackendKind::Null,
    ChardevBackendKind::Pipe,
    ChardevBackendKind::Pty,
    ChardevBackendKind::Ringbuf,
    ChardevBackendKind::Socket,
    ChardevBackendKind::Stdio,
];

/// The character devices. Clones share the state.
#[derive(Clone, Default)]
pub struct Chardevs {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    chardevs: BTreeMap<String, Entry>,
    stdio: Stdio,
}

struct Entry {
    chardev: Arc<Chardev>,
    has_monitor: bool,
    is_stdio: bool,
}

/// Whether a device can use standard input and output.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Stdio {
    #[default]
    Free,
    InUse,
    /// The daemon will go to the background.
    Detached,
}

impl Chardevs {
    /// No devices, and no standard input and output for them, as the daemon will go to the
    /// background.
    pub fn detached() -> Self {
        let chardevs = Chardevs::default();
        chardevs.state.lock().stdio = Stdio::Detached;
        chardevs
    }

    /// Adds a device. Blocks.
    ///
    /// # Errors
    /// The identifier is in use, the kind or an option is not supported, or what the device needs
    /// cannot be opened.
    pub fn add(&self, id: &str, backend: ChardevBackend) -> Result<ChardevReturn> {
        let added = self.check_new(id).and_then(|()| self.open(backend));
        let added = added.and_then(|chardev| {
            let pty = chardev.pty().map(str::to_owned);
            self.insert(id, chardev)?;
            Ok(ChardevReturn { pty })
        });
        added.map_err(|error| match error {
            AddError::Exists => messages::exists(id),
            AddError::Failed(error) => messages::cannot_add(id, error),
        })
    }

    /// Adds a device that the command line describes. Blocks.
    ///
    /// # Errors
    /// As for [`Chardevs::add`].
    pub fn add_configured(&self, id: &str, backend: ChardevBackend) -> Result<()> {
        let added = self.open(backend).and_then(|chardev| self.insert(id, chardev));
        added.map_err(|error| error.of_command_line(id))
    }

    /// Adds a socket that a monitor may use.
    ///
    /// # Errors
    /// The identifier is in use, or there are too many devices.
    pub fn add_socket(&self, id: &str, socket: Socket) -> Result<()> {
        let added = self.insert(id, Chardev::from_socket(socket));
        added.map_err(|error| error.of_command_line(id))
    }

    /// Whether a device exists.
    pub fn contains(&self, id: &str) -> bool {
        self.state.lock().chardevs.contains_key(id)
    }

    /// Lets a monitor use a device. Returns the source of its clients.
    ///
    /// # Errors
    /// There is no such device, a monitor uses it, or its kind has no clients.
    pub fn use_for_monitor(&self, id: &str) -> Result<Listener> {
        let mut state = self.state.lock();
        let entry =
            state.chardevs.get_mut(id).ok_or_else(|| options::messages::no_chardev(id))?;
        if entry.has_monitor {
            return Err(options::messages::chardev_in_use(id));
        }
        let listener = match entry.chardev.socket() {
            Some(socket) => socket.take_listener(),
            None => entry.is_stdio.then(Listener::stdio),
        };
        let listener = listener.ok_or_else(|| options::messages::no_clients(id))?;
        entry.has_monitor = true;
        Ok(listener)
    }

    /// Replaces a device by a new one with the same identifier. As in QEMU, the old one is removed
    /// first, as the new one may need what the old one uses, and is gone if that fails. Blocks.
    ///
    /// # Errors
    /// There is no such device or a monitor uses it; and those of [`Chardevs::add`].
    pub fn change(&self, id: &str, backend: ChardevBackend) -> Result<ChardevReturn> {
        let removed =
            self.take(id, messages::does_not_exist, |_| messages::cannot_change_in_use());
        close(&removed?);
        self.add(id, backend)
    }

    /// Removes a device. Blocks.
    ///
    /// # Errors
    /// There is no such device, or a monitor uses it.
    pub fn remove(&self, id: &str) -> Result<()> {
        self.take(id, messages::not_found, messages::busy).map(|entry| close(&entry))
    }

    /// Sends a break on a serial line. All kinds of devices ignore it.
    ///
    /// # Errors
    /// There is no such device.
    pub fn send_break(&self, id: &str) -> Result<()> {
        if self.contains(id) { Ok(()) } else { Err(messages::not_found(id)) }
    }

    /// All devices, by identifier.
    pub fn infos(&self) -> Vec<ChardevInfo> {
        let info = |(id, entry): (&String, &Entry)| ChardevInfo {
            label: id.clone(),
            filename: entry.chardev.filename(),
            frontend_open: entry.has_monitor,
        };
        self.state.lock().chardevs.iter().map(info).collect()
    }

    /// All devices as objects, by identifier.
    pub fn all(&self) -> Vec<(String, Arc<dyn ObjectProperties>)> {
        let object = |(id, entry): (&String, &Entry)| {
            let chardev: Arc<dyn ObjectProperties> = entry.chardev.clone();
            (id.clone(), chardev)
        };
        self.state.lock().chardevs.iter().map(object).collect()
    }

    /// Writes to a ring buffer.
    ///
    /// # Errors
    /// There is no such ring buffer, or the text is malformed.
    pub fn write_ring(&self, id: &str, text: &str, format: DataFormat) -> Result<()> {
        let chardev = self.get(id)?;
        let ring = chardev.ring().ok_or_else(|| messages::not_a_ring_buffer(id))?;
        let bytes = encoding::decode(text, format)?;
        ring.lock().write(&bytes);
        Ok(())
    }

    /// Removes the oldest bytes from a ring buffer: `most` of them, and no more than 2 MiB.
    ///
    /// # Errors
    /// There is no such ring buffer, or the number of bytes is not positive.
    pub fn read_ring(&self, id: &str, most: i64, format: DataFormat) -> Result<String> {
        let chardev = self.get(id)?;
        let ring = chardev.ring().ok_or_else(|| messages::not_a_ring_buffer(id))?;
        let most = usize::try_from(most).ok().filter(|most| *most > 0);
        let most = most.ok_or_else(messages::size_not_positive)?;
        let bytes = ring.lock().read(most.min(RING_READ_MAX));
        Ok(encoding::encode(&bytes, format))
    }

    fn get(&self, id: &str) -> Result<Arc<Chardev>> {
        let state = self.state.lock();
        let entry = state.chardevs.get(id).ok_or_else(|| messages::device_not_found(id))?;
        Ok(Arc::clone(&entry.chardev))
    }

    fn check_new(&self, id: &str) -> Result<(), AddError> {
        self.state.lock().check_new(id)
    }

    /// Opens a device, without the lock.
    fn open(&self, backend: ChardevBackend) -> Result<Chardev, AddError> {
        if let ChardevBackend::Stdio(_) = backend {
            self.state.lock().check_stdio()?;
        }
        Ok(Chardev::open(backend)?)
    }

    fn insert(&self, id: &str, chardev: Chardev) -> Result<(), AddError> {
        let is_stdio = chardev.type_name() == "chardev-stdio";
        let mut state = self.state.lock();
        state.check_new(id)?;
        state.check_rings(&chardev)?;
        if is_stdio {
            state.check_stdio()?;
            state.stdio = Stdio::InUse;
        }
        let entry = Entry { chardev: Arc::new(chardev), has_monitor: false, is_stdio };
        state.chardevs.insert(id.to_owned(), entry);
        Ok(())
    }

    /// Removes a device that no monitor uses, and returns it, to be dropped without the lock.
    fn take(
        &self,
        id: &str,
        absent: impl Fn(&str) -> Error,
        in_use: impl Fn(&str) -> Error,
    ) -> Result<Entry> {
        let mut state = self.state.lock();
        if state.chardevs.get(id).ok_or_else(|| absent(id))?.has_monitor {
            return Err(in_use(id));
        }
        let entry = state.chardevs.remove(id).ok_or_else(|| absent(id))?;
        if entry.is_stdio {
            state.stdio = Stdio::Free;
        }
        Ok(entry)
    }
}

impl State {
    fn check_new(&self, id: &str) -> Result<(), AddError> {
        if id.len() > ID_MAX {
            Err(messages::id_too_long(ID_MAX).into())
        } else if self.chardevs.contains_key(id) {
            Err(AddError::Exists)
        } else if self.chardevs.len() >= CHARDEVS_MAX {
            Err(messages::too_many(CHARDEVS_MAX).into())
        } else {
            Ok(())
        }
    }

    /// Checks that a device can use standard input and output.
    fn check_stdio(&self) -> Result<()> {
        match self.stdio {
            Stdio::Free => Ok(()),
            Stdio::InUse => Err(options::messages::stdio_in_use()),
            Stdio::Detached => Err(options::messages::stdio_with_daemonize()),
        }
    }

    /// Checks that the ring buffers together stay within their limit.
    fn check_rings(&self, new: &Chardev) -> Result<()> {
        let size = |chardev: &Chardev| chardev.ring().map_or(0, |ring| ring.lock().size());
        let others: usize = self.chardevs.values().map(|entry| size(&entry.chardev)).sum();
        if size(new) > 0 && others + size(new) > RINGS_SIZE_MAX {
            return Err(messages::rings_too_large(RINGS_SIZE_MAX));
        }
        Ok(())
    }
}

/// Frees the address of a socket, although a command still reads its properties. Blocks.
fn close(entry: &Entry) {
    if let Some(socket) = entry.chardev.socket() {
        socket.close();
    }
}

/// Why a device is not added.
enum AddError {
    /// The identifier is in use.
    Exists,
    Failed(Error),
}

impl From<Error> for AddError {
    fn from(error: Error) -> Self {
        AddError::Failed(error)
    }
}

impl AddError {
    /// The error for a device that the command line describes.
    fn of_command_line(self, id: &str) -> Error {
        match self {
            AddError::Exists => options::messages::duplicate_chardev(id),
            AddError::Failed(error) => error,
        }
    }
}

/// The kinds of devices that are supported.
pub fn backends() -> Vec<ChardevBackendInfo> {
    KINDS.iter().map(|kind| ChardevBackendInfo { name: kind.as_str().to_owned() }).collect()
}
