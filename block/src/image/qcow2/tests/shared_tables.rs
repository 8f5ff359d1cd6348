//! L2 tables that are shared, or that lie in other metadata.

use rustix::io::Errno;

use super::clusters::{SHAPE, Shape, make};
use super::freed::{CLUSTER, UNMAP, host, open_with, set_count};
use super::journal::{apply, number};

#[test]
fn a_shared_table_loses_no_changes_when_it_is_copied() {
    // Two entries of the L1 table refer to one L2 table, and the flag of the first one is wrong.
    let journal = make(Shape { size: 4 << 20, ..SHAPE });
    let image = open_with(&journal, UNMAP);
    image.write(0, &[7; CLUSTER as usize]).expect("data can be written");
    image.flush().expect("it can be flushed");
    {
        let mut file = journal.file.lock();
        let l1 = number(&file, 40, 8);
        let table = number(&file, l1, 8) & !(1 << 63);
        apply(&mut file, l1 + 8, &table.to_be_bytes());
        drop(file);
        set_count(&journal, table, 2);
        set_count(&journal, host(&journal, 0), 2);
    }
    let image = open_with(&journal, UNMAP);
    let data = [5; CLUSTER as usize];
    image.write(CLUSTER, &data).expect("data can be written");
    image.write((2 << 20) + 2 * CLUSTER, &data).expect("data can be written");
    image.flush().expect("it can be flushed");
    for offset in [CLUSTER, (2 << 20) + 2 * CLUSTER] {
        let mut shown = [0; CLUSTER as usize];
        image.read(offset, &mut shown).expect("it can be read");
        assert!(shown == data, "{offset}");
    }
}

/// Such a table has entries that change with each allocation, or with writes elsewhere.
#[test]
fn a_table_with_another_use_is_not_copied() {
    type Place = fn(&[u8]) -> u64;
    let places: [(&str, Place); 3] = [
        ("active L1 table", |file| number(file, 40, 8)),
        ("refcount table", |file| number(file, 48, 8)),
        ("active L2 table", |file| number(file, number(file, 40, 8) + 8, 8) & !(1 << 63)),
    ];
    for (name, place) in places {
        let second = CLUSTER / 8 * CLUSTER;
        let journal = make(Shape { size: 2 * second, ..SHAPE });
        let image = open_with(&journal, UNMAP);
        for offset in [0, second] {
            image.write(offset, &[7; CLUSTER as usize]).expect("data can be written");
        }
        image.flush().expect("it can be flushed");
        drop(image);
        let l1 = number(&journal.file.lock(), 40, 8);
        let metadata = place(&journal.file.lock());
        // Without the flag of a single reference, a write copies the table.
        apply(&mut journal.file.lock(), l1, &metadata.to_be_bytes());
        let image = open_with(&journal, UNMAP);
        let error = image.write(0, &[9; CLUSTER as usize]).expect_err(name);
        assert_eq!(Errno::from_io_error(&error), Some(Errno::IO), "{name}");
        assert!(image.is_corrupt(), "{name}");
        assert_eq!(number(&journal.file.lock(), l1, 8), metadata, "the entry stays");
    }
}

#[test]
fn a_table_of_two_entries_is_not_changed_in_place() {
    let second = CLUSTER / 8 * CLUSTER;
    let journal = make(Shape { size: 2 * second, ..SHAPE });
    let image = open_with(&journal, UNMAP);
    image.write(0, &[7; CLUSTER as usize]).expect("data can be written");
    image.flush().expect("it can be flushed");
    drop(image);
    let l1 = number(&journal.file.lock(), 40, 8);
    let data = host(&journal, 0) as usize;
    // Both entries have the flag of a single reference.
    let entry = number(&journal.file.lock(), l1, 8);
    apply(&mut journal.file.lock(), l1 + 8, &entry.to_be_bytes());
    let image = open_with(&journal, UNMAP);
    let error = image.write(second, &[9; CLUSTER as usize]).expect_err("the table is shared");
    assert_eq!(Errno::from_io_error(&error), Some(Errno::IO));
    assert!(image.is_corrupt());
    drop(image);
    assert_eq!(journal.file.lock()[data..data + CLUSTER as usize], [7; CLUSTER as usize]);
}
