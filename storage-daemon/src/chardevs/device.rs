//! A character device: its kind, and what it keeps open.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use parking_lot::Mutex;
use qapi_core::{QapiBranches, Result};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value;

use super::messages;
use super::ring::Ring;
use super::socket::Socket;
use crate::objects::ObjectProperties;
use crate::options;
use crate::schema::chardev::{ChardevBackend, ChardevBackendKind};
use crate::schema::chardev_options::{ChardevCommon, ChardevFile, ChardevRingbuf};

/// The most bytes of all ring buffers together.
pub(super) const RINGS_SIZE_MAX: usize = 64 << 20;

/// The default size of a ring buffer in bytes.
const RING_SIZE: usize = 64 << 10;

/// A character device. Nothing reads its input or writes output to it, unless a monitor uses it or
/// it is a ring buffer.
pub(super) struct Chardev {
    kind: Kind,
    _log: Option<File>,
}

enum Kind {
    File { _input: Option<File>, _output: File },
    Null,
    Pipe { _input: File, _output: Option<File> },
    Pty(Terminal),
    Ring { ring: Mutex<Ring>, kind: ChardevBackendKind },
    Socket(Socket),
    Stdio,
}

/// A pseudo-terminal.
struct Terminal {
    _controller: OwnedFd,
    path: String,
    _link: Option<Link>,
}

/// A symbolic link, which is removed when this is dropped.
struct Link(PathBuf);

impl Drop for Link {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::debug!(path = %self.0.display(), %error, "a link cannot be removed");
        }
    }
}

impl Chardev {
    /// Opens a device. Blocks.
    ///
    /// # Errors
    /// The kind or an option is not supported, or what the device needs cannot be opened.
    pub(super) fn open(backend: ChardevBackend) -> Result<Self> {
        let log = common(&backend).map_or(Ok(None), log)?;
        let kind = match backend {
            ChardevBackend::File(wrapper) => {
                let ChardevFile { common: _, input, out, append } = wrapper.data;
                file(input.as_deref(), &out, append.unwrap_or(false))?
            }
            ChardevBackend::Null(_) => Kind::Null,
            ChardevBackend::Pipe(wrapper) => pipe(&wrapper.data.device)?,
            ChardevBackend::Pty(wrapper) => Kind::Pty(Terminal::open(wrapper.data.path)?),
            ChardevBackend::Ringbuf(wrapper) => ring(ChardevBackendKind::Ringbuf, &wrapper.data)?,
            ChardevBackend::Memory(wrapper) => ring(ChardevBackendKind::Memory, &wrapper.data)?,
            ChardevBackend::Socket(wrapper) => Kind::Socket(Socket::open(wrapper.data)?),
            ChardevBackend::Stdio(_) => Kind::Stdio,
            other => return Err(options::messages::unknown_backend(other.tag().as_str())),
        };
        Ok(Chardev { kind, _log: log })
    }

    /// A socket that a monitor may use.
    pub(super) fn from_socket(socket: Socket) -> Self {
        Chardev { kind: Kind::Socket(socket), _log: None }
    }

    /// What `query-chardev` shows.
    pub(super) fn filename(&self) -> String {
        match &self.kind {
            Kind::File { .. } => "file".to_owned(),
            Kind::Null => "null".to_owned(),
            Kind::Pipe { .. } => "pipe".to_owned(),
            Kind::Pty(terminal) => format!("pty:{}", terminal.path),
            Kind::Ring { kind, .. } => kind.as_str().to_owned(),
            Kind::Socket(socket) => socket.filename(),
            Kind::Stdio => "stdio".to_owned(),
        }
    }

    /// The path of a pseudo-terminal.
    pub(super) fn pty(&self) -> Option<&str> {
        match &self.kind {
            Kind::Pty(terminal) => Some(&terminal.path),
            Kind::File { .. }
            | Kind::Null
            | Kind::Pipe { .. }
            | Kind::Ring { .. }
            | Kind::Socket(_)
            | Kind::Stdio => None,
        }
    }

    /// The contents of a ring buffer.
    pub(super) fn ring(&self) -> Option<&Mutex<Ring>> {
        match &self.kind {
            Kind::Ring { ring, .. } => Some(ring),
            Kind::File { .. }
            | Kind::Null
            | Kind::Pipe { .. }
            | Kind::Pty(_)
            | Kind::Socket(_)
            | Kind::Stdio => None,
        }
    }

    pub(super) fn socket(&self) -> Option<&Socket> {
        match &self.kind {
            Kind::Socket(socket) => Some(socket),
            Kind::File { .. }
            | Kind::Null
            | Kind::Pipe { .. }
            | Kind::Pty(_)
            | Kind::Ring { .. }
            | Kind::Stdio => None,
        }
    }
}

