//! Annotated definitions of QEMU's `block-core.json` and of the types that they refer to, and
//! their introspection.
//!
//! `introspection.jsonl` is the output of QEMU's generator for them, with unmasked names of types
//! and all conditions true, in our order: events and commands by name, then types in the order of
//! their first use.

mod backup;
mod drivers;
mod encryption;
mod graph;
mod images;
mod jobs;

use qapi_core::call::Registration;
use qapi_core::introspection::Mask;
use qapi_core::prelude::*;
use qapi_core::registry::{Registry, registered};
use qapi_core::{Result, qapi_command};
use serde_json::Value;

use super::definitions_of;

#[qapi_enum(since = "1.0")]
pub(crate) enum BlockDeviceIoStatus {
    Ok,
    Failed,
    Nospace,
}

/// All these functions return this error: only their definitions matter.
fn not_served<T>() -> Result<T> {
    Err("not served".into())
}

/// A command for types that no other command refers to. QEMU has no such command.
const ALSO: &str = "accept-also";

#[qapi_command]
#[expect(clippy::too_many_arguments, reason = "each refers to further types")]
fn accept_also(
    image: Box<images::ImageInfo>,
    stats: drivers::BlockStatsSpecific,
    file: drivers::BlockdevOptionsFile,
    overlap: drivers::Qcow2OverlapChecks,
    host_key: drivers::SshHostKeyCheck,
    digest: drivers::IscsiHeaderDigest,
    subformat: drivers::BlockdevVmdkSubformat,
    path: drivers::BlockdevOptionsNvmeIoUring,
    encryption: encryption::RbdEncryptionOptions,
) -> Result<()> {
    let _ = (image, stats, file, overlap, host_key, digest, subformat, path, encryption);
    not_served()
}

/// The types that the block layer has defined already: they are not annotated a second time.
const OF_BLOCK_LAYER: [&str; 5] = [
    "BlockPermission",
    "OnOffAuto",
    "Qcow2OverlapCheckFlags",
    "Qcow2OverlapCheckMode",
    "Qcow2OverlapChecks",
];

fn definitions_of_block_layer() -> impl Iterator<Item = Registration> {
    registered().filter(|registration| {
        let definition = registration.definition();
        definition.source.module.starts_with("block::options")
            && OF_BLOCK_LAYER.contains(&definition.name)
    })
}

#[test]
fn definitions_are_introspected_as_by_qemu() {
    let definitions = definitions_of("block_core").chain(definitions_of_block_layer());
    let registry = Registry::from_registrations(definitions).unwrap();
    let own = [ALSO.to_owned(), format!("q_obj_{ALSO}-arg")];
    let introspected = registry.introspect(Mask::Unmasked);
    let introspected: Vec<_> =
        introspected.iter().filter(|info| !own.contains(&info.name)).collect();

    let expected: Vec<_> = include_str!("introspection.jsonl").lines().collect();
    for (info, line) in introspected.iter().zip(&expected) {
        let expected: Value = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::to_value(info).unwrap(), expected);
    }
    assert_eq!(introspected.len(), expected.len());
}
