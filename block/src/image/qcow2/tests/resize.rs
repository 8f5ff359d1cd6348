//! Changes of the size, replayed write by write.

use std::sync::Arc;

use super::clusters::{SHAPE, Shape, contents, make, open};
use super::journal::{Journal, apply, corruptions, leaks, number};
use crate::image::storage::Preallocation;

/// An image with data in all clusters, each sector with a mark of its own.
fn filled(shape: Shape) -> (Arc<Journal>, Vec<u8>) {
    let journal = make(shape);
    let image = open(journal.clone().into(), shape, true);
    let data: Vec<u8> = (0..shape.size).map(|at| (at / 512) as u8 | 1).collect();
    image.write(0, &data).expect("data can be written");
    image.flush().expect("it can be flushed");
    (journal, data)
}

/// The number of entries of the active L1 table that refer to L2 tables, and the number of refcount
/// blocks.
fn tables(file: &[u8]) -> (usize, usize) {
    let used = |table: u64, entries: u64| {
        (0..entries).filter(|index| number(file, table + index * 8, 8) != 0).count()
    };
    let cluster_size = 1 << number(file, 20, 4);
    let l1 = used(number(file, 40, 8), number(file, 36, 4));
    (l1, used(number(file, 48, 8), number(file, 56, 4) * cluster_size / 8))
}

#[test]
fn an_image_is_sound_while_it_shrinks() {
    // An L2 table of 512 bytes maps 32 KiB, and refcount blocks have 64, 256 and 4096 counts.
    for refcount_bits in [64, 16, 1] {
        for small_caches in [false, true] {
            let shape = Shape { cluster_size: 512, refcount_bits, small_caches, ..SHAPE };
            let (journal, data) = filled(shape);
            let mut file = journal.file.lock().clone();
            journal.writes.lock().clear();
            let size = 100 * 512;
            let image = open(journal.clone().into(), shape, true);
            image.shrink(size as u64).expect("it can shrink");
            for (offset, bytes) in journal.writes.lock().iter() {
                apply(&mut file, *offset, bytes);
                assert_eq!(corruptions(&file, &[]), 0, "{shape:?}");
                assert!(contents(&file, shape)[..size] == data[..size], "{shape:?}");
            }
            assert!(file == *journal.file.lock());
            assert_eq!(leaks(&file), 0, "{shape:?}");
            // The first clusters of the image are the first ones of the file, and 20 clusters are
            // enough for all tables.
            let blocks = 120_usize.div_ceil(8 * 512 / refcount_bits);
            let (l2_tables, rest) = (2, 20 * 512);
            assert_eq!(number(&file, 24, 8), size as u64, "{shape:?}");
            assert_eq!(tables(&file), (l2_tables, blocks), "{shape:?}");
            assert!(file.len() <= size + rest, "{shape:?}: {}", file.len());
            image.grow(shape.size, Preallocation::Off).expect("it can grow");
            image.write(200 * 512, &[9; 512]).expect("data can be written");
            image.flush().expect("it can be flushed");
            let file = journal.file.lock();
            assert_eq!((corruptions(&file, &[]), leaks(&file)), (0, 0), "{shape:?}");
            let mut expected = data[..size].to_vec();
            expected.resize(data.len(), 0);
            expected[200 * 512..201 * 512].fill(9);
            assert!(contents(&file, shape) == expected, "{shape:?}");
        }
    }
}

#[test]
fn the_error_of_a_storage_that_fails_while_an_image_shrinks_names_the_step() {
    let shape = Shape { cluster_size: 512, refcount_bits: 64, ..SHAPE };
    let (journal, data) = filled(shape);
    let file = journal.file.lock().clone();
    let size = 100 * 512;
    let mut texts: Vec<String> = Vec::new();
    for writes in 0.. {
        let journal = Arc::new(Journal::default());
        *journal.file.lock() = file.clone();
        let image = open(journal.clone().into(), shape, true);
        *journal.fails_after.lock() = Some(writes);
        let shrunk = image.shrink(size as u64);
        *journal.fails_after.lock() = None;
        drop(image);
        let file = journal.file.lock();
        assert_eq!(corruptions(&file, &[]), 0, "{writes} writes");
        assert!(contents(&file, shape)[..size] == data[..size], "{writes} writes");
        let Err(error) = shrunk else { break };
        if texts.last() != Some(&error.to_string()) {
            texts.push(error.to_string());
        }
    }
    let expected = [
        "Failed to discard cropped clusters: Input/output error",
        "Failed to reduce the number of L2 tables: Input/output error",
        "Failed to discard unused refblocks: Input/output error",
        "Failed to update the image size: Input/output error",
    ];
    assert_eq!(texts, expected);
}

