//! The NBD server: whatever a client sends, the server answers in whole messages or closes the
//! connection, no thread panics, and other clients are served.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use nbd::{DirtyRanges, Disk, Export, Extent, Server, ServerOptions, ZeroOptions};

/// The size of the disk in bytes. A short input can ask for it a hundred times.
const SIZE: usize = 128 << 10;
/// The time after which a server that does not answer hangs.
const TIMEOUT: Duration = Duration::from_secs(30);
const GREETING: &[u8] = b"NBDMAGICIHAVEOPT\0\x03";
const OPTION_REPLY: &[u8] = &0x0003_e889_0455_65a9_u64.to_be_bytes();

/// The panics in threads of servers.
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Sends `input` to a server, as all that a client sends.
///
/// # Panics
/// The server panics, hangs, or sends a reply to an option in part.
pub fn run(input: &[u8]) {
    let answer = talk(input);
    assert_eq!(PANICS.load(Ordering::Relaxed), 0, "a thread of the server has panicked");
    let Some(mut rest) = answer.strip_prefix(GREETING) else {
        panic!("no greeting: {answer:?}");
    };
    while let Some(reply) = rest.strip_prefix(OPTION_REPLY) {
        let (head, data) = reply.split_at_checked(12).expect("a reply in part");
        let length: [u8; 4] = head[8..].try_into().expect("four bytes");
        rest = data.get(u32::from_be_bytes(length) as usize..).expect("a reply in part");
    }
}

/// What the server sends until it closes the connection.
fn talk(input: &[u8]) -> Vec<u8> {
    let mut socket = UnixStream::connect(&running().path).expect("the server listens");
    socket.set_read_timeout(Some(TIMEOUT)).expect("it is a socket");
    // The server may have closed the connection before it has read everything.
    let _ = socket.write_all(input).and_then(|()| socket.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    match socket.read_to_end(&mut answer) {
        Err(error) if error.kind() != io::ErrorKind::ConnectionReset => {
            panic!("the server hangs: {error}");
        }
        _ended => answer,
    }
}

/// Whether the server carries out requests of an input that is a seed.
///
/// # Panics
/// As [`run`].
pub fn reaches_requests(input: &[u8]) -> bool {
    let magics = [0x6744_6698_u32, 0x668e_33ef, 0x6e8a_278c].map(u32::to_be_bytes);
    let answer = talk(input);
    answer.windows(4).any(|window| magics.iter().any(|magic| magic == window))
}

struct Running {
    _server: Server,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

/// The server of this process, with a writable and a read-only export.
fn running() -> &'static Running {
    static RUNNING: OnceLock<Running> = OnceLock::new();
    RUNNING.get_or_init(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current().name().is_some_and(|name| name.starts_with("nbd-")) {
                PANICS.fetch_add(1, Ordering::Relaxed);
            }
            report(panic);
        }));
        let folder = tempfile::tempdir().expect("there is space");
        let path = folder.path().join("s");
        let listener = UnixListener::bind(&path).expect("the path is free");
        let server = Server::unix(listener, ServerOptions::default()).expect("it starts");
        let disk: Arc<Memory> = Arc::default();
        for (name, writable) in [("w", true), ("", false)] {
            let export = Export::new(name, Arc::clone(&disk) as _).expect("a short name");
            let export = export.writable(writable).allocation_depth(true);
            let export = export.bitmap("b", Arc::new(Halves)).description("d");
            server.add(export.expect("a short text")).expect("the name is free");
        }
        Running { _server: server, path, _folder: folder }
    })
}

/// A disk in memory. Its second half reads as zeroes for those who ask.
struct Memory(Mutex<Vec<u8>>);

impl Default for Memory {
    fn default() -> Self {
        Memory(Mutex::new(vec![7; SIZE]))
    }
}

impl Memory {
    /// Gives the bytes of a range to a function.
    fn with(
        &self,
        offset: u64,
        length: usize,
        use_bytes: impl FnOnce(&mut [u8]),
    ) -> io::Result<()> {
        let mut bytes = self.0.lock().map_err(|_| io::ErrorKind::Other)?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let range = bytes.get_mut(start..start.saturating_add(length));
        // The server checks ranges, so that this panic shows a mistake of its.
        use_bytes(range.expect("a range within the disk"));
        Ok(())
    }
}

