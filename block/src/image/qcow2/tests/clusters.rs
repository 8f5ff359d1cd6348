//! Replays of the writes of the engine [`Clusters`] to an image, as if the process had died after
//! each write.

use std::sync::Arc;

use super::journal::{Journal, apply, corruptions, number, take_snapshot};
use crate::image::permissions::AccessMode;
use crate::image::qcow2::clusters::{CacheSizes, Clusters, OpenMode, OverlapChecks, Storages};
use crate::image::qcow2::header::Header;
use crate::image::storage::{Preallocation, Storage, ZeroMode};

const SECTOR: usize = 512;

/// The shape of an image under test.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) cluster_size: usize,
    pub(super) refcount_bits: usize,
    /// Whether clusters have subclusters.
    pub(super) extended: bool,
    pub(super) size: u64,
    /// Whether the caches are as small as possible.
    pub(super) small_caches: bool,
    /// Whether a snapshot is taken in the middle.
    pub(super) snapshot: bool,
    /// The number of writes from one flush to the next.
    pub(super) flush_every: u8,
}

pub(super) const SHAPE: Shape = Shape {
    cluster_size: 4096,
    refcount_bits: 16,
    extended: false,
    size: 256 << 10,
    small_caches: false,
    snapshot: false,
    flush_every: 7,
};

/// The writes of one step, and the contents that the image may have during the step: those since
/// the last flush.
struct Step {
    writes: Vec<(u64, Vec<u8>)>,
    contents: Vec<Vec<u8>>,
}

/// A snapshot: its L1 table, and the contents of the image.
struct Snapshot {
    l1_table: (u64, u64),
    contents: Vec<u8>,
}

pub(super) fn open(storage: Storage, shape: Shape, writable: bool) -> Clusters {
    let header =
        Header::read(&storage, AccessMode::from_writable(writable)).expect("it has a header");
    let storages = Storages { file: storage, data: None, backing: None };
    let mut cache_sizes = CacheSizes::default();
    if shape.small_caches {
        cache_sizes.total = Some(0);
    }
    let mode = OpenMode { writable, cache_sizes, ..OpenMode::default() };
    Clusters::open(storages, &header, mode).expect("it can be opened")
}

/// Creates an empty image. Its clusters are the header, the refcount table, one refcount block, and
/// the L1 table.
pub(super) fn make(shape: Shape) -> Arc<Journal> {
    let (size, bits) = (shape.cluster_size, shape.refcount_bits);
    let l2_entry = if shape.extended { 16 } else { 8 };
    let l1_entries = (shape.size as usize).div_ceil(size / l2_entry * size);
    let clusters = 3 + (l1_entries * 8).div_ceil(size);
    let mut file = vec![0; clusters * size];
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"QFI\xfb\0\0\0\x03");
    put(20, &size.trailing_zeros().to_be_bytes());
    put(24, &shape.size.to_be_bytes());
    put(36, &(l1_entries as u32).to_be_bytes());
    put(40, &(3 * size as u64).to_be_bytes());
    put(48, &(size as u64).to_be_bytes());
    put(56, &1_u32.to_be_bytes());
    put(72, &(u64::from(shape.extended) << 4).to_be_bytes());
    put(96, &bits.trailing_zeros().to_be_bytes());
    put(100, &104_u32.to_be_bytes());
    put(size, &(2 * size as u64).to_be_bytes());
    for cluster in 0..clusters {
        // The last bit of a count; counts of less than a byte begin with the lowest bits.
        let at =
            2 * size + if bits < 8 { cluster * bits / 8 } else { (cluster + 1) * bits / 8 - 1 };
        file[at] |= 1 << if bits < 8 { cluster * bits % 8 } else { 0 };
    }
    let journal = Arc::new(Journal::default());
    *journal.file.lock() = file;
    journal
}

/// Pseudo-random numbers.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % limit
    }
}

