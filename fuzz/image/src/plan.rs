//! What is done with a damaged image.

use crate::contents::Contents;
use crate::layout::Layout;
use crate::random::Random;

/// The steps of one input.
#[derive(Debug)]
pub struct Plan {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The cluster size of the undamaged image in bytes.
    pub cluster_size: u64,
    /// Whether each step is flushed, as by the reference. Otherwise, only the last one is.
    pub flushes_each_step: bool,
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
    /// Discards a range: its whole clusters read as zeroes, and the rest does not change.
    Discard {
        /// The offset.
        offset: u64,
        /// The length.
        length: u64,
    },
    /// Writes whole clusters, compressed.
    WriteCompressed(Fill),
    /// Grows or shrinks the image to this size.
    Resize(u64),
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
        let steps = match random.below(if has_backing { 19 } else { 15 }) {
            0..2 => vec![Step::CopyTo(whole(random))],
            2 => {
                let grown = grown(random, size);
                let mut steps = vec![Step::Resize(grown)];
                steps.extend(writes(random, layout, grown));
                steps
            }
            3..5 => {
                let shrunk = (1 + random.below(size / 512)) * 512;
                let mut steps = writes(random, layout, size);
                steps.push(Step::Resize(shrunk));
                if random.chance(50) {
                    let grown = grown(random, shrunk);
                    steps.push(Step::Resize(grown));
                    steps.extend(writes(random, layout, grown));
                }
                steps
            }
            5..8 => {
                let mut steps = vec![discard(random, layout, size)];
                steps.extend(writes(random, layout, size));
                steps.push(discard(random, layout, size));
                steps
            }
            15..17 => vec![Step::Stream],
            17..19 => vec![Step::Commit],
            _ => writes(random, layout, size),
        };
        Plan { steps, cluster_size: layout.cluster_size, flushes_each_step: random.chance(50) }
    }

    /// Whether a step writes to a unit of `size` bytes.
    pub fn writes(&self, unit: usize, size: usize) -> bool {
        let (start, end) = ((unit * size) as u64, ((unit + 1) * size) as u64);
        let overlaps = |offset: u64, length: u64| offset < end && start < offset + length;
        self.steps.iter().any(|step| match step {
            Step::Write(fill) | Step::CopyTo(fill) | Step::WriteCompressed(fill) => {
                overlaps(fill.offset, fill.length)
            }
            Step::WriteZeroes { offset, length } | Step::Discard { offset, length } => {
                overlaps(*offset, *length)
            }
            Step::Commit => true,
            Step::Resize(_) | Step::Stream => false,
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
                Step::Write(fill) | Step::CopyTo(fill) | Step::WriteCompressed(fill) => {
                    let byte = |at| Fill::byte(fill.key, at);
                    let byte: &dyn Fn(u64) -> u8 = &byte;
                    contents.write(fill.offset, fill.length, succeeded.then_some(byte));
                }
                Step::WriteZeroes { offset, length } => {
                    let byte: &dyn Fn(u64) -> u8 = &|_| 0;
                    contents.write(*offset, *length, succeeded.then_some(byte));
                }
                Step::Discard { offset, length } => {
                    let start = offset.next_multiple_of(self.cluster_size);
                    let end = offset + length;
                    // A cluster that the end of the image cuts off counts as whole.
                    let is_last = end >= contents.size;
                    let end = if is_last { end } else { end - end % self.cluster_size };
                    let byte: &dyn Fn(u64) -> u8 = &|_| 0;
                    let length = end.saturating_sub(start);
                    contents.write(start, length, succeeded.then_some(byte));
                }
                Step::Resize(size) if succeeded => contents.resize(*size),
                // What is beyond the new end may be gone already.
                Step::Resize(size) => contents.write(*size, u64::MAX, None),
                Step::Stream | Step::Commit => {}
            }
        }
        contents
    }
}

fn key(random: &mut Random) -> u8 {
    random.below(251) as u8
}

/// A size that is larger than `size`.
fn grown(random: &mut Random, size: u64) -> u64 {
    size + (1 + random.below(64)) * 512 * (1 + random.below(64))
}

/// A discard of some clusters and parts of their neighbours.
fn discard(random: &mut Random, layout: &Layout, size: u64) -> Step {
    let cluster = layout.cluster_size;
    let range = if random.chance(70) { size.min(16 * cluster) } else { size };
    let offset = random.below(range / 512) * 512;
    let length = (cluster * random.below(6) + random.below(cluster / 512) * 512).max(512);
    Step::Discard { offset, length: length.min(size - offset) }
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
        if random.chance(10) {
            let start = offset - offset % cluster;
            let end = (offset + length).next_multiple_of(cluster).min(size);
            let length = end.saturating_sub(start);
            return Step::WriteCompressed(Fill { offset: start, length, key: key(random) });
        }
        Step::Write(Fill { offset, length, key: key(random) })
    };
    (0..count).map(|_| step(random)).collect()
}
