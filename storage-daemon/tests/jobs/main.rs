//! Block jobs within the process, on real images and on storage that hangs.

mod chains;
mod mirror;
mod slow_disk;
/// The fixture of the block layer's own tests.
#[allow(dead_code, reason = "only a part of the fixture is for jobs")]
#[path = "../../../block/tests/nodes/support.rs"]
mod support;
