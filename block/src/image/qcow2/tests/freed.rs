//! Clusters that become free: by discards, zeroes, and changes of the size.

use std::sync::Arc;

use rustix::io::Errno;

use super::clusters::{SHAPE, Shape, contents, make, open};
use super::journal::{Journal, apply, corruptions, count, leaks, number};
use crate::image::permissions::AccessMode;
use crate::image::qcow2::clusters::{Clusters, DiscardPolicy, OpenMode, Storages};
use crate::image::qcow2::header::Header;
use crate::image::storage::{Preallocation, Storage, ZeroMode};

pub(super) const CLUSTER: u64 = SHAPE.cluster_size as u64;
/// The policy of a node with the option `discard=unmap`.
pub(super) const UNMAP: DiscardPolicy = DiscardPolicy {
    unmap: true,
    pass_request: true,
    pass_snapshot: false,
    pass_other: false,
    no_unref: false,
};

pub(super) fn open_with(journal: &Arc<Journal>, discard_policy: DiscardPolicy) -> Clusters {
    let storage = Storage::from(Arc::clone(journal));
    let header = Header::read(&storage, AccessMode::ReadWrite).expect("it has a header");
    let storages = Storages { file: storage, data: None, backing: None };
    let mode = OpenMode { writable: true, discard_policy, ..OpenMode::default() };
    Clusters::open(storages, &header, mode).expect("it can be opened")
}

/// An image with data in its first eight clusters.
fn filled() -> Arc<Journal> {
    let journal = make(SHAPE);
    let image = open(journal.clone().into(), SHAPE, true);
    image.write(0, &[7; 8 * CLUSTER as usize]).expect("data can be written");
    image.flush().expect("it can be flushed");
    journal
}

/// The offset of a cluster of the image in the file.
pub(super) fn host(journal: &Journal, cluster: u64) -> u64 {
    let file = journal.file.lock();
    let l2 = number(&file, number(&file, 40, 8), 8) & !(1 << 63);
    number(&file, l2 + cluster * 8, 8) & 0x00ff_ffff_ffff_fe00
}

/// Sets the entry of a cluster of the image in its first L2 table.
fn set_entry(journal: &Journal, cluster: u64, entry: u64) {
    let mut file = journal.file.lock();
    let l2 = number(&file, number(&file, 40, 8), 8) & !(1 << 63);
    apply(&mut file, l2 + cluster * 8, &entry.to_be_bytes());
}

fn assert_sound(journal: &Journal) {
    let file = journal.file.lock();
    assert_eq!((corruptions(&file, &[]), leaks(&file)), (0, 0));
}

#[test]
fn zeroes_free_clusters_if_the_node_unmaps() {
    let may_not = DiscardPolicy { unmap: false, ..UNMAP };
    for (policy, mode, freed) in [
        (UNMAP, ZeroMode::MayUnmap, 2),
        (UNMAP, ZeroMode::Allocated, 0),
        (may_not, ZeroMode::MayUnmap, 0),
        (DiscardPolicy { no_unref: true, ..UNMAP }, ZeroMode::MayUnmap, 2),
    ] {
        let journal = filled();
        let hosts = [host(&journal, 2), host(&journal, 3)];
        let image = open_with(&journal, policy);
        image.write_zeroes(2 * CLUSTER, 2 * CLUSTER, mode).expect("zeroes can be written");
        image.flush().expect("it can be flushed");
        let discarded: u64 = journal.discards.lock().iter().map(|(_, length)| length).sum();
        assert_eq!(discarded, freed * CLUSTER, "{policy:?} {mode:?}");
        let stays = freed == 0 || policy.no_unref;
        let hosts_after = [host(&journal, 2), host(&journal, 3)];
        assert_eq!(hosts_after, if stays { hosts } else { [0, 0] }, "{policy:?} {mode:?}");
        assert_sound(&journal);
        let mut expected = vec![7; 8 * CLUSTER as usize];
        expected[2 * CLUSTER as usize..4 * CLUSTER as usize].fill(0);
        assert!(contents(&journal.file.lock(), SHAPE)[..expected.len()] == expected[..]);
    }
}

