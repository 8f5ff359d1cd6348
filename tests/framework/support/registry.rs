//! A registry for one part of these tests: they are one program, so that what one part annotates
//! is registered in all.

use qapi_core::Registry;
use qapi_core::registry::registered;

/// The framework's own definitions, and those of the test module that `module` is a path of.
pub(crate) fn registry_of(module: &str) -> Registry {
    let wanted = registered().filter(|registration| {
        let source = registration.definition().source;
        source.package == "qapi-core" || source.module.starts_with(module)
    });
    Registry::from_registrations(wanted).unwrap()
}