impl ObjectProperties for Chardev {
    fn type_name(&self) -> &'static str {
        match &self.kind {
            Kind::File { .. } => "chardev-file",
            Kind::Null => "chardev-null",
            Kind::Pipe { .. } => "chardev-pipe",
            Kind::Pty(_) => "chardev-pty",
            Kind::Ring { kind: ChardevBackendKind::Memory, .. } => "chardev-memory",
            Kind::Ring { .. } => "chardev-ringbuf",
            Kind::Socket(_) => "chardev-socket",
            Kind::Stdio => "chardev-stdio",
        }
    }

    fn property(&self, name: &str) -> Option<Value> {
        self.socket()?.property(name)
    }

    fn set_property(&self, name: &str, _value: Value) -> Result<()> {
        Err(messages::property_not_writable(self.type_name(), name))
    }
}

/// The options that all kinds have, of a kind that is supported.
fn common(backend: &ChardevBackend) -> Option<&ChardevCommon> {
    match backend {
        ChardevBackend::File(wrapper) => Some(&wrapper.data.common),
        ChardevBackend::Null(wrapper) => Some(&wrapper.data),
        ChardevBackend::Pipe(wrapper) => Some(&wrapper.data.common),
        ChardevBackend::Pty(wrapper) => Some(&wrapper.data.common),
        ChardevBackend::Ringbuf(wrapper) | ChardevBackend::Memory(wrapper) => {
            Some(&wrapper.data.common)
        }
        ChardevBackend::Socket(wrapper) => Some(&wrapper.data.common),
        ChardevBackend::Stdio(wrapper) => Some(&wrapper.data.common),
        _unsupported => None,
    }
}

fn file(input: Option<&str>, output: &str, append: bool) -> Result<Kind> {
    // The output file stays as it is if there is no input file.
    let input =
        input.map(|path| open(OpenOptions::new().read(true).clone(), path)).transpose()?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(!append).append(append);
    let output = open(options, output)?;
    Ok(Kind::File { _input: input, _output: output })
}

/// Opens the two FIFOs of a pipe, or its only one. As both ends of a FIFO are opened, this does not
/// wait for another program.
fn pipe(device: &str) -> Result<Kind> {
    let both_ends = || OpenOptions::new().read(true).write(true).clone();
    let pair = open(both_ends(), &format!("{device}.in"))
        .and_then(|input| Ok((input, open(both_ends(), &format!("{device}.out"))?)));
    Ok(match pair {
        Ok((input, output)) => Kind::Pipe { _input: input, _output: Some(output) },
        Err(_) => Kind::Pipe { _input: open(both_ends(), device)?, _output: None },
    })
}

/// Opens a file. A FIFO that is opened for writing without a reader is an error, as the program
/// would wait for one. A terminal does not become that of the process.
fn open(mut options: OpenOptions, path: &str) -> Result<File> {
    let opened = options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).mode(0o666).open(path);
    opened.map_err(|error| messages::cannot_open(path, error))
}

/// Opens the file of a log.
fn log(ChardevCommon { logfile, logappend }: &ChardevCommon) -> Result<Option<File>> {
    let Some(path) = logfile else { return Ok(None) };
    let append = logappend.unwrap_or(false);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(!append).append(append);
    let opened = options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path);
    Ok(Some(opened.map_err(|error| messages::cannot_create(path, error))?))
}

fn ring(kind: ChardevBackendKind, options: &ChardevRingbuf) -> Result<Kind> {
    let size = usize::try_from(options.size.unwrap_or(RING_SIZE as i64));
    let size = size.ok().filter(|size| size.is_power_of_two()).ok_or_else(messages::ring_size)?;
    if size > RINGS_SIZE_MAX {
        return Err(messages::rings_too_large(RINGS_SIZE_MAX));
    }
    Ok(Kind::Ring { ring: Mutex::new(Ring::new(size)), kind })
}

impl Terminal {
    fn open(link: Option<String>) -> Result<Self> {
        let (controller, path) = pseudo_terminal().map_err(messages::no_pseudo_terminal)?;
        let link = link.map(PathBuf::from);
        if let Some(link) = &link {
            let name = link.display().to_string();
            std::os::unix::fs::symlink(&path, link)
                .map_err(|error| messages::cannot_create(&name, error))?;
        }
        Ok(Terminal { _controller: controller, path, _link: link.map(Link) })
    }
}

fn pseudo_terminal() -> io::Result<(OwnedFd, String)> {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&controller)?;
    unlockpt(&controller)?;
    let path = ptsname(&controller, Vec::new())?;
    Ok((controller, path.to_string_lossy().into_owned()))
}
