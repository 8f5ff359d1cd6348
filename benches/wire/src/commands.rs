//! Any number of commands that differ only in their names.

use qapi_core::call::Registration;
use qapi_core::prelude::*;
use qapi_core::registry::{Registry, registered};
use qapi_core::schema::definition::{Definition, Part};

/// Takes one argument and returns nothing.
#[qapi_command]
fn bench_pause(id: &str) {
    std::hint::black_box(id);
}

/// The definitions of the program, among them `count` commands of this kind. The generated ones are
/// leaked, as definitions are `'static`.
pub(crate) fn definitions(count: usize) -> Vec<Registration> {
    let all: Vec<_> = registered().collect();
    let model = all.iter().find(|found| found.definition().name == "bench-pause").copied();
    let model = model.expect("it is annotated above");
    let handler = *model.handler().expect("it is a command");
    let model = model.definition();
    let more = (1..count).map(|number| {
        // The names are not in order, as the linker's order is arbitrary too.
        let number = number * 7919 % 100_003;
        let name = Box::leak(format!("x-command-number-{number}").into_boxed_str());
        let part = Part::new(name, model.doc);
        let more: &'static Definition =
            Box::leak(Box::new(Definition::new(part, model.source, model.kind)));
        Registration::command(more, handler)
    });
    all.iter().copied().chain(more).collect()
}

/// A registry with `count` commands of this kind.
pub(crate) fn registry(count: usize) -> Registry {
    Registry::from_registrations(definitions(count)).expect("no name comes twice")
}
