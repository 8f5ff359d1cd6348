//! The schemas of earlier releases of QEMU are consistent.

// Links the definitions.
use qapi_core::{Registry, Release};
use storage_daemon as _;

#[test]
fn the_schema_of_each_release_since_the_first_with_jobs_is_consistent() {
    let whole = Registry::collect().unwrap().commands().count();
    let mut before = 0;
    for (major, minors) in [(3, 1), (4, 2), (5, 2), (6, 2), (7, 2), (8, 2), (9, 2), (10, 2)] {
        for minor in 0..=minors {
            let release = Release::new(major, minor, 0);
            let registry = Registry::collect().unwrap().project(release);
            let registry = registry.unwrap_or_else(|error| panic!("{release}: {error}"));
            let commands = registry.commands().count();
            assert!(before <= commands && commands <= whole, "{release}: {commands}");
            before = commands;
        }
    }
    assert_eq!(before, whole);
}

#[test]
fn without_extensions_jobs_have_the_nine_kinds_of_qemu() {
    let registry = Registry::collect().unwrap();
    let values = registry.type_("JobType").unwrap().enum_values();
    let names: Vec<_> = values.iter().map(|value| value.name).collect();
    let snapshots = ["snapshot-load", "snapshot-save", "snapshot-delete"];
    let expected = [&["commit", "stream", "mirror", "backup", "create", "amend"][..], &snapshots];
    assert_eq!(names, expected.concat());
}
