//! Damage to the metadata of an image.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::layout::{Layout, OFFSET_MASK, Region, number};
use crate::random::Random;

/// Changes of one file.
#[derive(Debug, Default)]
pub struct Damage {
    patches: Vec<Patch>,
    /// The new length of the file.
    length: Option<u64>,
}

#[derive(Debug)]
struct Patch {
    offset: u64,
    bytes: Vec<u8>,
}

impl Damage {
    /// One to four changes of an image with this layout.
    pub fn new(random: &mut Random, image: &[u8], layout: &Layout) -> Self {
        let mut damage = Damage::default();
        let changes = if random.chance(60) { 1 } else { 2 + random.below(3) };
        for _ in 0..changes {
            match random.below(40) {
                0 => damage.change_length(random, image, layout),
                1 => damage.fill_sector(random, layout),
                2 => damage.copy_cluster(random, image, layout),
                _ => damage.change_entry(random, image, layout),
            }
        }
        damage
    }

    /// Changes a file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn apply(&self, path: &Path) -> io::Result<()> {
        let file = File::options().write(true).open(path)?;
        for Patch { offset, bytes } in &self.patches {
            file.write_all_at(bytes, *offset)?;
        }
        self.length.map_or(Ok(()), |length| file.set_len(length))
    }

    fn change_entry(&mut self, random: &mut Random, image: &[u8], layout: &Layout) {
        let region = pick_region(random, layout);
        let (offset, width) = (pick_entry(random, image, region), region.width);
        let old = number(image, offset, width);
        let new = match random.below(12) {
            0..3 => old ^ (1 << random.below(width as u64 * 8)),
            3..7 => interesting(random, image, layout, old),
            7 => random.number(),
            8 => 0,
            9 => old.wrapping_add(*random.pick(&[1, u64::MAX, 512, layout.cluster_size, 8])),
            10 => {
                let other = pick_region(random, layout);
                let other_offset = pick_entry(random, image, other);
                let value = number(image, other_offset, other.width);
                // The entries are swapped.
                self.set(other_offset, other.width, old);
                value
            }
            _ => {
                let other = pick_region(random, layout);
                number(image, pick_entry(random, image, other), other.width)
            }
        };
        self.set(offset, width, new);
    }

    fn set(&mut self, offset: usize, width: usize, value: u64) {
        let bytes = value.to_be_bytes()[8 - width..].to_vec();
        self.patches.push(Patch { offset: offset as u64, bytes });
    }

    fn change_length(&mut self, random: &mut Random, image: &[u8], layout: &Layout) {
        let length = image.len() as u64;
        self.length = Some(match random.below(4) {
            0 => random.below(length),
            1 => random.below(length / layout.cluster_size + 1) * layout.cluster_size,
            2 => length + random.below(4 * layout.cluster_size),
            _ => length.saturating_sub(random.below(layout.cluster_size)),
        });
    }

    fn fill_sector(&mut self, random: &mut Random, layout: &Layout) {
        let byte = *random.pick(&[0, 0xff, 0x55, 1]);
        let offset =
            *random.pick(&layout.clusters) + random.below(layout.cluster_size / 512) * 512;
        self.patches.push(Patch { offset, bytes: vec![byte; 512] });
    }

    fn copy_cluster(&mut self, random: &mut Random, image: &[u8], layout: &Layout) {
        let (from, to) = (*random.pick(&layout.clusters), *random.pick(&layout.clusters));
        let length = usize::try_from(layout.cluster_size.min(4096)).unwrap_or(512);
        let from = usize::try_from(from).unwrap_or(0);
        if let Some(bytes) = image.get(from..from + length) {
            self.patches.push(Patch { offset: to, bytes: bytes.to_vec() });
        }
    }
}

fn pick_region<'a>(random: &mut Random, layout: &'a Layout) -> &'a Region {
    let kind = random.index(layout.kinds.len());
    random.pick(&layout.kinds[kind])
}

/// The offset of an entry, mostly of one that is not zero.
fn pick_entry(random: &mut Random, image: &[u8], region: &Region) -> usize {
    let entries = region.range.len() / region.width;
    let at = |entry| region.range.start + entry * region.width;
    let first = random.index(entries);
    if random.chance(20) {
        return at(first);
    }
    let following = (0..entries).map(|step| at((first + step) % entries));
    let mut used = following.filter(|&offset| number(image, offset, region.width) != 0);
    used.next().unwrap_or_else(|| at(first))
}

/// A number at which errors are likely: an offset with flags, a limit, or a small number.
fn interesting(random: &mut Random, image: &[u8], layout: &Layout, old: u64) -> u64 {
    let (cluster, length) = (layout.cluster_size, image.len() as u64);
    let offset = match random.below(10) {
        0..6 => *random.pick(&layout.clusters),
        6 => length.next_multiple_of(cluster) + random.below(3) * cluster,
        7 => *random.pick(&layout.clusters) + *random.pick(&[512, 1, 8, cluster / 2]),
        8 => *random.pick(&[0, 1 << 40, 1 << 55, OFFSET_MASK, 1 << 56, 1 << 61]),
        _ => {
            let limits = [1, 2, 7, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 1 << 25, 1 << 32];
            return *random.pick(&limits);
        }
    };
    match random.below(6) {
        0..3 => offset | (old & !OFFSET_MASK),
        3 => offset | 1 << 63,
        4 => offset,
        _ => offset | *random.pick(&[1, 1 << 62, 3 << 62, 1 << 63 | 1]),
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Patch { offset, bytes } in &self.patches {
            let shown = &bytes[..bytes.len().min(8)];
            write!(f, "{offset:#x}:")?;
            shown.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
            write!(f, "{} ", if bytes.len() > 8 { "…" } else { "" })?;
        }
        self.length.map_or(Ok(()), |length| write!(f, "length={length}"))
    }
}
