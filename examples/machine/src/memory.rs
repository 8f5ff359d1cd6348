//! The address space of the processor: RAM, and the registers of the devices.

use std::time::Duration;

use rrs_lib::{MemAccessSize, Memory};

use crate::disk::{DiskRegisters, DiskRequest};
use crate::ram::{RAM_SIZE, ram_range};

/// The registers of the disk: see [`DiskRegisters`].
const DISK: u32 = 0x1000_0000;
/// The timer: the time of the guest in µs, low and high word.
const TIME_LOW: u32 = 0x0200_0000;
const TIME_HIGH: u32 = TIME_LOW + 4;
/// Writing this register waits for a number of µs.
const WAIT: u32 = TIME_LOW + 8;

/// What the processor cannot do alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The disk has a request.
    Disk(DiskRequest),
    /// The guest waits.
    Wait(Duration),
}

/// RAM and devices.
pub(crate) struct AddressSpace {
    pub(crate) ram: Vec<u8>,
    pub(crate) disk: DiskRegisters,
    /// The time of the guest in µs: the instructions it has executed, and the time it has waited.
    /// It depends on nothing else, so that the guest always does the same.
    pub(crate) time: u64,
    /// What the last instruction has asked for.
    pub(crate) exit: Option<Exit>,
}

impl AddressSpace {
    /// An address space whose RAM begins with `program`.
    pub(crate) fn new(program: &[u8]) -> Self {
        let mut ram = program.to_vec();
        ram.resize(RAM_SIZE, 0);
        Self { ram, disk: DiskRegisters::default(), time: 0, exit: None }
    }

    fn read_register(&self, address: u32) -> Option<u32> {
        match address {
            TIME_LOW => Some(self.time as u32),
            TIME_HIGH => Some((self.time >> 32) as u32),
            _ => self.disk.read(address.checked_sub(DISK)?),
        }
    }

    /// Returns false if there is no such register.
    fn write_register(&mut self, address: u32, value: u32) -> bool {
        if address == WAIT {
            self.time += u64::from(value);
            self.exit = Some(Exit::Wait(Duration::from_micros(value.into())));
            return true;
        }
        let Some(offset) = address.checked_sub(DISK) else { return false };
        let Some(request) = self.disk.write(offset, value) else { return false };
        self.exit = request.map(Exit::Disk);
        true
    }
}

/// The number of bytes of an access.
fn bytes(size: MemAccessSize) -> usize {
    match size {
        MemAccessSize::Byte => 1,
        MemAccessSize::HalfWord => 2,
        MemAccessSize::Word => 4,
    }
}

/// Registers have the size of a word. The processor refuses loads and stores that are not aligned.
impl Memory for AddressSpace {
    fn read_mem(&mut self, address: u32, size: MemAccessSize) -> Option<u32> {
        let length = bytes(size);
        if let Some(range) = ram_range(address.into(), length as u64) {
            let mut word = [0; 4];
            word[..length].copy_from_slice(&self.ram[range]);
            return Some(u32::from_le_bytes(word));
        }
        (length == 4).then(|| self.read_register(address))?
    }

    fn write_mem(&mut self, address: u32, size: MemAccessSize, value: u32) -> bool {
        let length = bytes(size);
        if let Some(range) = ram_range(address.into(), length as u64) {
            self.ram[range].copy_from_slice(&value.to_le_bytes()[..length]);
            return true;
        }
        length == 4 && self.write_register(address, value)
    }
}
