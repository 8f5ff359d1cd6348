//! Internal snapshots, as if the process had died after each write: an image has the whole change
//! or nothing of it.

use std::sync::Arc;

use super::clusters::{Random, SHAPE, Shape, make};
use super::journal::{Journal, apply, corruptions, count, leaks_with, number};
use crate::error::Result;
use crate::image::permissions::AccessMode;
use crate::image::qcow2::header::Header;
use crate::image::qcow2::snapshots::{NewSnapshot, Snapshots};
use crate::image::qcow2::{CacheSizes, DiscardPolicy, OverlapChecks, Qcow2Image, Qcow2Mode};
use crate::image::storage::Storage;

const OFFSET_MASK: u64 = 0x00ff_ffff_ffff_fe00;

/// What an image shows: its contents, the names of its snapshots and their contents.
type Shown = (Vec<u8>, Vec<(String, Vec<u8>)>);

fn open(storage: Storage, writable: bool) -> Qcow2Image {
    let header =
        Header::read(&storage, AccessMode::from_writable(writable)).expect("it has a header");
    let mode = Qcow2Mode {
        writable,
        active: true,
        no_flush: false,
        backing: None,
        data_file: None,
        cache_sizes: CacheSizes::default(),
        overlap_checks: OverlapChecks::default(),
        discard_policy: DiscardPolicy::default(),
        corruption_observer: None,
    };
    Qcow2Image::open(storage, header, mode).expect("it can be opened")
}

fn storage(file: &[u8]) -> Storage {
    let journal = Journal::default();
    *journal.file.lock() = file.to_vec();
    Storage::new(journal)
}

fn contents(image: &Qcow2Image) -> Vec<u8> {
    let mut bytes = vec![1; image.size().expect("it has a size") as usize];
    image.read(0, &mut bytes).expect("it can be read");
    bytes
}

/// What an image shows; reads its snapshots by returning to them in copies.
fn shown(file: &[u8]) -> Shown {
    let image = open(storage(file), false);
    let of_snapshot = |id: &str| {
        let copy = open(storage(file), true);
        copy.revert_to_snapshot(id).expect("it can return to a snapshot");
        contents(&copy)
    };
    let snapshots = image.snapshots();
    let snapshots = snapshots.iter().map(|one| (one.name.clone(), of_snapshot(&one.id)));
    (contents(&image), snapshots.collect())
}

/// Checks the counts of an image, and the flags of clusters with one reference.
fn assert_sound(file: &[u8]) {
    let storage = storage(file);
    let header = Header::read(&storage, AccessMode::ReadOnly).expect("it has a header");
    let snapshots = Snapshots::read(&storage, &header).expect("it has snapshots");
    let tables: Vec<(u64, u64)> = snapshots
        .list
        .iter()
        .map(|one| (one.l1_table.start, (one.l1_table.end - one.l1_table.start) / 8))
        .collect();
    assert_eq!(corruptions(file, &tables), 0);
    assert_eq!(leaks_with(file, &tables, &snapshots.table), 0);
    let size = 1 << number(file, 20, 4);
    let (l1, entries) = (number(file, 40, 8), number(file, 36, 4));
    let entry_size = if number(file, 72, 8) & (1 << 4) != 0 { 16 } else { 8 };
    let assert_flag = |word: u64| {
        let offset = word & OFFSET_MASK;
        if offset != 0 && word & (1 << 62) == 0 {
            assert_eq!(count(file, offset / size).0 == 1, word >> 63 == 1, "{word:#x}");
        }
    };
    for index in 0..entries {
        let word = number(file, l1 + index * 8, 8);
        assert_flag(word);
        for entry in 0..size / entry_size {
            if word & OFFSET_MASK != 0 {
                assert_flag(number(file, (word & OFFSET_MASK) + entry * entry_size, 8));
            }
        }
    }
}