#[test]
fn a_cluster_beyond_the_end_that_is_in_use_survives_growth() {
    // A second entry of the L1 table, which the image needs only when it is larger, leads to data.
    let shape = Shape { size: 2 << 20, ..SHAPE };
    let (journal, data) = filled(shape);
    {
        let mut file = journal.file.lock();
        let l1 = number(&file, 40, 8);
        let l2 = number(&file, l1, 8) & !(1 << 63);
        let host = number(&file, l2 + 3 * 8, 8);
        apply(&mut file, 36, &2_u32.to_be_bytes());
        apply(&mut file, l1 + 8, &host.to_be_bytes());
    }
    let image = open(journal.clone().into(), shape, true);
    image.grow(4 << 20, Preallocation::Off).expect("it can grow");
    image.flush().expect("it can be flushed");
    let mut shown = vec![0; data.len()];
    image.read(0, &mut shown).expect("it can be read");
    assert!(shown == data);
}

#[test]
fn preallocated_clusters_read_as_zeroes_and_are_sound() {
    let modes = [Preallocation::Metadata, Preallocation::Falloc, Preallocation::Full];
    for (cluster_size, extended) in [(512, false), (4096, false), (16384, true)] {
        for preallocation in modes {
            let shape = Shape { cluster_size, extended, size: 100 * 512, ..SHAPE };
            let (journal, mut data) = filled(shape);
            let image = open(journal.clone().into(), shape, true);
            // Freed clusters with data in the middle of the file are used again.
            image.discard(0, 2 * cluster_size as u64).expect("clusters can be freed");
            image.flush().expect("it can be flushed");
            data[..2 * cluster_size].fill(0);
            let mut file = journal.file.lock().clone();
            journal.writes.lock().clear();
            let size = data.len() + 20 * cluster_size + 512;
            image.grow(size as u64, preallocation).expect("it can grow");
            image.flush().expect("it can be flushed");
            data.resize(size, 0);
            for (offset, bytes) in journal.writes.lock().iter() {
                apply(&mut file, *offset, bytes);
                assert_eq!(corruptions(&file, &[]), 0, "{shape:?}");
                let shown = contents(&file, shape);
                assert!(shown == data[..shown.len()], "{shape:?} {preallocation:?}");
            }
            let file = journal.file.lock().clone();
            assert_eq!((corruptions(&file, &[]), leaks(&file)), (0, 0), "{shape:?}");
            assert_eq!(contents(&file, shape).len(), size);
            // As in QEMU, subclusters stay unallocated.
            let (is_allocated, _) =
                image.is_allocated(data.len() as u64 - 512, 512).expect("read");
            assert_eq!(is_allocated, !extended, "{shape:?} {preallocation:?}");
            let allocated = file.len();
            image.write(100 * 512, &vec![5; size - 100 * 512]).expect("data can be written");
            image.flush().expect("it can be flushed");
            assert_eq!(journal.file.lock().len(), allocated, "nothing is left to allocate");
        }
    }
}

/// The block counts other clusters than its table says, so the end of the used ones is unknown.
#[test]
fn an_image_does_not_shrink_whose_refcount_block_is_not_counted() {
    type Change = fn(&mut Vec<u8>);
    let beyond: Change = |file| {
        let table = number(file, 48, 8);
        let block = number(file, table, 8) | 1 << 40;
        apply(file, table, &block.to_be_bytes());
    };
    let counted_twice: Change = |file| {
        let block = number(file, number(file, 48, 8), 8);
        let number_of_block = block >> number(file, 20, 4);
        apply(file, block + number_of_block * 2, &2_u16.to_be_bytes());
    };
    for change in [beyond, counted_twice] {
        let journal = make(SHAPE);
        let image = open(journal.clone().into(), SHAPE, true);
        image.write(0, &[7; 512]).expect("data can be written");
        image.flush().expect("it can be flushed");
        drop(image);
        change(&mut journal.file.lock());
        let before = journal.file.lock().len();
        let image = open(journal.clone().into(), SHAPE, true);
        let error = image.shrink(SHAPE.size / 2).expect_err("the block is not counted once");
        let expected = "Failed to discard unused refblocks: Input/output error";
        assert_eq!(error.to_string(), expected);
        assert!(image.is_corrupt());
        assert_eq!(journal.file.lock().len(), before);
    }
}
