//! A small NBD client, for images that QEMU's storage daemon has open.
//!
//! Protocol: <https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md>.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

const OPTION_MAGIC: u64 = 0x4948_4156_454F_5054;
const REQUEST_MAGIC: u32 = 0x2560_9513;
const REPLY_MAGIC: u32 = 0x6744_6698;
const TIMEOUT: Duration = Duration::from_secs(3);

/// The types of requests.
#[derive(Clone, Copy, Debug)]
enum Command {
    Read = 0,
    Write = 1,
    Disconnect = 2,
    Flush = 3,
    Trim = 4,
    WriteZeroes = 6,
}

/// A connection to an export.
#[derive(Debug)]
pub struct Nbd {
    stream: UnixStream,
    /// The size of the export in bytes.
    pub size: u64,
    /// Why no more requests are sent.
    broken: Option<io::ErrorKind>,
}

impl Nbd {
    /// Connects to an export.
    ///
    /// # Errors
    /// Those of the connection; or there is no such export.
    pub fn connect(socket: &Path, export: &str) -> io::Result<Self> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        let mut greeting = [0; 18];
        stream.read_exact(&mut greeting)?;
        let fixed_newstyle_without_zeroes = 3_u32;
        stream.write_all(&fixed_newstyle_without_zeroes.to_be_bytes())?;
        let mut option = OPTION_MAGIC.to_be_bytes().to_vec();
        let export_name = 1_u32;
        option.extend(export_name.to_be_bytes());
        option.extend(u32::try_from(export.len()).unwrap_or(0).to_be_bytes());
        option.extend(export.as_bytes());
        stream.write_all(&option)?;
        let (mut size, mut flags) = ([0; 8], [0; 2]);
        stream.read_exact(&mut size)?;
        stream.read_exact(&mut flags)?;
        Ok(Nbd { stream, size: u64::from_be_bytes(size), broken: None })
    }

    /// Reads until `buffer` is full.
    ///
    /// # Errors
    /// Those of the image, or of the connection.
    pub fn read(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.request(Command::Read, offset, buffer.len() as u64)?;
        self.reply()?;
        let read = self.stream.read_exact(buffer);
        self.record(read)
    }

    /// Fails if the connection has failed, rather than only requests.
    ///
    /// # Errors
    /// The error of the connection.
    pub fn check_connection(&self) -> io::Result<()> {
        self.broken.map_or(Ok(()), |kind| Err(kind.into()))
    }

    fn record<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result {
            self.broken = Some(error.kind());
        }
        result
    }

    /// Writes all of `data`.
    ///
    /// # Errors
    /// Those of the image, or of the connection.
    pub fn write(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.request(Command::Write, offset, data.len() as u64)?;
        let written = self.stream.write_all(data);
        self.record(written)?;
        self.reply()
    }

    /// Makes a range read as zeroes.
    ///
    /// # Errors
    /// Those of the image, or of the connection.
    pub fn write_zeroes(&mut self, offset: u64, length: u64) -> io::Result<()> {
        self.request(Command::WriteZeroes, offset, length)?;
        self.reply()
    }

    /// Discards a range.
    ///
    /// # Errors
    /// Those of the image, or of the connection.
    pub fn trim(&mut self, offset: u64, length: u64) -> io::Result<()> {
        self.request(Command::Trim, offset, length)?;
        self.reply()
    }

    /// Flushes all writes.
    ///
    /// # Errors
    /// Those of the image, or of the connection.
    pub fn flush(&mut self) -> io::Result<()> {
        self.request(Command::Flush, 0, 0)?;
        self.reply()
    }

    fn request(&mut self, command: Command, offset: u64, length: u64) -> io::Result<()> {
        self.check_connection()?;
        let mut request = REQUEST_MAGIC.to_be_bytes().to_vec();
        request.extend((command as u32).to_be_bytes());
        request.extend([0; 8]);
        request.extend(offset.to_be_bytes());
        request.extend(u32::try_from(length).map_err(io::Error::other)?.to_be_bytes());
        let written = self.stream.write_all(&request);
        self.record(written)
    }

    fn reply(&mut self) -> io::Result<()> {
        let mut reply = [0; 16];
        let read = self.stream.read_exact(&mut reply);
        self.record(read)?;
        let word = |at: usize| {
            u32::from_be_bytes([reply[at], reply[at + 1], reply[at + 2], reply[at + 3]])
        };
        match (word(0), word(4)) {
            (REPLY_MAGIC, 0) => Ok(()),
            (REPLY_MAGIC, error) => {
                Err(io::Error::from_raw_os_error(i32::try_from(error).unwrap_or(0)))
            }
            _other => Err(io::Error::other("a malformed reply")),
        }
    }
}

impl Drop for Nbd {
    fn drop(&mut self) {
        // The server closes the connection in any case.
        let _ = self.request(Command::Disconnect, 0, 0);
    }
}
