//! Replays of the writes of the engine [`Clusters`] to an image, as if the process had died after
//! each write.

use std::sync::Arc;

use super::journal::{Journal, apply, corruptions, number};
use crate::image::qcow2::clusters::{Clusters, Storages};
use crate::image::qcow2::header::Header;
use crate::image::storage::Storage;

const SECTOR: usize = 512;

/// The shape of an image under test.
#[derive(Clone, Copy, Debug)]
struct Shape {
    cluster_size: usize,
    refcount_bits: usize,
    /// Whether clusters have subclusters.
    extended: bool,
    size: u64,
}

/// The writes of one step, and the contents of the image before and after it.
struct Step {
    writes: Vec<(u64, Vec<u8>)>,
    before: Vec<u8>,
    after: Vec<u8>,
}

fn open(storage: Storage, writable: bool) -> Clusters {
    let header = Header::read(&storage, writable).expect("it has a header");
    let storages = Storages { file: storage, data: None, backing: None };
    Clusters::open(storages, &header, writable).expect("it can be opened")
}

/// Creates an empty image. Its clusters are the header, the refcount table, one refcount block, and
/// the L1 table.
fn make(shape: Shape) -> Arc<Journal> {
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

/// Writes to an image and grows it. Returns the initial file and all writes.
fn history(shape: Shape) -> (Vec<u8>, Vec<Step>) {
    let journal = make(shape);
    let image = open(journal.clone().into(), true);
    let begun = journal.file.lock().clone();
    journal.writes.lock().clear();
    let mut shown = vec![0; shape.size as usize];
    let mut steps = Vec::new();
    let mut state = 1_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) % below
    };
    for step in 0..60_u8 {
        let before = shown.clone();
        let sectors = (shown.len() / SECTOR) as u64;
        let start = random(sectors) as usize * SECTOR;
        let longest = if step % 3 == 0 { 200 } else { 20 };
        let length = (1 + random(longest) as usize) * SECTOR;
        let end = (start + length).min(shown.len());
        let offset = start as u64;
        match random(6) {
            0 => {
                image.write_zeroes(offset, (end - start) as u64).expect("zeroes can be written");
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
            3 if step % 4 == 0 => {
                let size = shown.len() + shape.cluster_size;
                image.grow(size as u64).expect("it can grow");
                shown.resize(size, 0);
            }
            _data => {
                let data: Vec<u8> = (start..end).map(|at| (at / SECTOR) as u8 ^ step).collect();
                image.write(offset, &data).expect("data can be written");
                shown[start..end].copy_from_slice(&data);
            }
        }
        let writes = std::mem::take(&mut *journal.writes.lock());
        steps.push(Step { writes, before, after: shown.clone() });
    }
    (begun, steps)
}

/// Checks that every sector of the image has its contents from before the step or from after it.
fn assert_shows(file: &[u8], step: &Step) {
    let journal = Arc::new(Journal::default());
    *journal.file.lock() = file.to_vec();
    let image = open(journal.into(), false);
    let mut shown = vec![0; image.size() as usize];
    image.read(0, &mut shown).expect("it can be read");
    let is = |expected: &[u8], at: usize| {
        expected.get(at..at + SECTOR).is_none_or(|sector| sector == &shown[at..at + SECTOR])
    };
    for at in (0..shown.len()).step_by(SECTOR) {
        assert!(is(&step.before, at) || is(&step.after, at), "sector at {at}");
    }
}

fn assert_sound_at_all_times(shape: Shape) {
    let (mut file, steps) = history(shape);
    for step in &steps {
        for (offset, bytes) in &step.writes {
            apply(&mut file, *offset, bytes);
            assert_eq!(corruptions(&file), 0, "{shape:?}");
            assert_shows(&file, step);
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
        let shape = Shape { cluster_size, refcount_bits, extended, size: 256 << 10 };
        assert_sound_at_all_times(shape);
    }
}

#[test]
fn an_image_is_sound_while_the_refcount_table_grows() {
    // The refcount table has one cluster of 64 entries, and each block has 64 counts. The table
    // thus counts 4096 clusters.
    let shape = Shape { cluster_size: 512, refcount_bits: 64, extended: false, size: 256 << 10 };
    let journal = make(shape);
    let image = open(journal.clone().into(), true);
    let mut file = journal.file.lock().clone();
    journal.writes.lock().clear();
    for _ in 0..4500 {
        image.allocate_cluster().expect("it is writable and there is room");
    }
    let table = number(&file, 48, 8);
    for (offset, bytes) in journal.writes.lock().iter() {
        apply(&mut file, *offset, bytes);
        assert_eq!(corruptions(&file), 0);
    }
    assert_ne!(number(&file, 48, 8), table, "the refcount table moves when it is full");
}
