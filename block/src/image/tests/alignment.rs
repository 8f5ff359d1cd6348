//! Tests of requests to a storage that refuses unaligned ones.

use std::fmt;
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::io::Errno;

use crate::image::aligned_buffer::AlignedBuffer;
use crate::image::alignment::Alignment;
use crate::image::blkdebug::rules::Rules;
use crate::image::blkdebug::{BlkdebugStorage, Limits};
use crate::image::storage::{BlockStorage, Preallocation, Storage, ZeroMode};
use crate::options::BlockdevOptionsBlkdebug;

const BLOCK: u64 = 4096;
const SIZE: u64 = 64 * BLOCK;

/// Bytes in memory, in blocks. Unaligned requests fail as with direct I/O.
#[derive(Debug)]
struct Blocks {
    bytes: Mutex<Vec<u8>>,
    /// The alignment of addresses in memory.
    memory: usize,
    zeroes: bool,
}

impl Blocks {
    fn new(memory: usize, zeroes: bool) -> Arc<Self> {
        Arc::new(Blocks { bytes: Mutex::new(vec![0; SIZE as usize]), memory, zeroes })
    }

    fn check(&self, offset: u64, length: usize, address: usize) -> io::Result<()> {
        let is_aligned = offset.is_multiple_of(BLOCK)
            && (length as u64).is_multiple_of(BLOCK)
            && address.is_multiple_of(self.memory);
        if is_aligned { Ok(()) } else { Err(Errno::INVAL.into()) }
    }
}

impl fmt::Display for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("blocks")
    }
}

impl BlockStorage for Blocks {
    fn size(&self) -> io::Result<u64> {
        Ok(self.bytes.lock().len() as u64)
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.check(offset, buffer.len(), buffer.as_ptr().addr())?;
        let start = offset as usize;
        buffer.copy_from_slice(&self.bytes.lock()[start..start + buffer.len()]);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.check(offset, data.len(), data.as_ptr().addr())?;
        let start = offset as usize;
        self.bytes.lock()[start..start + data.len()].copy_from_slice(data);
        Ok(())
    }

    fn write_zeroes(&self, offset: u64, length: u64, _mode: ZeroMode) -> io::Result<()> {
        if !self.zeroes {
            return Err(Errno::NOTSUP.into());
        }
        self.check(offset, length as usize, 0)?;
        self.bytes.lock()[offset as usize..(offset + length) as usize].fill(0);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn resize(&self, _size: u64, _preallocation: Preallocation) -> io::Result<()> {
        Err(Errno::NOTSUP.into())
    }
}

/// A blkdebug node whose option `align` makes all requests aligned.
fn aligned(blocks: &Arc<Blocks>) -> Storage {
    let rules =
        Rules::new(&BlockdevOptionsBlkdebug::new("image".into())).expect("there are none");
    let limits = Limits { align: Some(BLOCK), ..Limits::default() };
    Storage::new(BlkdebugStorage::new(Arc::clone(blocks).into(), rules, limits))
}

/// Pseudo-random numbers below a limit, the same in each run.
fn numbers(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) % below
    }
}

/// Changes bytes at random within a range. Returns the expected contents of the range.
fn change_randomly(storage: &Storage, start: u64, length: u64, seed: u64) -> Vec<u8> {
    let mut expected = vec![0; length as usize];
    let mut random = numbers(seed);
    for step in 0..300_u64 {
        let from = random(length);
        let count = 1 + random((length - from).min(3 * BLOCK));
        let range = from as usize..(from + count) as usize;
        match random(3) {
            0 => {
                storage.write_zeroes(start + from, count).expect("it can be zeroed");
                expected[range].fill(0);
            }
            1 => {
                let mut bytes = vec![0xee; count as usize];
                storage.read(start + from, &mut bytes).expect("it can be read");
                assert_eq!(bytes, expected[range]);
            }
            _write => {
                let data = vec![step as u8 | 1; count as usize];
                storage.write(start + from, &data).expect("it can be written");
                expected[range].copy_from_slice(&data);
            }
        }
    }
    expected
}

#[test]
fn unaligned_requests_change_no_other_byte() {
    for zeroes in [false, true] {
        let blocks = Blocks::new(1, zeroes);
        let storage = aligned(&blocks);
        let expected = change_randomly(&storage, 0, SIZE, 1);
        assert!(*blocks.bytes.lock() == expected);
    }
}

#[test]
fn writes_to_parts_of_one_block_exclude_each_other() {
    let blocks = Blocks::new(1, true);
    let storage = aligned(&blocks);
    // Blocks at the ends of the ranges are shared by two threads, and one is shared by all.
    let starts = [0, 3 * BLOCK + 100, 3 * BLOCK + 700, 3 * BLOCK + 701, SIZE];
    let threads: Vec<_> = starts
        .windows(2)
        .map(|ends| {
            let (storage, start, length) = (storage.clone(), ends[0], ends[1] - ends[0]);
            std::thread::spawn(move || change_randomly(&storage, start, length, 1 + start))
        })
        .collect();
    let expected: Vec<u8> = threads
        .into_iter()
        .flat_map(|thread| thread.join().expect("the thread does not fail"))
        .collect();
    assert!(*blocks.bytes.lock() == expected);
}

#[test]
fn buffers_at_unaligned_addresses_are_copied() {
    let blocks = Blocks::new(512, true);
    let alignment = Alignment::new(BLOCK, 512);
    let read = |offset, buffer: &mut [u8]| blocks.read(offset, buffer);
    let mut buffer = AlignedBuffer::new(SIZE as usize).expect("memory");
    for shift in [0, 1, 512] {
        for length in [1, 511, BLOCK - 512, BLOCK, 3 * BLOCK + 7] {
            let (shift, length) = (shift as usize, length as usize);
            for offset in [0, 100, BLOCK, 2 * BLOCK - 1] {
                let what = format!("{length} bytes at {offset}, {shift} in memory");
                let data = &mut buffer[shift..shift + length];
                data.fill(length as u8 | 1);
                alignment
                    .write(offset, data, read, |write| blocks.write(write.offset, write.data))
                    .expect(&what);
                data.fill(0);
                alignment.read(offset, data, read).expect(&what);
                assert!(data.iter().all(|byte| *byte == length as u8 | 1), "{what}");
            }
        }
    }
    assert!(alignment.read(u64::MAX - 10, &mut [0; 11], read).is_err(), "it ends too far");
    assert!(alignment.read(u64::MAX - 10, &mut [0; 10], read).is_err(), "its block does");
}

#[test]
fn requests_of_any_length_use_a_bounded_buffer() {
    const LONG: usize = (5 << 20) + 3;
    let alignment = Alignment::new(BLOCK, 4096);
    let largest = Mutex::new(0);
    let mut bytes = vec![0; LONG + 1];
    let count = |length: usize| {
        let mut largest = largest.lock();
        *largest = length.max(*largest);
        Ok(())
    };
    alignment.read(5, &mut bytes[1..], |_, buffer| count(buffer.len())).expect("it can be read");
    let read = |_, _: &mut [u8]| Ok(());
    alignment.write(5, &bytes[1..], read, |write| count(write.data.len())).expect("it can be");
    let largest = *largest.lock();
    assert!(largest <= (1 << 20) + 2 * BLOCK as usize, "{largest}");
}
