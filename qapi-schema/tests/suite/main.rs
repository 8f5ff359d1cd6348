//! Tests of schema files through the public interface.

mod qemu;