/// Makes one change of an image and of a model of its contents.
fn change(image: &Clusters, shape: Shape, shown: &mut Vec<u8>, step: u8, random: &mut Random) {
    let sectors = (shown.len() / SECTOR) as u64;
    let start = random.below(sectors) as usize * SECTOR;
    let longest = if step.is_multiple_of(3) { 200 } else { 20 };
    let length = (1 + random.below(longest) as usize) * SECTOR;
    let end = (start + length).min(shown.len());
    let offset = start as u64;
    match random.below(8) {
        0 => {
            image
                .write_zeroes(offset, (end - start) as u64, ZeroMode::Allocated)
                .expect("zeroes can be written");
            shown[start..end].fill(0);
        }
        1 | 2 => {
            let cluster = start - start % shape.cluster_size;
            let data = vec![step | 1; shape.cluster_size];
            // The write fails for clusters with data.
            if image.write_compressed(cluster as u64, &data, |_| {}).is_ok() {
                shown[cluster..cluster + shape.cluster_size].fill(step | 1);
            }
        }
        3 if step.is_multiple_of(4) => {
            let size = shown.len() + shape.cluster_size;
            image.grow(size as u64, Preallocation::Off).expect("it can grow");
            shown.resize(size, 0);
        }
        4 => {
            image.discard(offset, (end - start) as u64).expect("clusters can be freed");
            let first = start.next_multiple_of(shape.cluster_size);
            let last = if end == shown.len() { end } else { end - end % shape.cluster_size };
            if first < last {
                shown[first..last].fill(0);
            }
        }
        _data => {
            let data: Vec<u8> = (start..end).map(|at| (at / SECTOR) as u8 ^ step).collect();
            image.write(offset, &data).expect("data can be written");
            shown[start..end].copy_from_slice(&data);
        }
    }
}

/// Changes an image at random. Returns the initial file, all writes, and the snapshot.
fn history(shape: Shape, steps: u8) -> (Vec<u8>, Vec<Step>, Option<(usize, Snapshot)>) {
    let journal = make(shape);
    let mut image = open(journal.clone().into(), shape, true);
    let begun = journal.file.lock().clone();
    journal.writes.lock().clear();
    let mut shown = vec![0; shape.size as usize];
    let mut since_flush = vec![shown.clone()];
    let mut done = Vec::new();
    let mut snapshot = None;
    let mut random = Random(1);
    for step in 0..steps {
        change(&image, shape, &mut shown, step, &mut random);
        since_flush.push(shown.clone());
        let writes = std::mem::take(&mut *journal.writes.lock());
        done.push(Step { writes, contents: since_flush.clone() });
        if step % shape.flush_every != 0 && step != steps / 2 && step + 1 != steps {
            continue;
        }
        image.flush().expect("it can be flushed");
        let writes = std::mem::take(&mut *journal.writes.lock());
        done.push(Step { writes, contents: std::mem::take(&mut since_flush) });
        since_flush.push(shown.clone());
        if shape.snapshot && step == steps / 2 {
            drop(image);
            let mut file = journal.file.lock();
            let l1_table = take_snapshot(&mut file);
            let whole = vec![(0, file.clone())];
            drop(file);
            done.push(Step { writes: whole, contents: since_flush.clone() });
            snapshot = Some((done.len(), Snapshot { l1_table, contents: shown.clone() }));
            image = open(journal.clone().into(), shape, true);
        }
    }
    (begun, done, snapshot)
}

/// The contents of an image.
pub(super) fn contents(file: &[u8], shape: Shape) -> Vec<u8> {
    let journal = Arc::new(Journal::default());
    *journal.file.lock() = file.to_vec();
    let image = open(journal.into(), shape, false);
    let mut shown = vec![0; image.size() as usize];
    image.read(0, &mut shown).expect("it can be read");
    shown
}

/// Checks that every sector of the image has contents that it had since the last flush.
fn assert_shows(file: &[u8], shape: Shape, expected: &[Vec<u8>]) {
    let shown = contents(file, shape);
    for at in (0..shown.len()).step_by(SECTOR) {
        let is_shown = |expected: &Vec<u8>| {
            expected.get(at..at + SECTOR).is_none_or(|sector| sector == &shown[at..at + SECTOR])
        };
        assert!(expected.iter().any(is_shown), "{shape:?}: sector at {at}");
    }
}

/// Checks that the snapshot still shows the contents of the image when it was taken.
fn assert_snapshot_shows(file: &[u8], shape: Shape, snapshot: &Snapshot) {
    let mut file = file.to_vec();
    let (offset, entries) = snapshot.l1_table;
    file[40..48].copy_from_slice(&offset.to_be_bytes());
    file[36..40].copy_from_slice(&(entries as u32).to_be_bytes());
    file[24..32].copy_from_slice(&(snapshot.contents.len() as u64).to_be_bytes());
    assert!(contents(&file, shape) == snapshot.contents, "{shape:?}");
}

