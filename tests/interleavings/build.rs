//! Sets the `cfg` that makes `job/src/sync.rs` import threads and locks from the crate
//! `shuttle`.

fn main() {
    println!("cargo::rustc-cfg=shuttle");
    println!("cargo::rerun-if-changed=build.rs");
}
