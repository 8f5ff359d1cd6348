//! The contents of an image as a client reads them.

use std::fmt;

/// The most bytes that are read at once.
const REQUEST_MAX: usize = 1 << 20;
const SECTOR: usize = 512;

/// The beginning of an image: each unit with its data, or unreadable.
#[derive(Clone, Debug)]
pub struct Contents {
    /// The size of the image in bytes.
    pub size: u64,
    unit: usize,
    bytes: Vec<u8>,
    readable: Vec<bool>,
}

impl Contents {
    /// The most bytes of an image that are read.
    pub const WINDOW: u64 = 9 << 20;

    /// Reads the beginning of an image of this size. A unit that cannot be read alone is
    /// unreadable.
    pub fn gather(size: u64, unit: usize, mut read: impl FnMut(u64, &mut [u8]) -> bool) -> Self {
        let length = usize::try_from(size.min(Self::WINDOW)).unwrap_or(0);
        let mut bytes = vec![0xa5; length];
        let mut readable = vec![true; length.div_ceil(unit)];
        let requests = (0..length).step_by(REQUEST_MAX);
        let mut pending: Vec<_> =
            requests.map(|start| start..(start + REQUEST_MAX).min(length)).collect();
        while let Some(range) = pending.pop() {
            if read(range.start as u64, &mut bytes[range.clone()]) {
                continue;
            }
            let units = range.len().div_ceil(unit);
            if units > 1 {
                let middle = range.start + units / 2 * unit;
                pending.extend([range.start..middle, middle..range.end]);
            } else {
                readable[range.start / unit] = false;
            }
        }
        Contents { size, unit, bytes, readable }
    }

    /// The units at which this has data and `other` has other data or none.
    pub fn differences(&self, other: &Contents) -> Differences {
        let mut differences = Differences::default();
        let theirs = other.bytes.chunks(self.unit).zip(&other.readable);
        let ours = self.bytes.chunks(self.unit).zip(&self.readable);
        for (unit, ((mine, known), (their, readable))) in ours.zip(theirs).enumerate() {
            match (known, readable) {
                (true, true) if mine != their => differences.other_data.push(unit),
                (true, false) => differences.unreadable.push(unit),
                _same => {}
            }
        }
        differences
    }

    /// Overwrites a range of whole sectors. `byte` gives the value of all bytes of the sector at an
    /// offset; without it, the range becomes unreadable.
    pub fn write(&mut self, offset: u64, length: u64, byte: Option<&dyn Fn(u64) -> u8>) {
        let index = |at: u64| usize::try_from(at).unwrap_or(0);
        let end = offset.saturating_add(length).min(self.bytes.len() as u64);
        if offset >= end {
            return;
        }
        let unit = self.unit as u64;
        let Some(byte) = byte else {
            self.readable[index(offset / unit)..index(end.div_ceil(unit))].fill(false);
            return;
        };
        let sectors = self.bytes[index(offset)..index(end)].chunks_mut(SECTOR);
        for (number, sector) in (0..).zip(sectors) {
            sector.fill(byte(offset + number * SECTOR as u64));
        }
        // A unit that is overwritten as a whole can be read again.
        let whole = offset.div_ceil(unit)..end / unit;
        if !whole.is_empty() {
            self.readable[index(whole.start)..index(whole.end)].fill(true);
        }
    }

    /// Changes the size. New bytes are zero.
    pub fn resize(&mut self, size: u64) {
        let length = usize::try_from(size.min(Self::WINDOW)).unwrap_or(0);
        self.bytes.resize(length, 0);
        self.readable.resize(length.div_ceil(self.unit), true);
        self.size = size;
    }

    /// The state of each unit, in comparison with other contents.
    pub fn states(&self, undamaged: &Contents) -> Vec<UnitState> {
        let units = self.bytes.chunks(self.unit).zip(&self.readable).enumerate();
        let state = |(unit, (bytes, readable)): (usize, (&[u8], &bool))| {
            let same = undamaged
                .bytes
                .get(unit * self.unit..)
                .and_then(|rest| rest.get(..bytes.len()).filter(|known| *known == bytes));
            match (readable, same) {
                (false, _) => UnitState::Unreadable,
                (true, Some(_)) => UnitState::Same,
                (true, None) => UnitState::Other(digest(bytes)),
            }
        };
        units.map(state).collect()
    }
}

/// A unit of an image, in comparison with the undamaged image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitState {
    /// The data are the same.
    Same,
    /// The data cannot be read.
    Unreadable,
    /// There are other data, with this digest.
    Other(u32),
}

impl UnitState {
    /// Parses the text that [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "s" => Some(UnitState::Same),
            "x" => Some(UnitState::Unreadable),
            digest => u32::from_str_radix(digest, 16).ok().map(UnitState::Other),
        }
    }
}

impl fmt::Display for UnitState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UnitState::Same => f.write_str("s"),
            UnitState::Unreadable => f.write_str("x"),
            UnitState::Other(digest) => write!(f, "{digest:x}"),
        }
    }
}

/// A digest of data (FNV-1a).
fn digest(bytes: &[u8]) -> u32 {
    let step = |digest: u32, byte: &u8| (digest ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    bytes.iter().fold(0x811c_9dc5, step)
}

/// The numbers of the units that differ.
#[derive(Default)]
pub struct Differences {
    /// Units with other data.
    pub other_data: Vec<usize>,
    /// Units without data.
    pub unreadable: Vec<usize>,
}

impl Differences {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.other_data.is_empty() && self.unreadable.is_empty()
    }
}

impl fmt::Debug for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "other data {} unreadable {}", Units(&self.other_data), Units(&self.unreadable))
    }
}

/// Shows numbers of units as ranges.
pub struct Units<'a>(pub &'a [usize]);

impl fmt::Display for Units<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for run in self.0.chunk_by(|one, next| one + 1 == *next) {
            match run {
                [one] => write!(f, " {one}")?,
                [first, .., last] => write!(f, " {first}-{last}")?,
                [] => {}
            }
        }
        f.write_str(" ]")
    }
}
