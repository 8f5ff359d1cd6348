//! Power losses: of the writes since the last flush to the disk, any may be missing, and they may
//! have reached the disk in any order.
//!
//! Leaks are allowed. All data that a client has flushed must be there, except those that it has
//! overwritten since.

use std::sync::Arc;

use super::clusters::{Random, SHAPE, Shape, make};
use super::journal::{Journal, apply, corruptions, take_snapshot};
use crate::image::permissions::AccessMode;
use crate::image::qcow2::clusters::{CacheSizes, Clusters, DiscardPolicy, OpenMode, Storages};
use crate::image::qcow2::header::Header;
use crate::image::storage::{Preallocation, Storage, ZeroMode};

const SECTOR: usize = 512;
/// The steps of a history.
const STEPS: usize = 60;
/// The subsets of writes that are tried for each flush to the disk.
const SUBSETS: usize = 12;

/// What happens to an image.
#[derive(Clone, Copy, Debug, Default)]
struct Case {
    /// Whether all clusters have another reference at the beginning.
    snapshot: bool,
    /// Whether the image has a backing file.
    backing: bool,
}

/// An image, its backing file, and what a client knows.
struct History {
    shape: Shape,
    backing: Option<Storage>,
    /// The file at the beginning.
    begun: Vec<u8>,
    /// The tables of the snapshot.
    l1_tables: Vec<(u64, u64)>,
    journal: Arc<Journal>,
    steps: Vec<Flushed>,
}

/// The state at the end of a flush of the client.
struct Flushed {
    /// The number of writes to the file until then.
    writes: usize,
    /// The contents that the client has flushed.
    contents: Vec<u8>,
    /// The sectors that the client changes until its next flush.
    changed_later: Vec<bool>,
}

fn open(storage: Storage, backing: Option<&Storage>, shape: Shape, writable: bool) -> Clusters {
    let header =
        Header::read(&storage, AccessMode::from_writable(writable)).expect("it has a header");
    let storages = Storages { file: storage, data: None, backing: backing.cloned() };
    let mut cache_sizes = CacheSizes::default();
    if shape.small_caches {
        cache_sizes.total = Some(0);
    }
    let discard_policy = DiscardPolicy {
        unmap: true,
        pass_request: true,
        pass_snapshot: true,
        pass_other: true,
        no_unref: false,
    };
    let mode = OpenMode { writable, cache_sizes, discard_policy, ..OpenMode::default() };
    Clusters::open(storages, &header, mode).expect("it can be opened")
}

/// Makes one change. Returns the changed range.
fn change(
    image: &Clusters,
    shape: Shape,
    shown: &mut Vec<u8>,
    step: usize,
    random: &mut Random,
) -> std::ops::Range<usize> {
    let sectors = (shown.len() / SECTOR) as u64;
    let start = random.below(sectors) as usize * SECTOR;
    let length = (1 + random.below(40) as usize) * SECTOR;
    let end = (start + length).min(shown.len());
    let (offset, bytes) = (start as u64, (end - start) as u64);
    let mark = step as u8 | 1;
    match random.below(9) {
        0 | 1 => {
            let mode =
                if step.is_multiple_of(2) { ZeroMode::MayUnmap } else { ZeroMode::Allocated };
            image.write_zeroes(offset, bytes, mode).expect("zeroes can be written");
            shown[start..end].fill(0);
        }
        2 => {
            image.discard(offset, bytes).expect("clusters can be discarded");
            let first = start.next_multiple_of(shape.cluster_size);
            let last = if end == shown.len() { end } else { end - end % shape.cluster_size };
            if first < last {
                shown[first..last].fill(0);
            }
        }
        3 => {
            let cluster = start - start % shape.cluster_size;
            let data = vec![mark; shape.cluster_size];
            // The write fails for an allocated cluster.
            if image.write_compressed(cluster as u64, &data, |_| {}).is_ok() {
                shown[cluster..cluster + data.len()].fill(mark);
                return cluster..cluster + data.len();
            }
        }
        4 if step.is_multiple_of(4) => {
            let old = shown.len();
            shown.resize(old + shape.cluster_size, 0);
            image.grow(shown.len() as u64, Preallocation::Off).expect("it can grow");
            return old..shown.len();
        }
        5 if step.is_multiple_of(4) && shown.len() > 8 * shape.cluster_size => {
            let old = shown.len();
            shown.truncate(old - 2 * shape.cluster_size);
            image.shrink(shown.len() as u64).expect("it can shrink");
            return shown.len()..old;
        }
        _data => {
            image.write(offset, &vec![mark; end - start]).expect("data can be written");
            shown[start..end].fill(mark);
        }
    }
    start..end
}