#[test]
fn discards_are_passed_on_and_free_clusters_as_the_options_say() {
    for (pass_request, no_unref) in [(false, false), (false, true), (true, false), (true, true)] {
        let journal = filled();
        let before = host(&journal, 1);
        let image = open_with(&journal, DiscardPolicy { pass_request, no_unref, ..UNMAP });
        image.discard(CLUSTER, CLUSTER).expect("clusters can be discarded");
        image.flush().expect("it can be flushed");
        let expected = if pass_request { vec![(before, CLUSTER)] } else { Vec::new() };
        assert_eq!(*journal.discards.lock(), expected);
        assert_eq!(host(&journal, 1), if no_unref { before } else { 0 });
        let mut shown = [1; CLUSTER as usize];
        image.read(CLUSTER, &mut shown).expect("it can be read");
        assert_eq!(shown, [0; CLUSTER as usize]);
        // A cluster that stays allocated is used again.
        image.write(CLUSTER, &[9; CLUSTER as usize]).expect("data can be written");
        image.flush().expect("it can be flushed");
        assert_eq!(host(&journal, 1), before, "it is the first free cluster");
        assert_sound(&journal);
    }
}

#[test]
fn discarded_clusters_stay_zero_over_a_later_backing_file() {
    let journal = filled();
    let entry = |cluster: u64| {
        let file = journal.file.lock();
        let l2 = number(&file, number(&file, 40, 8), 8) & !(1 << 63);
        number(&file, l2 + cluster * 8, 8)
    };
    let image = open_with(&journal, UNMAP);
    image.discard(7 * CLUSTER, 2 * CLUSTER).expect("clusters can be discarded");
    image.flush().expect("it can be flushed");
    assert_eq!([entry(7), entry(8)], [1, 0], "only the first one was allocated");
    // A write and another discard leave what was there before.
    image.write(7 * CLUSTER, &[1; 512]).expect("data can be written");
    image.discard(7 * CLUSTER, CLUSTER).expect("the cluster can be discarded");
    image.flush().expect("it can be flushed");
    assert_eq!(entry(7), 1);
    assert_sound(&journal);
}

#[test]
fn replaced_tables_are_discarded_on_request() {
    for pass_other in [false, true] {
        let journal = make(SHAPE);
        let l1 = number(&journal.file.lock(), 40, 8);
        let image = open_with(&journal, DiscardPolicy { pass_other, ..UNMAP });
        // An L1 table of one cluster has 512 entries for 2 MiB each.
        image.grow(2 << 30, Preallocation::Off).expect("it can grow");
        image.flush().expect("it can be flushed");
        assert_ne!(number(&journal.file.lock(), 40, 8), l1, "the table has moved");
        let expected = if pass_other { vec![(l1, CLUSTER)] } else { Vec::new() };
        assert_eq!(*journal.discards.lock(), expected);
        assert_sound(&journal);
    }
}

/// Sets the count of a cluster in an image with one refcount block.
pub(super) fn set_count(journal: &Journal, offset: u64, count: u16) {
    let mut file = journal.file.lock();
    let block = number(&file, number(&file, 48, 8), 8);
    apply(&mut file, block + offset / CLUSTER * 2, &count.to_be_bytes());
}

#[test]
fn a_reference_to_a_free_cluster_frees_no_later_data() {
    let journal = filled();
    set_count(&journal, host(&journal, 2), 0);
    let image = open_with(&journal, UNMAP);
    image.discard(2 * CLUSTER, CLUSTER).expect("the reference is removed");
    // The free cluster is allocated before the removal of the reference is in the file.
    let data = [5; CLUSTER as usize];
    image.write(9 * CLUSTER, &data).expect("data can be written");
    image.flush().expect("it can be flushed");
    assert_eq!(*journal.discards.lock(), []);
    let mut shown = [0; CLUSTER as usize];
    image.read(9 * CLUSTER, &mut shown).expect("it can be read");
    assert!(shown == data);
    assert_sound(&journal);
}

