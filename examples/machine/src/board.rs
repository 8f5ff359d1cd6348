//! The board: a processor, its address space, and their state as bytes.

use std::io::{self, Read, Write};
use std::time::Duration;

use block::nodes::Root;
use rrs_lib::HartState;
use rrs_lib::instruction_executor::InstructionExecutor;

use crate::disk::DiskRegisters;
use crate::guest;
use crate::memory::{AddressSpace, Exit};
use crate::ram::RAM_BASE;

/// The version of the saved state.
pub(crate) const STATE_VERSION: u32 = 1;
/// The unit in which RAM is saved. Pages of zeroes are left out.
const PAGE_SIZE: usize = 4096;
/// Follows the last page in a saved state.
const LAST_PAGE: u32 = u32::MAX;

/// Why the processor has paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pause {
    /// It has executed as many instructions as it should, or a command to the disk.
    Slice,
    /// The guest waits for this time.
    Wait(Duration),
    /// The processor has stopped at a faulty instruction, until it is reset.
    Halted,
}

/// A processor with RAM and devices.
pub(crate) struct Board {
    hart: HartState,
    memory: AddressSpace,
    halted: bool,
}

impl Board {
    /// A board after its reset.
    pub(crate) fn new() -> Self {
        let hart = HartState { pc: RAM_BASE, ..HartState::new() };
        Self { hart, memory: AddressSpace::new(&guest::image()), halted: false }
    }

    /// The RAM.
    pub(crate) fn ram(&self) -> &[u8] {
        &self.memory.ram
    }

    /// The time of the guest.
    pub(crate) fn clock(&self) -> Duration {
        Duration::from_micros(self.memory.time)
    }

    /// Executes instructions: `most` at most, and one command to the disk at most.
    pub(crate) fn run(&mut self, most: u32, disk: Option<&Root>) -> Pause {
        if self.halted {
            return Pause::Halted;
        }
        for _ in 0..most {
            let (hart_state, mem) = (&mut self.hart, &mut self.memory);
            if let Err(exception) = (InstructionExecutor { hart_state, mem }).step() {
                tracing::error!(?exception, pc = self.hart.pc, "the processor has halted");
                self.halted = true;
                return Pause::Halted;
            }
            self.memory.time += 1;
            match self.memory.exit.take() {
                None => {}
                Some(Exit::Wait(time)) => return Pause::Wait(time),
                Some(Exit::Disk(request)) => {
                    let AddressSpace { disk: registers, ram, .. } = &mut self.memory;
                    registers.carry_out(request, disk, ram);
                    return Pause::Slice;
                }
            }
        }
        Pause::Slice
    }

    /// Writes the state.
    ///
    /// # Errors
    /// Those of the writer.
    pub(crate) fn save(&self, state: &mut dyn Write) -> io::Result<()> {
        let AddressSpace { ram, disk, time, exit: _ } = &self.memory;
        let DiskRegisters { sector, address, status } = *disk;
        let words = [self.hart.pc, u32::from(self.halted), sector, address, status];
        for word in words.iter().chain(&self.hart.registers) {
            state.write_all(&word.to_be_bytes())?;
        }
        state.write_all(&time.to_be_bytes())?;
        for (number, page) in (0_u32..).zip(ram.chunks(PAGE_SIZE)) {
            if page.iter().any(|byte| *byte != 0) {
                state.write_all(&number.to_be_bytes())?;
                state.write_all(page)?;
            }
        }
        state.write_all(&LAST_PAGE.to_be_bytes())
    }

    /// Reads a state that [`save`](Self::save) has written.
    ///
    /// # Errors
    /// Those of the reader; the state has a page that is not RAM.
    pub(crate) fn load(state: &mut dyn Read) -> io::Result<Self> {
        let mut board = Self { memory: AddressSpace::new(&[]), ..Self::new() };
        board.hart.pc = word(state)?;
        board.halted = word(state)? != 0;
        let (sector, address, status) = (word(state)?, word(state)?, word(state)?);
        board.memory.disk = DiskRegisters { sector, address, status };
        for register in &mut board.hart.registers {
            *register = word(state)?;
        }
        board.memory.time = u64::from(word(state)?) << 32 | u64::from(word(state)?);
        loop {
            let number = word(state)?;
            if number == LAST_PAGE {
                return Ok(board);
            }
            let mut pages = board.memory.ram.chunks_mut(PAGE_SIZE);
            let page = pages.nth(number as usize);
            state
                .read_exact(page.ok_or_else(|| io::Error::other("a page is beyond the RAM"))?)?;
        }
    }
}

fn word(state: &mut dyn Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    state.read_exact(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes))
}