fn assert_sound_at_all_times(shape: Shape) {
    let (mut file, steps, snapshot) = history(shape, 90);
    for (number, step) in steps.iter().enumerate() {
        let snapshot = snapshot.as_ref().filter(|(from, _)| number >= *from);
        let snapshot = snapshot.map(|(_, snapshot)| snapshot);
        let l1_tables: Vec<_> = snapshot.iter().map(|snapshot| snapshot.l1_table).collect();
        for (offset, bytes) in &step.writes {
            apply(&mut file, *offset, bytes);
            assert_eq!(corruptions(&file, &l1_tables), 0, "{shape:?}");
            assert_shows(&file, shape, &step.contents);
            if let Some(snapshot) = snapshot {
                assert_snapshot_shows(&file, shape, snapshot);
            }
        }
    }
}

#[test]
fn an_image_is_sound_after_each_single_write() {
    for (cluster_size, refcount_bits, extended) in [
        (512, 1, false),
        (4096, 16, false),
        (1024, 64, false),
        (16384, 2, true),
        (16384, 16, true),
    ] {
        let shape = Shape { cluster_size, refcount_bits, extended, ..SHAPE };
        assert_sound_at_all_times(shape);
        assert_sound_at_all_times(Shape { small_caches: true, ..shape });
        assert_sound_at_all_times(Shape { flush_every: 1, ..shape });
    }
}

#[test]
fn an_image_with_a_snapshot_is_sound_after_each_single_write() {
    for (cluster_size, refcount_bits, extended) in
        [(512, 8, false), (1024, 64, false), (4096, 16, false), (16384, 16, true)]
    {
        let shape = Shape { cluster_size, refcount_bits, extended, snapshot: true, ..SHAPE };
        assert_sound_at_all_times(shape);
        assert_sound_at_all_times(Shape { small_caches: true, ..shape });
    }
}

#[test]
fn an_image_is_sound_while_the_refcount_table_grows() {
    // The refcount table has one cluster of 64 entries, and each block has 64 counts. The table
    // thus counts 4096 clusters.
    let shape = Shape { cluster_size: 512, refcount_bits: 64, ..SHAPE };
    let journal = make(shape);
    let image = open(journal.clone().into(), shape, true);
    let mut file = journal.file.lock().clone();
    journal.writes.lock().clear();
    for _ in 0..4500 {
        image.allocate_metadata(1).expect("it is writable and there is room");
    }
    image.flush().expect("it can be flushed");
    let table = number(&file, 48, 8);
    for (offset, bytes) in journal.writes.lock().iter() {
        apply(&mut file, *offset, bytes);
        assert_eq!(corruptions(&file, &[]), 0);
    }
    assert_ne!(number(&file, 48, 8), table, "the refcount table moves when it is full");
}

#[test]
fn the_strictest_check_refuses_writes_into_tables_of_snapshots() {
    let shape = Shape { cluster_size: 512, ..SHAPE };
    let journal = make(shape);
    let image = open(journal.clone().into(), shape, true);
    image.write(0, &[1; 4096]).expect("data can be written");
    let table = image.allocate_metadata(1).expect("there is room");
    image.flush().expect("it can be flushed");
    drop(image);
    let mut file = journal.file.lock();
    apply(&mut file, table, &[0; 512]);
    let (l1, entries) = take_snapshot(&mut file);
    // A snapshot table with one entry, and an entry of the active table for the snapshot's table.
    apply(&mut file, table, &[&l1.to_be_bytes()[..], &(entries as u32).to_be_bytes()].concat());
    apply(&mut file, 60, &[&1_u32.to_be_bytes()[..], &table.to_be_bytes()].concat());
    let inactive_l2 = number(&file, l1, 8);
    let active_l2 = number(&file, number(&file, 40, 8), 8);
    assert_eq!(inactive_l2, active_l2, "the tables are shared");
    apply(&mut file, active_l2 + 8, &(inactive_l2 | 1 << 63).to_be_bytes());
    drop(file);
    for (checks, expected) in [(OverlapChecks::CACHED, true), (OverlapChecks::ALL, false)] {
        let copy = Arc::new(Journal::default());
        *copy.file.lock() = journal.file.lock().clone();
        let storage = Storage::from(copy);
        let header = Header::read(&storage, AccessMode::ReadWrite).expect("it has a header");
        let storages = Storages { file: storage, data: None, backing: None };
        let mode = OpenMode { writable: true, overlap_checks: checks, ..OpenMode::default() };
        let image = Clusters::open(storages, &header, mode).expect("it can be opened");
        // A write to another cluster copies the active table, so that the snapshot has its own.
        image.write(0, &[2; 512]).expect("data can be written");
        assert_eq!(image.write(512, &[2; 512]).is_ok(), expected, "{checks:?}");
    }
}
