//! The structures of an image: their sizes, the entries of tables, and reference counts.
//!
//! Layout: the qcow2 specification (`docs/interop/qcow2.rst` of QEMU).

pub(crate) mod entry;
pub(crate) mod geometry;
pub(crate) mod refcount_block;
