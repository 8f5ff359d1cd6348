//! One request of the guest: virtio specification, section 5.2.6.

use std::io::{self, Read, Write};

use block::error::Error;
use block::image::storage::ZeroMode;
use block::nodes::Root;
use virtio_bindings::virtio_blk::{
    VIRTIO_BLK_S_IOERR, VIRTIO_BLK_S_OK, VIRTIO_BLK_S_UNSUPP, VIRTIO_BLK_T_DISCARD,
    VIRTIO_BLK_T_FLUSH, VIRTIO_BLK_T_GET_ID, VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT,
    VIRTIO_BLK_T_WRITE_ZEROES, VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP,
};
use virtio_queue::{DescriptorChain, Reader, Writer};
use vm_memory::{GuestMemoryLoadGuard, GuestMemoryMmap};

use crate::config::{DeviceOptions, MAX_RANGE_SECTORS, SECTOR_SIZE};

/// The name of the device for the guest, filled with zeroes.
const DEVICE_ID: &[u8; 20] = b"vhost_user_blk\0\0\0\0\0\0";
/// The most bytes that are read or written at once.
const TRANSFER: usize = 1 << 20;

/// The descriptors of one request, and the guest's memory that they refer to.
pub(crate) type Chain = DescriptorChain<GuestMemoryLoadGuard<GuestMemoryMmap>>;

/// Executes requests on a disk.
pub(crate) struct Executor<'a> {
    pub(crate) disk: &'a Root,
    pub(crate) options: DeviceOptions,
    /// Whether data may stay in a volatile cache until the next flush.
    pub(crate) write_cache: bool,
    /// Memory that is used again for further requests.
    pub(crate) buffer: &'a mut Vec<u8>,
}

/// Why a request fails: the status for the guest.
#[derive(Clone, Copy)]
enum Failure {
    Io,
    Unsupported,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        tracing::debug!(%error, "a request of a guest fails");
        Failure::Io
    }
}

/// The range of a discard, or of zeroes: `struct virtio_blk_discard_write_zeroes`.
struct Range {
    sector: u64,
    sectors: u32,
    flags: u32,
}

