//! The definitions of the job package equal those of QEMU's `job.json`.

// Without this import, the package is not linked and registers no definitions.
use ::job as _;

use crate::support::schema_file::{definitions, expressions};

#[test]
fn the_job_package_equals_its_schema_file() {
    let found = definitions(|definition| definition.source.package == "qapi-job");

    assert_eq!(found, expressions(include_str!("job-8.2.json")));
    assert_eq!(found.len(), 12);
}

#[test]
fn the_job_package_has_seven_commands_and_one_event() {
    let found = definitions(|definition| definition.source.package == "qapi-job");
    let count = |kind: &str| found.iter().filter(|text| text.starts_with(kind)).count();

    assert_eq!((count("{\"command\""), count("{\"event\"")), (7, 1));
}
