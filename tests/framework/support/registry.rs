//! Registries for single parts of these tests. The parts are one program, which registers the
//! definitions of all.

use qapi_core::Registry;
use qapi_core::registry::registered;

/// The definitions of the framework and of the test module with the path `module`.
pub(crate) fn registry_of(module: &str) -> Registry {
    let wanted = registered().filter(|registration| {
        let source = registration.definition().source;
        source.package == "qapi-core" || source.module.starts_with(module)
    });
    Registry::from_registrations(wanted).unwrap()
}
