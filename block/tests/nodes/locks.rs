//! Image locks between nodes, and between programs.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child as Process, Command, Stdio};

use block::nodes::NodeUse;
use block::options::{BlockdevDriverOptions, BlockdevOptions, BlockdevOptionsFile, OnOffAuto};

use crate::support::*;

/// `qemu-io` with an image open, until it is dropped.
struct QemuIo(Process);

impl QemuIo {
    fn open(arguments: &[&str]) -> Option<Self> {
        let mut process = Command::new(peer("qemu-io")?)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("qemu-io runs");
        // The response to a command proves that the image is open.
        let input = process.stdin.as_mut().expect("its input is piped");
        writeln!(input, "length").expect("it reads commands");
        let mut line = String::new();
        let output = process.stdout.as_mut().expect("its output is piped");
        BufReader::new(output).read_line(&mut line).expect("it answers");
        assert!(!line.is_empty(), "qemu-io could not open the image");
        Some(QemuIo(process))
    }
}

impl Drop for QemuIo {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        self.0.wait().expect("qemu-io ends with its input");
    }
}

fn unlocked(path: &str) -> BlockdevOptions {
    let options =
        BlockdevOptionsFile { locking: Some(OnOffAuto::Off), ..BlockdevOptionsFile::new(path) };
    BlockdevOptions::new(BlockdevDriverOptions::File(options))
}

#[test]
fn an_open_image_excludes_other_nodes_on_the_same_file() {
    let fixture = Fixture::new();
    fixture.format("image", |_| {});
    fixture.add(qcow2(inline(fixture.file("image"))).named("writer"));
    let again = || qcow2(inline(fixture.file("image"))).named("again");
    assert_eq!(fixture.refusal(again()), "Failed to get \"write\" lock");
    let shared = "Failed to get shared \"write\" lock";
    assert_eq!(fixture.refusal(again().read_only(true)), shared);
    // A file node takes no lock before it has a user.
    fixture.add(fixture.file("image").named("idle"));
    fixture.graph.remove("writer").expect("it is unused");
    fixture.add(again().read_only(true));
    fixture.add(qcow2(inline(fixture.file("image"))).named("reader").read_only(true));
    let writer = qcow2(inline(fixture.file("image"))).named("writer");
    assert_eq!(fixture.refusal(writer), "Failed to get \"write\" lock");
}

#[test]
fn a_job_locks_its_images() {
    let fixture = Fixture::new();
    fixture.write("disk", &[0; 4096]);
    let one = fixture.add(fixture.file("disk").named("one"));
    let two = fixture.add(fixture.file("disk").named("two"));
    let job =
        fixture.graph.reserve("backup", "j0", [NodeUse::source(one.clone())]).expect("free");
    let refused = fixture.graph.reserve("backup", "j1", [NodeUse::target(two.clone())]);
    assert_eq!(refused.expect_err("locked").to_string(), "Failed to get \"write\" lock");
    drop(job);
    let _job = fixture.graph.reserve("backup", "j1", [NodeUse::target(two)]).expect("free again");
    let refused = fixture.graph.reserve("backup", "j0", [NodeUse::source(one)]);
    assert_eq!(refused.expect_err("locked").to_string(), "Failed to get shared \"write\" lock");
}

#[test]
fn without_locking_there_are_no_conflicts() {
    let fixture = Fixture::new();
    let path = text(&fixture.format("image", |_| {}));
    fixture.add(qcow2(inline(unlocked(&path))).named("one"));
    fixture.add(qcow2(inline(unlocked(&path))).named("two").read_only(true));
    fixture.add(qcow2(inline(fixture.file("image"))).named("three"));
}

#[test]
fn image_locks_of_this_and_other_programs_exclude_each_other() {
    let fixture = Fixture::new();
    let path = text(&fixture.format("image", |_| {}));
    fixture.add(qcow2(inline(fixture.file("image"))).named("n"));
    let Some(info) = run_peer("qemu-img", &["info", &path]) else { return };
    assert!(!info.status.success());
    let stderr = String::from_utf8_lossy(&info.stderr).into_owned();
    assert!(stderr.contains("Failed to get shared \"write\" lock"), "{stderr}");
    let info = run_peer("qemu-img", &["info", "-U", &path]).expect("it was there");
    assert!(info.status.success(), "a program may ignore the locks: {info:?}");
    fixture.graph.remove("n").expect("it is unused");
    let info = run_peer("qemu-img", &["info", &path]).expect("it was there");
    assert!(info.status.success(), "{info:?}");

    let Some(writer) = QemuIo::open(&["-f", "qcow2", &path]) else { return };
    let node = || qcow2(inline(fixture.file("image"))).named("n");
    assert_eq!(fixture.refusal(node()), "Failed to get \"write\" lock");
    assert_eq!(fixture.refusal(node().read_only(true)), "Failed to get shared \"write\" lock");
    drop(writer);
    let reader = QemuIo::open(&["-r", "-f", "qcow2", &path]);
    assert_eq!(fixture.refusal(node()), "Failed to get \"write\" lock");
    fixture.add(node().read_only(true));
    fixture.graph.remove("n").expect("it is unused");
    drop(reader);
    fixture.add(node());
}
