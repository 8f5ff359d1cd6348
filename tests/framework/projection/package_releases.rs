//! `since` in packages that number their own releases.

use qapi_core::registry::{Registry, Rule};
use qapi_core::{Definition, Projection, Release};

use crate::support::definitions::{NONE, command, since};

static TIMELESS: Definition = command("timeless", NONE);
static QEMUS: Definition = since("6.0", command("qemus", NONE));
static OURS: Definition = of_daemon("ours", "6.0");
static OLDER: Definition = of_daemon("ours-older", "1.4.2");
static VENDORS: Definition = since("2024.1", command("__org.example_vendors", NONE));
static ODD: Definition = since("long ago", command("odd", NONE));

const fn of_daemon(name: &'static str, release: &'static str) -> Definition {
    let plain = command(name, NONE);
    let source = qapi_core::schema::definition::Source { package: "my-daemon", ..plain.source };
    since(release, Definition::new(plain.part, source, plain.kind))
}

/// The names of the definitions that remain as of `projection`.
fn left(projection: Projection) -> Vec<&'static str> {
    let all = [&TIMELESS, &QEMUS, &OURS, &OLDER, &VENDORS, &ODD];
    let registry = Registry::from_registrations(all).unwrap().project(projection).unwrap();
    registry.definitions().map(|definition| definition.name).collect()
}

const ALWAYS: &[&str] = &["__org.example_vendors", "odd", "timeless"];

fn always_and(more: &[&'static str]) -> Vec<&'static str> {
    let mut names = [ALWAYS, more].concat();
    names.sort_unstable();
    names
}

#[test]
fn every_since_is_compared_except_those_of_vendors() {
    let to = |minor| Projection::to(Release::new(5, minor, 0));
    assert_eq!(left(to(2)), always_and(&["ours-older"]));
    let later = Projection::to(Release::new(6, 0, 0));
    assert_eq!(left(later), always_and(&["ours", "ours-older", "qemus"]));
}

#[test]
fn packages_may_number_their_own_releases() {
    const ALL: &[(&str, Release)] = &[("my-daemon", Release::LATEST)];
    const OLD: &[(&str, Release)] = &[("my_daemon", Release::new(1, 4, 2))];
    const OLDER: &[(&str, Release)] = &[("my-daemon", Release::new(1, 4, 1))];
    let before = Projection::to(Release::new(5, 2, 0));
    assert_eq!(left(before.packages(ALL)), always_and(&["ours", "ours-older"]));
    assert_eq!(left(before.packages(OLD)), always_and(&["ours-older"]));
    assert_eq!(left(before.packages(OLDER)), always_and(&[]));
    let since = Projection::to(Release::new(6, 0, 0));
    assert_eq!(left(since.packages(OLD)), always_and(&["ours-older", "qemus"]));
}

#[test]
fn a_projection_can_be_replaced() {
    let registry = Registry::from_registrations([&QEMUS, &TIMELESS]).unwrap();
    let before = registry.project(Release::new(5, 2, 0)).unwrap();
    assert_eq!(before.definitions().count(), 1);
    let since = before.project(Release::LATEST).unwrap();
    assert_eq!(since.definitions().count(), 2);
}

#[test]
fn a_package_that_registers_no_definitions_is_a_conflict() {
    const OWN: &[(&str, Release)] = &[("my-deamon", Release::LATEST), ("my-daemon", OLDEST)];
    const OLDEST: Release = Release::new(0, 0, 0);
    let registry = Registry::from_registrations([&OURS]).unwrap();

    // `my-daemon` is linked, although all its definitions are newer. `my-deamon` is not linked.
    let error = registry.project(Projection::to(Release::LATEST).packages(OWN)).unwrap_err();

    let conflicts: Vec<_> = error.conflicts().iter().map(|conflict| conflict.rule()).collect();
    assert_eq!(conflicts, [Rule::PackageLinked]);
    assert!(error.to_string().contains("`my-deamon`"), "{error}");
}

#[test]
fn releases_are_one_to_three_numbers() {
    for (text, numbers) in [
        ("8", Some((8, 0, 0))),
        ("2.12", Some((2, 12, 0))),
        ("10.0.2", Some((10, 0, 2))),
        ("", None),
        (".", None),
        ("8.", None),
        ("8.2.", None),
        ("8.2.0.1", None),
        ("+8.2", None),
        (" 8.2", None),
        ("8.2-rc1", None),
        ("4294967296", None),
    ] {
        let release = numbers.map(|(major, minor, micro)| Release::new(major, minor, micro));
        assert_eq!(text.parse().ok(), release, "{text:?}");
    }
    assert!(Release::new(2, 12, 0) > Release::new(2, 4, 0));
    assert_eq!(Release::new(2, 12, 0).to_string(), "2.12.0");
}
