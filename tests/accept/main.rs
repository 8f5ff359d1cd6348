//! Definitions without mistakes. A file with the name of a case in QEMU's `tests/qapi-schema`
//! has the definitions of that case.

#![allow(dead_code, reason = "only the registry looks at these definitions")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod block_core;
mod comments;
mod empty;
mod indented_expr;
mod qapi_schema_test;

use qapi_core::call::Registration;
use qapi_core::registry::{Registry, registered};

/// The definitions in a module of this program.
fn definitions_of(module: &str) -> impl Iterator<Item = Registration> {
    let module = format!("{}::{module}", module_path!());
    registered().filter(move |registration| {
        let rest = registration.definition().source.module.strip_prefix(&module);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    })
}

#[test]
fn each_case_has_the_definitions_of_qemus_case() {
    let cases: &[(&str, &[&str])] =
        &[("comments", &["Status"]), ("empty", &[]), ("indented_expr", &["eins", "zwei"])];
    for (module, names) in cases {
        let registry = Registry::from_registrations(definitions_of(module)).unwrap();
        let found: Vec<_> = registry.definitions().map(|definition| definition.name).collect();
        assert_eq!(found, *names, "{module}");
    }
}

#[test]
fn definitions_of_every_kind_have_no_conflict() {
    let registry = Registry::from_registrations(definitions_of("qapi_schema_test")).unwrap();
    assert_eq!((registry.commands().count(), registry.events().count()), (7, 4));
}