/// Makes a change of an image. Checks that each number of its writes leaves the image with what it
/// showed before or with what it shows afterwards.
fn change(journal: &Arc<Journal>, work: impl FnOnce(&Qcow2Image)) {
    let image = open(Storage::from(Arc::clone(journal)), true);
    let mut file = journal.file.lock().clone();
    journal.writes.lock().clear();
    work(&image);
    image.close().expect("it can be closed");
    let writes = std::mem::take(&mut *journal.writes.lock());
    let before = shown(&file);
    let after = shown(&journal.file.lock());
    let mut is_after = false;
    for (offset, bytes) in &writes {
        apply(&mut file, *offset, bytes);
        assert_sound(&file);
        let now = shown(&file);
        is_after |= now != before;
        assert!(now == if is_after { after.clone() } else { before.clone() });
    }
    assert!(is_after || before == after);
}

fn new(name: &str) -> NewSnapshot {
    NewSnapshot { name: name.to_owned(), ..NewSnapshot::default() }
}

/// Writes data at random offsets, unobserved.
fn write(journal: &Arc<Journal>, random: &mut Random) {
    let image = open(Storage::from(Arc::clone(journal)), true);
    let clusters = SHAPE.size >> 9;
    for _ in 0..6 {
        let at = random.below(clusters) << 9;
        let length = (random.below(40) + 1) << 9;
        let data = vec![random.below(255) as u8 + 1; length.min(SHAPE.size - at) as usize];
        image.write(at, &data).expect("data can be written");
    }
    image.close().expect("it can be closed");
}

#[test]
fn a_snapshot_is_whole_or_absent_after_each_write() {
    let shapes = [
        SHAPE,
        Shape { refcount_bits: 8, ..SHAPE },
        Shape { refcount_bits: 64, cluster_size: 1024, ..SHAPE },
        Shape { extended: true, cluster_size: 16384, ..SHAPE },
        Shape { cluster_size: 512, ..SHAPE },
    ];
    for (seed, shape) in (1..).zip(shapes) {
        let mut random = Random(seed);
        let journal = make(shape);
        write(&journal, &mut random);
        change(&journal, |image| drop(image.create_snapshot(&new("one")).expect("created")));
        write(&journal, &mut random);
        change(&journal, |image| drop(image.create_snapshot(&new("two")).expect("created")));
        write(&journal, &mut random);
        change(&journal, |image| image.revert_to_snapshot("1").expect("it returns"));
        write(&journal, &mut random);
        change(&journal, |image| drop(image.create_snapshot(&new("three")).expect("created")));
        change(&journal, |image| image.delete_snapshot("1").expect("deleted"));
        change(&journal, |image| image.delete_snapshot("3").expect("deleted"));
        write(&journal, &mut random);
        change(&journal, |image| image.delete_snapshot("2").expect("deleted"));
        let (_, snapshots) = shown(&journal.file.lock());
        assert!(snapshots.is_empty());
    }
}

#[test]
fn counts_that_are_too_narrow_leave_the_image_as_it_was() {
    for (bits, most) in [(1, 0), (2, 2)] {
        let journal = make(Shape { refcount_bits: bits, ..SHAPE });
        write(&journal, &mut Random(3));
        let image = open(Storage::from(Arc::clone(&journal)), true);
        for number in 0..most {
            image.create_snapshot(&new(&number.to_string())).expect("created");
        }
        let before = shown(&journal.file.lock());
        let refused = image.create_snapshot(&new("last")).expect_err("the counts are full");
        assert_eq!(refused.to_string(), "Invalid argument");
        image.write(0, &[9; 512]).expect("data can be written");
        image.close().expect("it can be closed");
        assert_sound(&journal.file.lock());
        let (contents, snapshots) = shown(&journal.file.lock());
        assert!(snapshots == before.1 && contents[..512] == [9; 512]);
    }
}

