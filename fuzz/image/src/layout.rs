//! Where the metadata of an undamaged qcow2 image are.
//!
//! Format: the qcow2 specification (`docs/interop/qcow2.rst` of QEMU).

use std::ops::Range;

/// The bits of an L1 or L2 entry that contain an offset.
pub const OFFSET_MASK: u64 = 0x00ff_ffff_ffff_fe00;
/// The flag of an L2 entry of a compressed cluster.
pub const COMPRESSED: u64 = 1 << 62;

/// The fields of the header: offset and length in bytes.
const HEADER_FIELDS: &[(usize, usize)] = &[
    (4, 4),
    (8, 8),
    (16, 4),
    (20, 4),
    (24, 8),
    (32, 4),
    (36, 4),
    (40, 8),
    (48, 8),
    (56, 4),
    (60, 4),
    (64, 8),
    (72, 8),
    (80, 8),
    (88, 8),
    (96, 4),
    (100, 4),
    (104, 1),
];

/// A part of the metadata: entries of the same width.
#[derive(Clone, Debug)]
pub struct Region {
    /// The bytes in the file.
    pub range: Range<usize>,
    /// The width of an entry in bytes, at most 8.
    pub width: usize,
}

/// The metadata of an image.
#[derive(Debug, Default)]
pub struct Layout {
    /// The cluster size in bytes.
    pub cluster_size: u64,
    /// The size of the image in bytes.
    pub size: u64,
    /// The regions, by kind of metadata: each kind is damaged equally often.
    pub kinds: Vec<Vec<Region>>,
    /// The offsets of clusters with metadata or data.
    pub clusters: Vec<u64>,
}

/// Reads big-endian numbers. Bytes beyond the end are zero.
pub fn number(bytes: &[u8], offset: usize, width: usize) -> u64 {
    let byte = |at| u64::from(bytes.get(at).copied().unwrap_or(0));
    (offset..offset + width).fold(0, |value, at| value << 8 | byte(at))
}

fn index(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX / 4)
}

impl Layout {
    /// Finds the metadata of an undamaged image.
    pub fn of(image: &[u8]) -> Self {
        let field = |offset, width| number(image, offset, width);
        let mut layout =
            Layout { cluster_size: 1 << field(20, 4), size: field(24, 8), ..Layout::default() };
        let is_v3 = field(4, 4) == 3;
        let header_length = if is_v3 { index(field(100, 4)) } else { 72 };
        let fields = HEADER_FIELDS.iter().filter(|(at, width)| at + width <= header_length);
        layout.kinds.push(fields.map(|&(at, width)| region(at, width, width)).collect());
        layout.kinds.push(vec![region(header_length, 160, 4), region(header_length, 160, 1)]);
        layout.add_tables(image, index(field(40, 8)), index(field(36, 4)));
        layout.add_refcounts(image, is_v3);
        layout.add_snapshots(image);
        if is_v3 {
            layout.add_bitmaps(image, header_length);
        }
        for kind in &mut layout.kinds {
            kind.retain(|region| region.range.end <= image.len() && !region.range.is_empty());
        }
        layout.kinds.retain(|kind| !kind.is_empty());
        layout.clusters.sort_unstable();
        layout.clusters.dedup();
        layout
    }

    /// Adds an L1 table, its L2 tables, and the clusters of data.
    fn add_tables(&mut self, image: &[u8], table: usize, entries: usize) {
        self.clusters.push(table as u64);
        self.kinds.push(vec![region(table, entries * 8, 8)]);
        let cluster = index(self.cluster_size);
        let mut tables = Vec::new();
        for entry in 0..entries {
            let l2 = index(number(image, table + entry * 8, 8) & OFFSET_MASK);
            if l2 == 0 {
                continue;
            }
            self.clusters.push(l2 as u64);
            tables.push(region(l2, cluster, 8));
            let data = (l2..l2 + cluster).step_by(8).map(|at| number(image, at, 8));
            let data = data.filter(|entry| entry & COMPRESSED == 0 && *entry > self.cluster_size);
            self.clusters.extend(data.map(|entry| entry & OFFSET_MASK).take(8));
        }
        self.kinds.push(tables);
    }

    fn add_refcounts(&mut self, image: &[u8], is_v3: bool) {
        let cluster = index(self.cluster_size);
        let table = index(number(image, 48, 8));
        let length = index(number(image, 56, 4)) * cluster;
        let bits = if is_v3 { 1 << number(image, 96, 4) } else { 16 };
        let width = (bits / 8).max(1);
        self.clusters.push(table as u64);
        self.kinds.push(vec![region(table, length, 8)]);
        let entries = (table..table + length).step_by(8).map(|at| number(image, at, 8));
        let blocks: Vec<_> = entries.filter(|entry| *entry != 0).collect();
        self.kinds
            .push(blocks.iter().map(|&block| region(index(block), cluster, width)).collect());
        self.clusters.extend(blocks);
    }

    fn add_snapshots(&mut self, image: &[u8]) {
        let mut at = index(number(image, 64, 8));
        let mut table = Vec::new();
        for _ in 0..number(image, 60, 4) {
            self.clusters.push(at as u64 & !511);
            table.extend(
                [(0, 8), (8, 4), (12, 2), (14, 2), (32, 4), (36, 4)]
                    .map(|(field, width)| region(at + field, width, width)),
            );
            let (l1, entries) = (number(image, at, 8), number(image, at + 8, 4));
            let strings = number(image, at + 12, 2) + number(image, at + 14, 2);
            let length = 40 + number(image, at + 36, 4) + strings;
            self.add_tables(image, index(l1), index(entries));
            at = (at + index(length)).next_multiple_of(8);
        }
        self.kinds.push(table);
    }

    fn add_bitmaps(&mut self, image: &[u8], header_length: usize) {
        let mut at = header_length;
        loop {
            let (kind, length) = (number(image, at, 4), index(number(image, at + 4, 4)));
            match kind {
                0 => return,
                0x2385_2875 => break,
                _ => at += 8 + length.next_multiple_of(8),
            }
        }
        let mut entry = index(number(image, at + 24, 8));
        self.clusters.push(entry as u64);
        let (mut directory, mut tables) = (Vec::new(), Vec::new());
        for _ in 0..number(image, at + 8, 4) {
            directory.extend(
                [(0, 8), (8, 4), (12, 4), (16, 1), (17, 1), (18, 2), (20, 4)]
                    .map(|(field, width)| region(entry + field, width, width)),
            );
            let table = index(number(image, entry, 8));
            let entries = index(number(image, entry + 8, 4));
            self.clusters.push(table as u64);
            tables.push(region(table, entries * 8, 8));
            let length = 24 + number(image, entry + 18, 2) + number(image, entry + 20, 4);
            entry = (entry + index(length)).next_multiple_of(8);
        }
        self.kinds.extend([directory, tables]);
    }
}

fn region(start: usize, length: usize, width: usize) -> Region {
    Region { range: start..start.saturating_add(length), width }
}