#[test]
fn a_cluster_with_two_references_and_one_count_is_freed_once() {
    let journal = filled();
    let shared = host(&journal, 2);
    set_entry(&journal, 3, shared);
    let image = open_with(&journal, UNMAP);
    image.discard(2 * CLUSTER, 2 * CLUSTER).expect("the references are removed");
    image.flush().expect("it can be flushed");
    assert_eq!(*journal.discards.lock(), [(shared, CLUSTER)]);
    assert_eq!(corruptions(&journal.file.lock(), &[]), 0);
}

#[test]
fn data_that_is_written_to_a_discarded_cluster_stays_in_the_file() {
    let journal = filled();
    let shared = host(&journal, 2);
    set_entry(&journal, 5, shared | 1 << 63);
    let image = open_with(&journal, UNMAP);
    image.discard(5 * CLUSTER, CLUSTER).expect("it can be discarded");
    image.write(2 * CLUSTER, &[9; 512]).expect("data can be written");
    image.flush().expect("it can be flushed");
    assert_eq!(count(&journal.file.lock(), shared / CLUSTER).0, 0, "as in QEMU");
    assert_eq!(*journal.discards.lock(), []);
}

#[test]
fn zeroes_replace_entries_that_version_2_does_not_have() {
    let journal = filled();
    {
        let mut file = journal.file.lock();
        apply(&mut file, 4, &2_u32.to_be_bytes());
        let l2 = number(&file, number(&file, 40, 8), 8) & !(1 << 63);
        for entry in [l2 + 2 * 8, l2 + 3 * 8] {
            let word = number(&file, entry, 8) | 1;
            apply(&mut file, entry, &word.to_be_bytes());
        }
    }
    let image = open_with(&journal, UNMAP);
    let zeroes = |start, length| image.write_zeroes(start, length, ZeroMode::MayUnmap);
    zeroes(2 * CLUSTER, CLUSTER).expect("the whole cluster is overwritten");
    let mut shown = [1; CLUSTER as usize];
    image.read(2 * CLUSTER, &mut shown).expect("it can be read again");
    assert_eq!(shown, [0; CLUSTER as usize]);
    assert!(zeroes(3 * CLUSTER + 512, 512).is_err(), "the rest cannot be read");
    assert!(image.is_corrupt());
}

#[test]
fn a_cluster_with_metadata_does_not_become_free() {
    // The entry says that the reference is the only one, or that there are others.
    for flag in [1 << 63, 0] {
        let journal = filled();
        let refcount_table = number(&journal.file.lock(), 48, 8);
        set_entry(&journal, 3, refcount_table | flag);
        let image = open_with(&journal, UNMAP);
        image.discard(3 * CLUSTER, CLUSTER).expect("the reference is removed");
        image.flush().expect("it can be flushed");
        assert!(!image.is_corrupt());
        assert_eq!(count(&journal.file.lock(), refcount_table / CLUSTER).0, 1);
        assert_eq!(*journal.discards.lock(), []);
        // Nothing is known about the other counts.
        let written = image.write(16 * CLUSTER, &[9; CLUSTER as usize]);
        let is_refused = flag != 0;
        assert_eq!((written.is_err(), image.is_corrupt()), (is_refused, is_refused));
    }
}

