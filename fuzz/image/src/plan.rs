//! What is done with a damaged image.

use crate::contents::Contents;
use crate::layout::Layout;
use crate::random::Random;

/// The steps of one input.
#[derive(Debug)]
pub struct Plan {
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// A step. All offsets and lengths are in bytes, and multiples of 512.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Writes data.
    Write(Fill),
    /// Writes zeroes.
    WriteZeroes {
        /// The offset.
        offset: u64,
        /// The length.
        length: u64,
    },
    /// Grows the image to this size.
    Grow(u64),
    /// Writes the whole image, as the target of a copy.
    CopyTo(Fill),
    /// Copies all data of backing files into the image, which then has none.
    Stream,
    /// Merges the image into its backing file.
    Commit,
}

/// A range with its new data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fill {
    /// The offset.
    pub offset: u64,
    /// The length.
    pub length: u64,
    /// Determines the data.
    pub key: u8,
}

impl Fill {
    /// The data at an offset of the image.
    pub fn byte(key: u8, at: u64) -> u8 {
        // Never zero, and different in each sector.
        ((at / 512 + u64::from(key) * 7) % 255 + 1) as u8
    }

    /// All data.
    pub fn data(&self) -> Vec<u8> {
        let mut data = vec![0; usize::try_from(self.length).unwrap_or(0)];
        for (index, sector) in (self.offset / 512..).zip(data.chunks_mut(512)) {
            sector.fill(Self::byte(self.key, index * 512));
        }
        data
    }
}

impl Plan {
    /// A plan for an image with this layout.
    pub fn new(random: &mut Random, layout: &Layout, has_backing: bool) -> Self {
        let size = layout.size;
        let whole = |random: &mut Random| Fill { offset: 0, length: size, key: key(random) };
        let steps = match random.below(if has_backing { 14 } else { 10 }) {
            0..2 => vec![Step::CopyTo(whole(random))],
            2 => {
                let grown = size + (1 + random.below(64)) * 512 * (1 + random.below(64));
                let mut steps = vec![Step::Grow(grown)];
                steps.extend(writes(random, layout, grown));
                steps
            }
            10..12 => vec![Step::Stream],
            12..14 => vec![Step::Commit],
            _ => writes(random, layout, size),
        };
        Plan { steps }
    }

    /// Whether a step writes to a unit of `size` bytes.
    pub fn writes(&self, unit: usize, size: usize) -> bool {
        let (start, end) = ((unit * size) as u64, ((unit + 1) * size) as u64);
        let overlaps = |offset: u64, length: u64| offset < end && start < offset + length;
        self.steps.iter().any(|step| match step {
            Step::Write(fill) | Step::CopyTo(fill) => overlaps(fill.offset, fill.length),
            Step::WriteZeroes { offset, length } => overlaps(*offset, *length),
            Step::Commit => true,
            Step::Grow(_) | Step::Stream => false,
        })
    }

    /// The contents that an image has after the steps. `outcomes` are their results: the range of a
    /// step that failed has unknown contents. A failed step shows that the image is damaged, so
    /// that only the data of the other steps are known.
    pub fn expected(&self, before: &Contents, outcomes: &[Result<(), String>]) -> Contents {
        let mut contents = before.clone();
        if outcomes.iter().any(Result::is_err) {
            contents.write(0, contents.size, None);
        }
        for (step, outcome) in self.steps.iter().zip(outcomes) {
            let succeeded = outcome.is_ok();
            match step {
                Step::Write(fill) | Step::CopyTo(fill) => {
                    let byte = |at| Fill::byte(fill.key, at);
                    let byte: &dyn Fn(u64) -> u8 = &byte;
                    contents.write(fill.offset, fill.length, succeeded.then_some(byte));
                }
                Step::WriteZeroes { offset, length } => {
                    let byte: &dyn Fn(u64) -> u8 = &|_| 0;
                    contents.write(*offset, *length, succeeded.then_some(byte));
                }
                Step::Grow(size) if succeeded => contents.resize(*size),
                Step::Grow(_) | Step::Stream | Step::Commit => {}
            }
        }
        contents
    }
}

fn key(random: &mut Random) -> u8 {
    random.below(251) as u8
}

/// Writes of data and zeroes, mostly of whole clusters and parts of them near each other.
fn writes(random: &mut Random, layout: &Layout, size: u64) -> Vec<Step> {
    let cluster = layout.cluster_size;
    let clusters = size.div_ceil(cluster);
    let count = 1 + random.below(6);
    let range = |random: &mut Random| {
        let first = if random.chance(70) { random.below(16) } else { random.below(clusters) };
        let start = (first % clusters) * cluster;
        let (offset, length) = match random.below(3) {
            0 => (start, cluster * (1 + random.below(4))),
            1 => (start + random.below(cluster / 512) * 512, 512 * (1 + random.below(8))),
            _ => (start + random.below(cluster / 512) * 512, cluster),
        };
        (offset, length.min(1 << 21).min(size.saturating_sub(offset)) / 512 * 512)
    };
    let step = |random: &mut Random| {
        let (offset, length) = range(random);
        if random.chance(25) {
            return Step::WriteZeroes { offset, length };
        }
        Step::Write(Fill { offset, length, key: key(random) })
    };
    (0..count).map(|_| step(random)).collect()
}