/// Changes an image at random, and flushes it now and then.
fn history(shape: Shape, case: Case) -> History {
    let journal = make(shape);
    let mut shown = vec![0; shape.size as usize];
    let backing = case.backing.then(|| {
        let below = Journal::default();
        let data: Vec<u8> = (0..shown.len()).map(|at| (at / SECTOR) as u8 | 1).collect();
        shown.copy_from_slice(&data);
        *below.file.lock() = data;
        Storage::from(Arc::new(below))
    });
    let mut l1_tables = Vec::new();
    if case.snapshot {
        let image = open(journal.clone().into(), backing.as_ref(), shape, true);
        shown = (0..shown.len()).map(|at| (at / SECTOR) as u8 | 1).collect();
        image.write(0, &shown).expect("data can be written");
        image.flush().expect("it can be flushed");
        l1_tables.push(take_snapshot(&mut journal.file.lock()));
    }
    journal.writes.lock().clear();
    journal.syncs.lock().clear();
    let begun = journal.file.lock().clone();
    let image = open(journal.clone().into(), backing.as_ref(), shape, true);
    let flushed = |shown: &[u8]| Flushed {
        writes: journal.writes.lock().len(),
        contents: shown.to_vec(),
        changed_later: vec![false; shown.len() / SECTOR],
    };
    let mut steps = vec![flushed(&shown)];
    let mut random = Random(3);
    for step in 0..STEPS {
        let changed = change(&image, shape, &mut shown, step, &mut random);
        if let Some(last) = steps.last_mut() {
            last.changed_later.resize(last.changed_later.len().max(changed.end / SECTOR), false);
            last.changed_later[changed.start / SECTOR..changed.end / SECTOR].fill(true);
        }
        if step.is_multiple_of(5) {
            image.flush().expect("it can be flushed");
            image.sync().expect("it can be flushed to the disk");
            steps.push(flushed(&shown));
        }
    }
    image.flush().expect("it can be flushed");
    drop(image);
    History { shape, backing, begun, l1_tables, journal, steps }
}

impl History {
    /// Checks an image as the power loss leaves it, after `writes` writes to the file.
    fn check(&self, file: &[u8], writes: usize) {
        let shape = self.shape;
        assert_eq!(corruptions(file, &self.l1_tables), 0, "{shape:?}");
        let journal = Journal::default();
        *journal.file.lock() = file.to_vec();
        let image = open(Arc::new(journal).into(), self.backing.as_ref(), shape, false);
        let last = self.steps.iter().rev().find(|flushed| flushed.writes <= writes);
        let last = last.expect("the image was flushed at the beginning");
        for (sector, expected) in last.contents.chunks(SECTOR).enumerate() {
            if last.changed_later[sector] {
                continue;
            }
            let mut shown = [0; SECTOR];
            image.read((sector * SECTOR) as u64, &mut shown).expect("flushed data can be read");
            assert!(shown == expected, "{shape:?}: sector {sector} after {writes} writes");
        }
    }

    /// Loses the power between each two flushes to the disk, in several ways.
    fn check_all(&self) {
        let writes = self.journal.writes.lock().clone();
        let mut syncs = self.journal.syncs.lock().clone();
        syncs.push(writes.len());
        let (mut file, mut first) = (self.begun.clone(), 0);
        let mut random = Random(5);
        for end in syncs {
            let pending = &writes[first..end];
            for subset in 0..SUBSETS.min(pending.len() * 2) {
                let mut order: Vec<usize> = (0..pending.len()).collect();
                for at in (1..order.len()).rev() {
                    order.swap(at, random.below(at as u64 + 1) as usize);
                }
                // The first subsets have one write, those in the middle lack one, and the others
                // have some.
                let length = match subset % 3 {
                    0 => 1,
                    1 => order.len().saturating_sub(1),
                    _ => random.below(order.len() as u64 + 1) as usize,
                };
                let mut lost = file.clone();
                for number in &order[..length] {
                    let (offset, bytes) = &pending[*number];
                    apply(&mut lost, *offset, bytes);
                }
                self.check(&lost, first);
            }
            for (offset, bytes) in pending {
                apply(&mut file, *offset, bytes);
            }
            first = end;
        }
    }
}

#[test]
fn an_image_is_sound_after_a_power_loss() {
    for (cluster_size, refcount_bits, extended) in
        [(512, 1, false), (4096, 16, false), (1024, 64, false), (65536, 16, true)]
    {
        for backing in [false, true] {
            let shape = Shape { cluster_size, refcount_bits, extended, ..SHAPE };
            let case = Case { backing, ..Case::default() };
            history(shape, case).check_all();
            history(Shape { small_caches: true, ..shape }, case).check_all();
        }
    }
}

#[test]
fn an_image_with_a_snapshot_is_sound_after_a_power_loss() {
    for (cluster_size, refcount_bits, extended) in
        [(512, 8, false), (4096, 16, false), (65536, 16, true)]
    {
        let shape = Shape { cluster_size, refcount_bits, extended, ..SHAPE };
        let case = Case { snapshot: true, ..Case::default() };
        history(shape, case).check_all();
        history(Shape { small_caches: true, ..shape }, case).check_all();
    }
}