#[test]
fn a_shared_cluster_whose_count_denies_it_is_not_used_again() {
    type Change = fn(&Clusters) -> std::io::Result<()>;
    let copy_data: Change = |image| image.write(3 * CLUSTER, &[1; 512]);
    let discard: Change = |image| image.discard(3 * CLUSTER, CLUSTER);
    let copy_table: Change = |image| image.write(2 << 20, &[1; 512]);
    let shrink: Change = |image| image.shrink(2 << 20).map_err(std::io::Error::other);
    for (name, change) in [
        ("data", copy_data),
        ("discarded", discard),
        ("L2 table", copy_table),
        ("removed L2 table", shrink),
    ] {
        let journal = make(Shape { size: 4 << 20, ..SHAPE });
        let image = open_with(&journal, UNMAP);
        image.write(0, &[0; 8 * CLUSTER as usize]).expect("data can be written");
        image.flush().expect("it can be flushed");
        drop(image);
        let shared = host(&journal, 2);
        // The cluster 2 has the flag and the count of a single reference.
        if name.ends_with("table") {
            let l1 = number(&journal.file.lock(), 40, 8);
            apply(&mut journal.file.lock(), l1 + 8, &shared.to_be_bytes());
        } else {
            set_entry(&journal, 3, shared);
        }
        let image = open_with(&journal, UNMAP);
        change(&image).unwrap_or_else(|error| panic!("{name}: {error}"));
        image.flush().expect("it can be flushed");
        image.write(8 * CLUSTER, &[9; 8 * CLUSTER as usize]).expect("data can be written");
        image.flush().expect("it can be flushed");
        let mut shown = [1; CLUSTER as usize];
        image.read(2 * CLUSTER, &mut shown).expect("it can be read");
        assert!(shown == [0; CLUSTER as usize], "{name}");
        assert_eq!(count(&journal.file.lock(), shared / CLUSTER).0, 1, "{name}");
        assert_eq!(*journal.discards.lock(), [], "{name}");
    }
}

#[test]
fn compressed_data_replace_no_allocated_cluster() {
    let journal = filled();
    let image = open_with(&journal, UNMAP);
    let data = [3; CLUSTER as usize];
    let write = |cluster: u64| image.write_compressed(cluster * CLUSTER, &data, |_| {});
    write(8).expect("the cluster is not allocated");
    for cluster in [0, 8] {
        let error = write(cluster).expect_err("the cluster is allocated");
        assert_eq!(error.raw_os_error(), Some(Errno::IO.raw_os_error()));
    }
}

#[test]
fn an_image_grows_without_an_allocation_for_new_clusters() {
    let journal = filled();
    let image = open_with(&journal, UNMAP);
    let before = journal.file.lock().len();
    image.grow(1 << 30, Preallocation::Off).expect("it can grow");
    image.flush().expect("it can be flushed");
    // Only the L1 table is new.
    assert_eq!(journal.file.lock().len(), before + CLUSTER as usize);
    assert_sound(&journal);
}

#[test]
fn new_refcount_blocks_do_not_limit_the_size_of_tables() {
    // A block has 64 counts, fewer than the new L1 table has clusters.
    let shape = Shape { cluster_size: 512, refcount_bits: 64, size: 1 << 20, ..SHAPE };
    let journal = make(shape);
    let image = open(journal.clone().into(), shape, true);
    let mut file = journal.file.lock().clone();
    journal.writes.lock().clear();
    for size in [256 << 20, 2 << 30] {
        image.grow(size, Preallocation::Off).expect("it can grow");
        image.write(size - 512, &[1; 512]).expect("data can be written");
        image.flush().expect("it can be flushed");
    }
    for (number, (offset, bytes)) in journal.writes.lock().iter().enumerate() {
        apply(&mut file, *offset, bytes);
        // A check of each state would take minutes.
        if number.is_multiple_of(16) {
            assert_eq!(corruptions(&file, &[]), 0);
        }
    }
    assert_sound(&journal);
    let mut shown = [0; 512];
    image.read((256 << 20) - 512, &mut shown).expect("it can be read");
    assert_eq!(shown, [1; 512]);
}
