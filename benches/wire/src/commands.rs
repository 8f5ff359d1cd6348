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

/// Takes and returns nothing.
#[qapi_command]
fn bench_stop() {}

/// Takes two arguments and returns nothing.
#[qapi_command]
fn bench_set_speed(id: &str, speed: i64) {
    std::hint::black_box((id, speed));
}

/// The driver of a node.
#[qapi_enum]
enum BenchDriver {
    /// A file.
    File,
    /// A format.
    Qcow2,
}

/// The cache of a node.
#[qapi_struct]
struct BenchCache {
    /// Whether the cache of the host is bypassed.
    direct: Option<bool>,
    /// Whether flushes are ignored.
    no_flush: Option<bool>,
}

/// A node and those below it.
#[qapi_struct]
struct BenchNode {
    /// The driver.
    driver: BenchDriver,
    /// The name.
    node_name: Option<String>,
    /// The cache.
    cache: Option<BenchCache>,
    /// Whether the node refuses writes.
    read_only: Option<bool>,
    /// The treatment of discards.
    discard: Option<String>,
    /// The name of the file.
    filename: Option<String>,
    /// The interface to the host.
    aio: Option<String>,
    /// The size of a cluster.
    cluster_size: Option<u64>,
    /// The node with the data.
    file: Option<Box<BenchNode>>,
    /// The node with the data that this one lacks.
    backing: Option<Box<BenchNode>>,
}

/// Takes a tree of nodes, as `blockdev-add` does, and returns nothing.
#[qapi_command]
fn bench_add(options: BenchNode) {
    std::hint::black_box(options);
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
