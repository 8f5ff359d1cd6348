//! Jobs whose target is a qcow2 image with damaged metadata: the job fails, the metadata survive,
//! and the daemon serves its other clients.

use std::fs;
use std::path::Path;

use block::create::{Preallocation, Qcow2Create, Qcow2Version};
use serde_json::json;
use tempfile::TempDir;

use crate::support::daemon::{Client, Daemon, Format, copy, node};
use crate::support::images::{MIB, create_qcow2};

/// The options of images that are damaged alike.
const OPTIONS: &[fn(&mut Qcow2Create)] = &[
    |_default| {},
    |image| image.extended_l2 = true,
    |image| image.version = Qcow2Version::V2,
    |image| image.cluster_size = 512,
    |image| image.refcount_bits = 1,
];
const COPIED: u64 = 1 << 63;
const OFFSET_OF_L1_TABLE: u64 = 40;
const OFFSET_OF_REFCOUNT_TABLE: u64 = 48;

/// The bytes of an image.
struct Bytes(Vec<u8>);

impl Bytes {
    fn read(path: &Path) -> Self {
        Bytes(fs::read(path).unwrap())
    }

    fn number(&self, offset: u64) -> u64 {
        u64::from_be_bytes(self.0[offset as usize..][..8].try_into().unwrap())
    }

    fn set(&mut self, offset: u64, number: u64) {
        self.0[offset as usize..][..8].copy_from_slice(&number.to_be_bytes());
    }

    fn cluster_size(&self) -> u64 {
        1 << self.0[23]
    }

    fn cluster(&self, offset: u64) -> &[u8] {
        &self.0[offset as usize..][..self.cluster_size() as usize]
    }

    fn l1_table(&self) -> u64 {
        self.number(OFFSET_OF_L1_TABLE)
    }

    fn l2_table(&self) -> u64 {
        self.number(self.l1_table()) & !COPIED
    }
}

/// A folder with a source of 1 MiB, a sound target for it, and an image that `damage` changes.
fn folder(options: fn(&mut Qcow2Create), damage: impl FnOnce(&mut Bytes)) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("source"), vec![0x77; MIB as usize]).unwrap();
    fs::write(folder.path().join("sound"), vec![0; MIB as usize]).unwrap();
    let image = folder.path().join("damaged");
    create_qcow2(&image, MIB, |image| {
        image.preallocation = Preallocation::Metadata;
        options(image);
    });
    let mut bytes = Bytes::read(&image);
    damage(&mut bytes);
    fs::write(image, bytes.0).unwrap();
    folder
}

fn backup(client: &mut Client, target: &str) -> Option<String> {
    let more = json!({"job-id": target, "target": target, "auto-dismiss": false});
    client.execute("blockdev-backup", copy(more));
    let job = client.wait_for_job(target, "concluded");
    client.execute("job-dismiss", json!({"id": target}));
    job["error"].as_str().map(str::to_owned)
}

/// Copies to the damaged image, which must fail, and to a sound one. Returns the damaged image.
fn assert_only_the_job_fails(folder: TempDir) -> Bytes {
    let nodes = [
        node(Format::Raw, "source", ""),
        node(Format::Raw, "sound", ""),
        node(Format::Qcow2, "damaged", ""),
    ];
    let (mut daemon, mut client) = Daemon::with_nodes(folder, &nodes);
    assert_eq!(backup(&mut client, "damaged").as_deref(), Some("Input/output error"));
    assert_eq!(backup(&mut client, "sound"), None);
    client.execute("quit", json!({}));
    assert!(daemon.ended().success());
    let sound = fs::read(daemon.path("sound")).unwrap();
    assert!(sound.iter().all(|byte| *byte == 0x77));
    let bytes = Bytes::read(&daemon.path("damaged"));
    assert_eq!(&bytes.0[..4], b"QFI\xfb", "the header is overwritten");
    bytes
}

#[test]
fn no_refcount_block_is_allocated_over_the_header() {
    for options in OPTIONS {
        let folder = folder(*options, |image| {
            image.set(image.number(OFFSET_OF_REFCOUNT_TABLE), 0);
            // The job allocates clusters for its data.
            image.set(image.l1_table(), 0);
        });
        assert_only_the_job_fails(folder);
    }
}

#[test]
fn no_data_are_written_over_metadata() {
    type Place = fn(&Bytes) -> u64;
    let places: [Place; 4] = [
        |image| image.number(OFFSET_OF_REFCOUNT_TABLE),
        |image| image.number(image.number(OFFSET_OF_REFCOUNT_TABLE)),
        Bytes::l1_table,
        Bytes::l2_table,
    ];
    for options in &OPTIONS[..2] {
        for place in places {
            let mut offset = 0;
            let folder = folder(*options, |image| {
                offset = place(image);
                image.set(image.l2_table(), offset | COPIED);
            });
            let after = assert_only_the_job_fails(folder);
            let written = after.cluster(offset).iter().all(|byte| *byte == 0x77);
            assert!(!written, "data at {offset:#x}");
        }
    }
}