impl Executor<'_> {
    /// Executes a request. Returns the number of bytes that it has written to the guest's memory.
    ///
    /// # Errors
    /// The descriptors are malformed: there is no place for the status.
    pub(crate) fn execute(&mut self, chain: &Chain) -> io::Result<u32> {
        let memory = chain.memory();
        let malformed = |error| io::Error::other(format!("malformed descriptors: {error}"));
        let mut input = chain.clone().reader(memory).map_err(malformed)?;
        let mut output = chain.clone().writer(memory).map_err(malformed)?;
        let without_status = output.available_bytes().checked_sub(1);
        let without_status =
            without_status.ok_or_else(|| io::Error::other("a request has no status byte"))?;
        let mut status = output.split_at(without_status).map_err(io::Error::other)?;
        let outcome = self.dispatch(&mut input, &mut output);
        let code = match outcome {
            Ok(()) => VIRTIO_BLK_S_OK,
            Err(Failure::Io) => VIRTIO_BLK_S_IOERR,
            Err(Failure::Unsupported) => VIRTIO_BLK_S_UNSUPP,
        };
        status.write_all(&[code as u8])?;
        // The status is the last byte, so that all bytes before it count, too.
        Ok(u32::try_from(without_status + 1).unwrap_or(u32::MAX))
    }

    fn dispatch(
        &mut self,
        input: &mut Reader<'_>,
        output: &mut Writer<'_>,
    ) -> Result<(), Failure> {
        let mut header = [0; 16];
        input.read_exact(&mut header).map_err(|_too_short| Failure::Io)?;
        let [kind, _reserved, low, high] = words(header);
        let sector = u64::from(high) << 32 | u64::from(low);
        match kind {
            VIRTIO_BLK_T_IN => self.read(sector, output),
            VIRTIO_BLK_T_OUT => self.write(sector, input),
            VIRTIO_BLK_T_FLUSH => Ok(self.disk.flush()?),
            VIRTIO_BLK_T_GET_ID => {
                let length = DEVICE_ID.len().min(output.available_bytes());
                output.write_all(&DEVICE_ID[..length]).map_err(|_too_short| Failure::Io)
            }
            VIRTIO_BLK_T_DISCARD => {
                let (range, offset, length) = self.range(input)?;
                if range.flags != 0 {
                    return Err(Failure::Unsupported);
                }
                self.disk.discard_range(offset, length)?;
                self.flush_unless_cached()
            }
            VIRTIO_BLK_T_WRITE_ZEROES => {
                let (range, offset, length) = self.range(input)?;
                let mode = match range.flags {
                    0 => ZeroMode::Allocated,
                    VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP => ZeroMode::MayUnmap,
                    _unknown => return Err(Failure::Unsupported),
                };
                self.disk.write_zeroes(offset, length, mode)?;
                self.flush_unless_cached()
            }
            _unknown => Err(Failure::Unsupported),
        }
    }

    fn read(&mut self, sector: u64, output: &mut Writer<'_>) -> Result<(), Failure> {
        let mut offset = self.offset(sector, output.available_bytes() as u64)?;
        while output.available_bytes() > 0 {
            let length = output.available_bytes().min(TRANSFER);
            let buffer = transfer_buffer(self.buffer, length);
            self.disk.read(offset, buffer)?;
            output.write_all(buffer).map_err(|_inaccessible| Failure::Io)?;
            offset += length as u64;
        }
        Ok(())
    }

    fn write(&mut self, sector: u64, input: &mut Reader<'_>) -> Result<(), Failure> {
        if !self.options.is_writable {
            return Err(Failure::Io);
        }
        let mut offset = self.offset(sector, input.available_bytes() as u64)?;
        while input.available_bytes() > 0 {
            let length = input.available_bytes().min(TRANSFER);
            let buffer = transfer_buffer(self.buffer, length);
            input.read_exact(buffer).map_err(|_inaccessible| Failure::Io)?;
            self.disk.write(offset, buffer)?;
            offset += length as u64;
        }
        self.flush_unless_cached()
    }

    /// The only range of a discard, or of zeroes, with its offset and length in bytes.
    fn range(&self, input: &mut Reader<'_>) -> Result<(Range, u64, u64), Failure> {
        if !self.options.is_writable {
            return Err(Failure::Io);
        }
        let mut bytes = [0; 16];
        if input.available_bytes() != bytes.len() {
            // The configuration space permits one range.
            return Err(Failure::Unsupported);
        }
        input.read_exact(&mut bytes).map_err(|_inaccessible| Failure::Io)?;
        let [low, high, sectors, flags] = words(bytes);
        let range = Range { sector: u64::from(high) << 32 | u64::from(low), sectors, flags };
        if range.sectors > MAX_RANGE_SECTORS {
            return Err(Failure::Io);
        }
        let length = u64::from(range.sectors) * SECTOR_SIZE;
        let offset = self.offset(range.sector, length)?;
        Ok((range, offset, length))
    }

    /// The offset in bytes of a range, if it consists of whole blocks within the disk.
    fn offset(&self, sector: u64, length: u64) -> Result<u64, Failure> {
        let offset = sector.checked_mul(SECTOR_SIZE).ok_or(Failure::Io)?;
        let block = u64::from(self.options.block_size);
        let end = offset.checked_add(length).ok_or(Failure::Io)?;
        let is_aligned = offset.is_multiple_of(block) && length.is_multiple_of(SECTOR_SIZE);
        if is_aligned && end <= self.disk.node().size()? { Ok(offset) } else { Err(Failure::Io) }
    }

    fn flush_unless_cached(&self) -> Result<(), Failure> {
        if self.write_cache { Ok(()) } else { Ok(self.disk.flush()?) }
    }
}

/// The first `length` bytes of a buffer, which grows to that length.
fn transfer_buffer(buffer: &mut Vec<u8>, length: usize) -> &mut [u8] {
    if buffer.len() < length {
        buffer.resize(length, 0);
    }
    &mut buffer[..length]
}

/// The four 32-bit numbers of a header or range.
fn words(bytes: [u8; 16]) -> [u32; 4] {
    let word =
        |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    [word(0), word(4), word(8), word(12)]
}
