//! Definitions of QEMU's `block-core.json` and of what they lead to, written down by annotation,
//! and what clients are told of them.
//!
//! `introspection.jsonl` is what QEMU's own generator prints for these, type names unmasked and
//! all conditions taken as true. It stands in our order: events and commands by name, then types
//! in the order of their first use.

mod backup;
mod drivers;
mod encryption;
mod graph;
mod images;
mod jobs;

use qapi_core::introspection::Mask;
use qapi_core::prelude::*;
use qapi_core::registry::Registry;
use qapi_core::{Result, qapi_command};
use serde_json::Value;

use super::definitions_of;

#[qapi_enum(since = "1.0")]
pub(crate) enum BlockDeviceIoStatus {
    Ok,
    Failed,
    Nospace,
}

/// What all these functions return: it is their definitions that are of interest.
fn not_served<T>() -> Result<T> {
    Err("not served".into())
}

/// The command that leads to what none of the others does; QEMU has no such command.
const ALSO: &str = "accept-also";

#[qapi_command]
#[expect(clippy::too_many_arguments, reason = "each leads to types of its own")]
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

#[test]
fn clients_are_told_what_qemu_would_tell_them() {
    let registry = Registry::from_registrations(definitions_of("block_core")).unwrap();
    let own = [ALSO.to_owned(), format!("q_obj_{ALSO}-arg")];
    let told = registry.introspect(Mask::Unmasked);
    let told: Vec<_> = told.iter().filter(|info| !own.contains(&info.name)).collect();

    let expected: Vec<_> = include_str!("introspection.jsonl").lines().collect();
    for (info, line) in told.iter().zip(&expected) {
        let expected: Value = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::to_value(info).unwrap(), expected);
    }
    assert_eq!(told.len(), expected.len());
}
