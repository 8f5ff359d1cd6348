//! Pairs of QEMU's schemas. The lists of differences were checked by hand.

use std::path::Path;

use qapi_schema::Schema;
use qapi_schema::diff::{Interface, compare};

use super::lines;
use crate::qemu::shared;

fn read(path: impl AsRef<Path>) -> Interface {
    Interface::from_schema(&Schema::read(path)).unwrap()
}

#[test]
fn jobs_of_qemu_8_2_have_new_types() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let old = read(root.join("../tests/framework/registry/job-5.2.json"));
    let new = read(root.join("../tests/framework/registry/job-8.2.json"));
    let found = lines(&compare(&old, &new));
    // No command or event uses `JobVerb`, which has a new value too.
    let expected = ["delete", "load", "save"].map(|name| {
        format!("warning received-value-added query-jobs returns[].type=snapshot-{name}")
    });
    assert_eq!(found, expected);
}

/// The list of the second test. With `BLESS` in the environment the test writes it.
const LIST: &str = "storage-daemon-to-full.txt";

/// The system emulator has everything that the storage daemon has: only additions are found.
#[test]
fn the_emulator_has_more_than_the_storage_daemon() {
    let Some(folder) = shared("qemu-schema") else { return };
    let schemas = ["storage-daemon", "full"].map(|name| folder.join(name));
    let files = schemas.each_ref().map(|folder| read(folder.join("qapi-schema.json")));
    let found = lines(&compare(&files[0], &files[1]));
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/diff").join(LIST);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&list, found.join("\n") + "\n").unwrap();
    }
    let expected = std::fs::read_to_string(list).unwrap();
    assert_eq!(found, expected.lines().collect::<Vec<_>>());
    // The introspections lead to the same list, apart from what only files have.
    let served = schemas.each_ref().map(|folder| {
        let text = std::fs::read(folder.join("introspection.json")).unwrap();
        Interface::from_introspection(serde_json::from_slice(&text).unwrap()).unwrap()
    });
    let of_files_only = ["-preconfig-", "-reply-", "-range-", "condition-"];
    let in_both = |line: &&str| {
        !of_files_only.iter().any(|part| line.split(' ').nth(1).unwrap().contains(part))
    };
    let found = lines(&compare(&served[0], &served[1]));
    assert_eq!(found, expected.lines().filter(in_both).collect::<Vec<_>>());
    for (file, served) in files.iter().zip(&served) {
        assert_eq!(lines(&compare(file, served)), [""; 0]);
    }
}
