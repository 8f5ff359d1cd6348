//! Jobs without a client: started through the engine, on real images.

mod chains;
mod mirror;
/// The fixture of the block layer's own tests.
#[allow(dead_code, reason = "only a part of the fixture is for jobs")]
#[path = "../../../block/tests/nodes/support.rs"]
mod support;
