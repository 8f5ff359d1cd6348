//! Power losses while bitmaps are stored and removed: each bitmap is as it was stored last, or
//! inconsistent, or absent.

use std::collections::HashSet;
use std::sync::Arc;

use super::clusters::{Random, SHAPE, Shape, make};
use super::journal::{Journal, apply, corruptions};
use crate::image::dirty_bitmaps::NewBitmap;
use crate::image::permissions::AccessMode;
use crate::image::qcow2::clusters::{CacheSizes, DiscardPolicy, OverlapChecks};
use crate::image::qcow2::header::Header;
use crate::image::qcow2::{Qcow2Image, Qcow2Mode};
use crate::image::storage::Storage;

/// The subsets of writes that are tried for each flush to the disk.
const SUBSETS: usize = 20;

fn open(storage: Storage, writable: bool) -> Qcow2Image {
    let header = Header::read(&storage, AccessMode::from_writable(writable));
    let discard_policy = DiscardPolicy {
        unmap: true,
        pass_request: true,
        pass_snapshot: true,
        pass_other: true,
        no_unref: false,
    };
    let mode = Qcow2Mode {
        writable,
        no_flush: false,
        backing: None,
        data_file: None,
        cache_sizes: CacheSizes::default(),
        overlap_checks: OverlapChecks::default(),
        discard_policy,
        active: true,
        corruption_observer: None,
    };
    Qcow2Image::open(storage, header.expect("it has a header"), mode).expect("it can be opened")
}

/// The names and counts of the consistent bitmaps.
type Counts = HashSet<(String, u64)>;

fn counts(image: &Qcow2Image) -> Counts {
    let all = image.dirty_bitmaps().infos().into_iter().filter(|bitmap| !bitmap.inconsistent);
    all.map(|bitmap| (bitmap.name.unwrap_or_default(), bitmap.count)).collect()
}

fn write(image: &Qcow2Image, offset: u64) {
    image.write(offset, &[1; 512]).expect("it can be written");
    image.dirty_bitmaps().record(offset, 512, false);
}

fn add(image: &Qcow2Image, name: &str) {
    let new =
        NewBitmap { name: name.to_owned(), granularity: 512, enabled: true, persistent: true };
    let size = image.size().expect("a size");
    drop(image.dirty_bitmaps().add(new, size).expect("it can be added"));
}

fn remove(image: &Qcow2Image, name: &str) {
    image.remove_bitmap(name).expect("it is removed from the image");
    drop(image.dirty_bitmaps().remove(name).expect("it is free"));
}

/// The bitmaps that may be consistent after a power loss until a number of writes.
struct Phase {
    writes: usize,
    allowed: Counts,
}

/// Opens an image, works with it and closes it, several times.
fn history(journal: &Arc<Journal>, phases: &mut Vec<Phase>) {
    let sessions: [&dyn Fn(&Qcow2Image); 4] = [
        &|image| {
            add(image, "a");
            write(image, 0);
        },
        &|image| {
            write(image, 8192);
            add(image, "b");
            write(image, 16384);
        },
        &|image| {
            remove(image, "a");
            write(image, 1024);
        },
        &|image| {
            remove(image, "b");
            add(image, "c");
        },
    ];
    let mut stored = Counts::new();
    for session in sessions {
        let image = open(journal.clone().into(), true);
        // Nothing has been written yet but the marks, so that the bitmaps are valid either way.
        let allowed = stored.clone();
        phases.push(Phase { writes: journal.writes.lock().len(), allowed });
        session(&image);
        stored = counts(&image);
        image.close().expect("it can be closed");
        journal.syncs.lock().push(journal.writes.lock().len());
        phases.push(Phase { writes: journal.writes.lock().len(), allowed: stored.clone() });
    }
}

#[test]
fn bitmaps_are_whole_or_inconsistent_after_a_power_loss() {
    for cluster_size in [512, 4096] {
        let shape = Shape { cluster_size, ..SHAPE };
        let journal = make(shape);
        journal.writes.lock().clear();
        journal.syncs.lock().clear();
        let (mut file, mut phases) = (journal.file.lock().clone(), Vec::new());
        history(&journal, &mut phases);
        let writes = journal.writes.lock().clone();
        let mut random = Random(7);
        let mut first = 0;
        for end in journal.syncs.lock().iter().copied() {
            let pending = &writes[first..end];
            let phase = phases.iter().find(|phase| end <= phase.writes).expect("the last sync");
            for subset in 0..SUBSETS {
                let mut lost = file.clone();
                for (number, (offset, bytes)) in pending.iter().enumerate() {
                    // The first subsets are the beginnings of the writes.
                    if if subset < SUBSETS / 2 { number < subset } else { random.below(2) == 0 } {
                        apply(&mut lost, *offset, bytes);
                    }
                }
                assert_eq!(corruptions(&lost, &[]), 0, "{shape:?}, {first}..{end}");
                let crashed = Journal::default();
                *crashed.file.lock() = lost;
                let found = counts(&open(Arc::new(crashed).into(), false));
                assert!(found.is_subset(&phase.allowed), "{first}..{end}: {found:?}");
            }
            pending.iter().for_each(|(offset, bytes)| apply(&mut file, *offset, bytes));
            first = end;
        }
        let found = counts(&open(journal.into(), false));
        assert_eq!(found, HashSet::from([("c".to_owned(), 0)]));
    }
}
