//! Makes `job/src/sync/mod.rs` take threads and locks from the crate `shuttle`.

fn main() {
    println!("cargo::rustc-cfg=shuttle");
    println!("cargo::rerun-if-changed=build.rs");
}
