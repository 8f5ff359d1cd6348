//! Every release of QEMU that had QMP with `query-version`.

use qapi_core::{Registry, Release};

use crate::support::registry::registry_of;

/// The releases from 0.14, the first with the commands of `qmp_capabilities`.
fn releases() -> impl Iterator<Item = Release> {
    let old = [(0, 14, 15), (1, 0, 7), (2, 0, 12), (3, 0, 1)];
    let recent = (4..=10).map(|major| (major, 0, 2));
    old.into_iter()
        .chain(recent)
        .flat_map(|(major, first, last)| (first..=last).map(move |minor| (major, minor)))
        .map(|(major, minor)| Release::new(major, minor, 0))
}

#[test]
fn the_framework_presents_every_release() {
    for release in releases() {
        for module in ["no module", "job::"] {
            let registry: Registry = registry_of(module);
            let registry = registry.project(release).unwrap_or_else(|error| panic!("{error}"));
            assert!(registry.command("query-version").is_some(), "{release}");
            assert_eq!(registry.command("query-jobs").is_some(), {
                module == "job::" && release >= Release::new(3, 0, 0)
            });
        }
    }
}