#[test]
fn a_storage_that_fails_leaves_the_image_as_it_was() {
    let journal = make(SHAPE);
    write(&journal, &mut Random(5));
    let image = open(Storage::from(Arc::clone(&journal)), true);
    // The write to the header.
    *journal.broken.lock() = Some(24);
    image.create_snapshot(&new("one")).expect_err("the header cannot be written");
    *journal.broken.lock() = None;
    assert!(image.snapshots().is_empty());
    image.create_snapshot(&new("one")).expect("it works again");
    image.close().expect("it can be closed");
    assert_sound(&journal.file.lock());
}

#[test]
fn an_image_works_again_with_a_storage_that_has_failed_at_any_write() {
    let journal = make(SHAPE);
    write(&journal, &mut Random(11));
    change(&journal, |image| drop(image.create_snapshot(&new("one")).expect("created")));
    write(&journal, &mut Random(12));
    type Work = fn(&Qcow2Image) -> Result<()>;
    let works: [Work; 3] = [
        |image| image.create_snapshot(&new("two")).map(drop),
        |image| image.delete_snapshot("1"),
        |image| image.revert_to_snapshot("1"),
    ];
    for work in works {
        let before = journal.file.lock().clone();
        // One more write than the change has fails nowhere.
        for writes in 0.. {
            let journal = Arc::new(Journal::default());
            *journal.file.lock() = before.clone();
            let image = open(Storage::from(Arc::clone(&journal)), true);
            *journal.fails_after.lock() = Some(writes);
            let done = work(&image);
            let read = image.read(0, &mut vec![0; SHAPE.size as usize]);
            let fails = journal.fails_after.lock().take() == Some(0);
            if !fails {
                assert!(done.is_ok() && read.is_ok());
                break;
            }
            let read = read.expect_err("the storage fails");
            assert_eq!(read.raw_os_error(), Some(libc::EIO), "{writes} writes");
            let (shows, snapshots) = shown(&journal.file.lock());
            assert!(contents(&image) == shows, "{writes} writes");
            let names = image.snapshots().iter().map(|one| one.name.clone()).collect::<Vec<_>>();
            assert!(names.iter().eq(snapshots.iter().map(|(name, _)| name)), "{writes} writes");
            image.write(512, &[7; 512]).expect("data can be written");
            image.create_snapshot(&new("last")).expect("it works again");
            image.close().expect("it can be closed");
            assert_sound(&journal.file.lock());
        }
    }
}

#[test]
fn the_state_of_a_machine_belongs_to_its_snapshot() {
    let journal = make(SHAPE);
    write(&journal, &mut Random(7));
    let image = open(Storage::from(Arc::clone(&journal)), true);
    let before = contents(&image);
    let state: Vec<u8> = (0..100_000_u32).map(|number| number as u8).collect();
    for (number, piece) in state.chunks(30_000).enumerate() {
        image.write_vm_state(number as u64 * 30_000, piece).expect("the state can be written");
    }
    let read = |offset: u64| {
        let mut bytes = vec![1; state.len()];
        image.read_vm_state(offset, &mut bytes).expect("the state can be read");
        bytes
    };
    assert!(read(0) == state);
    let snapshot = NewSnapshot { vm_state_size: state.len() as u64, ..new("machine") };
    let created = image.create_snapshot(&snapshot).expect("created");
    assert_eq!((created.id.as_str(), created.vm_state_size), ("1", state.len() as u64));
    assert!(read(0).iter().all(|byte| *byte == 0), "it is only in the snapshot");
    image.write(0, &[3; 4096]).expect("data can be written");
    image.revert_to_snapshot("1").expect("it returns");
    assert!(read(0) == state && contents(&image) == before);
    assert!(read(50)[..99_950] == state[50..]);
    image.discard_vm_state().expect("the state can be deleted");
    assert!(read(0).iter().all(|byte| *byte == 0));
    image.close().expect("it can be closed");
    assert_sound(&journal.file.lock());
}
