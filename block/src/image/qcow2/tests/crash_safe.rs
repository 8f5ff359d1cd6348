//! Replays of the writes to an image of the image library, as if the process had died after each
//! write.

use std::sync::Arc;

use imago::format::PreallocateMode as FormatPreallocateMode;
use imago::qcow2::Qcow2;
use imago::{
    DenyImplicitOpenGate, FormatAccess, FormatCreateBuilder, FormatDriverBuilder, StorageExt,
};

use super::journal::{Journal, apply, corruptions, number};
use crate::image::imago_image::ImagoImage;
use crate::image::qcow2::crash_safe::{CrashSafeStorage, ENTRY};
use crate::image::qcow2::header::{Header, TablePointers};
use crate::image::storage::Storage;

/// The shape of an image under test.
#[derive(Clone, Copy, Debug)]
struct Shape {
    cluster_size: usize,
    refcount_bits: usize,
    /// The size of the initial data in bytes; if not 0, the data almost fill the refcount table.
    filled: usize,
}

/// Creates an image, writes to it and grows it. Returns the initial file and all writes.
fn history(shape: Shape, guarded: bool) -> (Vec<u8>, Vec<(u64, Vec<u8>)>) {
    let journal = Arc::new(Journal::default());
    let storage = Storage::from(journal.clone());
    Qcow2::<Storage, ImagoImage>::create_builder(storage.clone())
        .size(1 << 21)
        .cluster_size(shape.cluster_size)
        .refcount_width(shape.refcount_bits)
        .create()
        .expect("an image can be made");
    let below: Storage = if guarded {
        let header = Header::read(&storage, true).expect("it has a header");
        let pointers = header.table_pointers().clone();
        Storage::new(CrashSafeStorage::new(storage, pointers).expect("it can be read"))
    } else {
        storage
    };
    let image = Qcow2::<Storage, ImagoImage>::builder(below)
        .write(true)
        .backing(None)
        .open(DenyImplicitOpenGate::default())
        .expect("it can be opened");
    let image = FormatAccess::new(image);
    image.write(vec![1; shape.filled].as_slice(), 0).expect("it can be written");
    image.flush().expect("it can be flushed");
    let before = journal.file.lock().clone();
    journal.writes.lock().clear();
    let mut state = 1_u64;
    for step in 0..100_u64 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let offset = (state >> 20) % (image.size() - 5000);
        let length = 1 + (state >> 45) as usize % 5000;
        image.write(vec![step as u8 | 1; length].as_slice(), offset).expect("it can be written");
        if step % 30 == 29 {
            image.resize_grow(image.size() * 2, FormatPreallocateMode::None).expect("it grows");
        }
        if step % 40 == 39 {
            image.flush().expect("it can be flushed");
        }
    }
    drop(image);
    (before, journal.writes.lock().clone())
}

/// The largest number of corruptions after any write.
fn most_corruptions(shape: Shape, guarded: bool) -> usize {
    let (mut file, writes) = history(shape, guarded);
    assert_eq!(corruptions(&file), 0, "the image is sound to begin with");
    let table = number(&file, 48, 8);
    let mut worst = 0;
    for (offset, bytes) in writes {
        apply(&mut file, offset, &bytes);
        worst = worst.max(corruptions(&file));
    }
    assert_eq!(corruptions(&file), 0, "all references are counted at the end");
    let moved = number(&file, 48, 8) != table;
    assert_eq!(moved, shape.filled > 0, "the refcount table moves when it is full");
    worst
}

#[test]
fn an_image_is_sound_after_each_single_write() {
    for cluster_size in [512, 4096] {
        for refcount_bits in [1, 16, 64] {
            let shape = Shape { cluster_size, refcount_bits, filled: 0 };
            assert_eq!(most_corruptions(shape, true), 0, "{shape:?}");
        }
    }
}

#[test]
fn an_image_is_sound_while_the_refcount_table_grows() {
    // One cluster of the table, of 64 entries, with 64 counts in each block: 4096 clusters.
    let shape = Shape { cluster_size: 512, refcount_bits: 64, filled: 1950 * 1024 };
    assert_eq!(most_corruptions(shape, true), 0);
}

#[test]
fn without_the_storage_an_image_becomes_corrupt() {
    let shape = Shape { cluster_size: 512, refcount_bits: 16, filled: 0 };
    assert!(most_corruptions(shape, false) > 0, "the image library needs no protection");
}

/// An image with clusters of 4 KiB and one block of 2048 counts of 2 bytes.
fn small_image() -> (Arc<Journal>, CrashSafeStorage, TablePointers) {
    let journal = Arc::new(Journal::default());
    let storage = Storage::from(journal.clone());
    Qcow2::<Storage, ImagoImage>::create_builder(storage.clone())
        .size(1 << 30)
        .cluster_size(4096)
        .refcount_width(16)
        .create()
        .expect("an image can be made");
    let header = Header::read(&storage, true).expect("it has a header");
    let pointers = header.table_pointers().clone();
    let guarded = CrashSafeStorage::new(storage, pointers.clone()).expect("it can be read");
    (journal, guarded, pointers)
}

/// An entry of the L1 table that refers to a cluster.
fn l1_entry(cluster: u64) -> [u8; 8] {
    ((cluster * 4096) | (1 << 63)).to_be_bytes()
}

#[test]
fn a_raised_count_is_preserved_after_a_failed_write_of_its_block() {
    let (journal, guarded, pointers) = small_image();
    let block = number(&journal.file.lock(), pointers.refcount_table.start, 8);
    let stale = journal.file.lock()[block as usize..block as usize + 4096].to_vec();
    let cluster = 1000;
    let count = || number(&journal.file.lock(), block + cluster * 2, 2);
    guarded.write(&l1_entry(cluster)[..], pointers.l1_table.start).expect("it is counted");
    assert_eq!(count(), 1);
    *journal.broken.lock() = Some(block);
    guarded.write(&stale[..], block).expect_err("the disk is full");
    *journal.broken.lock() = None;
    guarded.write(&stale[..], block).expect("there is room again");
    assert_eq!(count(), 1, "the cluster is in use");
}

#[test]
fn a_refcount_block_is_used_only_if_the_table_in_the_file_refers_to_it() {
    let (journal, guarded, pointers) = small_image();
    let entry = pointers.refcount_table.start + ENTRY;
    *journal.broken.lock() = Some(entry);
    guarded.write(&(900_u64 * 4096).to_be_bytes()[..], entry).expect_err("the disk is full");
    *journal.broken.lock() = None;
    let beyond_the_first_block = l1_entry(2048 + 5);
    guarded
        .write(&beyond_the_first_block[..], pointers.l1_table.start)
        .expect_err("the cluster has no refcount block");
}
