//! The schema as of earlier releases of QEMU: what is left of it holds together.

// Links the definitions, which would not be there otherwise.
use qapi_core::{Registry, Release};
use storage_daemon as _;

#[test]
fn every_release_from_the_first_with_jobs_on_can_be_presented() {
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
fn without_a_crate_that_adds_kinds_jobs_are_of_the_nine_of_qemu() {
    let registry = Registry::collect().unwrap();
    let values = registry.type_("JobType").unwrap().enum_values();
    let names: Vec<_> = values.iter().map(|value| value.name).collect();
    let snapshots = ["snapshot-load", "snapshot-save", "snapshot-delete"];
    let expected = [&["commit", "stream", "mirror", "backup", "create", "amend"][..], &snapshots];
    assert_eq!(names, expected.concat());
}
