//! Damaged images, a hundred inputs of each kind, compared with recorded answers of QEMU.
//! `fuzz/run image` tries more.

use image_fuzz::base::{Base, KINDS};
use image_fuzz::ours;
use image_fuzz::supervise::{self, Inputs};

/// The number of inputs of each kind.
const SEEDS: u64 = 100;

#[test]
fn undamaged_images_can_be_read() {
    for (kind, _) in KINDS {
        let folder = tempfile::tempdir().expect("a folder");
        Base::load(kind).expect("the kind exists").write(folder.path()).expect("it is writable");
        let contents = ours::read(&folder.path().join("image"), 512).expect("it can be opened");
        assert!(contents.size >= 96 << 10, "{kind}");
        assert!(contents.differences(&contents).is_empty(), "{kind}");
    }
}

#[test]
fn damaged_images_are_handled_as_by_qemu() {
    let program = surroundings::program("image-fuzz", env!("CARGO_BIN_EXE_image-fuzz"));
    let mut faults = Vec::new();
    for (kind, _) in KINDS {
        let inputs = Inputs { kind: (*kind).to_owned(), seeds: 0..SEEDS, qemu: None };
        let report = |fault: image_fuzz::fault::Fault| faults.push(fault.to_string());
        supervise::run(&program, &inputs, report).expect("the worker can be started");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