impl Disk for Memory {
    fn size(&self) -> io::Result<u64> {
        Ok(SIZE as u64)
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.with(offset, buffer.len(), |bytes| buffer.copy_from_slice(bytes))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.with(offset, data.len(), |bytes| bytes.copy_from_slice(data))
    }

    fn write_zeroes(&self, offset: u64, length: u64, _options: ZeroOptions) -> io::Result<()> {
        self.with(offset, length as usize, |bytes| bytes.fill(0))
    }

    fn discard(&self, offset: u64, length: u64) -> io::Result<()> {
        self.with(offset, length as usize, |_bytes| {})
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }

    fn extent(&self, offset: u64, length: u64) -> io::Result<Extent> {
        let half = SIZE as u64 / 2;
        let zero = offset >= half;
        let length = if zero { length } else { length.min(half - offset) };
        Ok(Extent { length, zero, allocated: !zero })
    }
}

/// The first half of each 4 KiB is dirty.
struct Halves;

impl DirtyRanges for Halves {
    fn dirty(&self, offset: u64, length: u64) -> (bool, u64) {
        ((offset / 2048).is_multiple_of(2), (2048 - offset % 2048).min(length))
    }
}

/// The forms of replies, by the option that chooses each.
pub const FORMS: [Option<u32>; 3] = [None, Some(8), Some(11)];

/// The initial corpus: conversations with every option and every command, in every form of replies.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for form in FORMS {
        for export in ["w", "", "nope"] {
            for code in 0..=8 {
                let mut seed = handshake(form, export, code % 2 == 0);
                for (offset, length) in [(0, 512), (4096, 65_537), (1 << 17, 1), (9, 0)] {
                    let flags = (offset as u16 >> 5) & 31;
                    request(&mut seed, form, (code, flags), offset, length);
                }
                request(&mut seed, form, (2, 0), 0, 0);
                seeds.push(seed);
            }
        }
    }
    for code in (0..=12).chain([99]) {
        for data in [Vec::new(), name("w"), [name("w"), vec![0, 1, 0, 3]].concat()] {
            let mut seed = 3_u32.to_be_bytes().to_vec();
            option(&mut seed, code, &data);
            option(&mut seed, 2, &[]);
            seeds.push(seed);
        }
    }
    seeds
}

fn handshake(form: Option<u32>, export: &str, with_contexts: bool) -> Vec<u8> {
    let mut seed = 3_u32.to_be_bytes().to_vec();
    if let Some(form) = form {
        option(&mut seed, form, &[]);
    }
    if with_contexts {
        let contexts = ["base:allocation", "qemu:allocation-depth", "qemu:dirty-bitmap:b"];
        let mut data = [name(export), 3_u32.to_be_bytes().to_vec()].concat();
        contexts.iter().for_each(|context| data.extend(name(context)));
        option(&mut seed, 10, &data);
    }
    option(&mut seed, 7, &[name(export), vec![0, 0]].concat());
    seed
}

fn name(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat()
}

fn option(seed: &mut Vec<u8>, code: u32, data: &[u8]) {
    seed.extend(b"IHAVEOPT");
    seed.extend(code.to_be_bytes());
    seed.extend((data.len() as u32).to_be_bytes());
    seed.extend(data);
}

/// Adds a request, with data if it is a write that is not too long for a seed.
fn request(
    seed: &mut Vec<u8>,
    form: Option<u32>,
    (code, flags): (u16, u16),
    offset: u64,
    length: u32,
) {
    let is_extended = form == Some(11);
    seed.extend(if is_extended { 0x21e4_1c71_u32 } else { 0x2560_9513 }.to_be_bytes());
    seed.extend(flags.to_be_bytes());
    seed.extend(code.to_be_bytes());
    seed.extend(offset.to_be_bytes());
    seed.extend(offset.to_be_bytes());
    if is_extended {
        seed.extend(u64::from(length).to_be_bytes());
    } else {
        seed.extend(length.to_be_bytes());
    }
    if code == 1 && length <= 512 {
        seed.resize(seed.len() + length as usize, 0x55);
    }
}
