//! The definitions of the job package as of several releases of QEMU.

// Without this import, the package is not linked and registers no definitions.
use ::job as _;
use qapi_core::registry::registered;
use qapi_core::schema::definition::EnumValue;
use qapi_core::schema::render::render_as_of;
use qapi_core::{Definition, Projection, Registry, Release};

use crate::support::schema_file::expressions;

fn is_jobs(definition: &Definition) -> bool {
    definition.source.package == "qapi-job"
}

/// The definitions of the package as of `release`, each as JSON text.
fn as_of(release: Release) -> Vec<String> {
    let ours = registered().filter(|found| is_jobs(found.definition()));
    let registry = Registry::from_registrations(ours).unwrap().project(release).unwrap();
    let projection = registry.projection().unwrap();
    let render = |definition| render_as_of(definition, projection).to_string();
    let mut found: Vec<_> =
        registry.definitions().filter(|found| is_jobs(found)).map(render).collect();
    found.sort();
    found
}

#[test]
fn definitions_as_of_two_releases_equal_the_schema_files() {
    let seeds = [
        (Release::new(5, 2, 0), include_str!("../registry/job-5.2.json")),
        (Release::new(8, 2, 0), include_str!("../registry/job-8.2.json")),
    ];
    for (release, seed) in seeds {
        let expected = expressions(seed);
        assert_eq!(expected.len(), 12);
        assert_eq!(as_of(release), expected, "{release}");
    }
}

/// Releases before and after each addition, with the number of definitions, of values of `JobType`
/// and of values of `JobVerb`.
const HISTORY: &[(Release, usize, usize, usize)] = &[
    (Release::new(1, 6, 0), 0, 0, 0),
    (Release::new(1, 7, 0), 1, 4, 0),
    (Release::new(2, 12, 1), 3, 4, 7),
    (Release::new(3, 0, 0), 12, 5, 7),
    (Release::new(5, 0, 1), 12, 5, 7),
    (Release::new(5, 1, 0), 12, 6, 7),
    (Release::new(5, 2, 0), 12, 6, 7),
    (Release::new(6, 0, 0), 12, 9, 7),
    (Release::new(8, 1, 99), 12, 9, 7),
    (Release::new(8, 2, 0), 12, 9, 8),
    (Release::LATEST, 12, 9, 8),
];

#[test]
fn each_release_adds_the_parts_that_qemu_added() {
    for &(release, definitions, kinds, verbs) in HISTORY {
        let projection = Projection::to(release);
        let found = as_of(release);
        let values = |name: &str| {
            let ours = registered().map(|found| found.definition());
            let ours = { ours }.find(|found| is_jobs(found) && found.name == name).unwrap();
            let values = ours.enum_values();
            let has = |value: &&'static EnumValue| projection.has_value(ours, value);
            if projection.has(ours) { values.into_iter().filter(has).count() } else { 0 }
        };
        let expected = (definitions, kinds, verbs);
        assert_eq!((found.len(), values("JobType"), values("JobVerb")), expected, "{release}");
    }
}
