//! The server through its socket, by a front-end of the same family.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod front_end;

use std::fs;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

use block::image::permissions::{Access, Permissions};
use block::nodes::Graph;
use block::options::BlockdevOptions;
use front_end::{FrontEnd, Part, RING_SIZE, request};
use tempfile::TempDir;
use vhost::VhostBackend;
use vhost_user_blk::{DeviceOptions, InvalidOption, Server};

const READ: u32 = 0;
const WRITE: u32 = 1;
const FLUSH: u32 = 4;
const GET_ID: u32 = 8;
const DISCARD: u32 = 11;
const WRITE_ZEROES: u32 = 13;

const OK: u8 = 0;
const FAILED: u8 = 1;
const UNSUPPORTED: u8 = 2;

const SIZE: usize = 1 << 20;

/// A served disk.
struct Disk {
    folder: TempDir,
    server: Server,
    graph: Graph,
}

impl Disk {
    fn new(options: DeviceOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("disk");
        fs::write(&image, vec![0x11; SIZE]).unwrap();
        let graph = Graph::new();
        let node = graph.add(&BlockdevOptions::file(image.to_string_lossy()).named("d")).unwrap();
        let access = Access { takes: Permissions::WRITE, shares: Permissions::all() };
        let root = graph.attach_root("guest", node, access).unwrap();
        let listener = UnixListener::bind(folder.path().join("socket")).unwrap();
        let server = Server::start(listener, root, options).unwrap();
        Disk { folder, server, graph }
    }

    fn writable() -> Self {
        Disk::new(DeviceOptions::default().writable(true))
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    fn contents(&self) -> Vec<u8> {
        fs::read(self.folder.path().join("disk")).unwrap()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.server.stop();
        self.graph.remove_all();
    }
}

fn range(sector: u64, sectors: u32, flags: u32) -> Vec<Part> {
    let mut bytes = sector.to_le_bytes().to_vec();
    bytes.extend(sectors.to_le_bytes());
    bytes.extend(flags.to_le_bytes());
    vec![Part::Out(bytes)]
}

#[test]
fn requests_read_and_write_the_disk() {
    let disk = Disk::writable();
    let mut guest = FrontEnd::connect(&disk.path(), 1);
    let data = [vec![0x22; 512], vec![0x33; 1024]];
    let parts = data.clone().into_iter().map(Part::Out).collect();
    assert_eq!(guest.request(0, WRITE, 2, parts), OK);
    assert_eq!(guest.request(0, FLUSH, 0, vec![]), OK);
    assert_eq!(disk.contents()[1024..2560], data.concat());
    assert_eq!(guest.request(0, READ, 2, vec![Part::In(1024), Part::In(512)]), OK);
    assert_eq!([guest.data(0, 1, 1024), guest.data(0, 2, 512)].concat(), data.concat());
    assert_eq!(guest.request(0, WRITE_ZEROES, 0, range(3, 1, 1)), OK);
    assert_eq!(disk.contents()[1536..2048], [0; 512]);
    assert_eq!(guest.request(0, DISCARD, 0, range(0, 8, 0)), OK);
    assert_eq!(guest.request(0, GET_ID, 0, vec![Part::In(20)]), OK);
    assert_eq!(guest.data(0, 1, 20), b"vhost_user_blk\0\0\0\0\0\0");
}

#[test]
fn malformed_requests_get_a_status() {
    let disk =
        Disk::new(DeviceOptions::default().writable(true).logical_block_size(4096).unwrap());
    let mut guest = FrontEnd::connect(&disk.path(), 1);
    let sectors = (SIZE / 512) as u64;
    let out = || vec![Part::Out(vec![1; 4096])];
    let cases = [
        ("beyond the end", WRITE, sectors - 7, out(), FAILED),
        ("far beyond the end", READ, u64::MAX / 256, vec![Part::In(4096)], FAILED),
        ("within a block", WRITE, 1, out(), FAILED),
        ("part of a sector", READ, 0, vec![Part::In(100)], FAILED),
        ("an unknown type", 99, 0, vec![], UNSUPPORTED),
        ("too long a range", DISCARD, 0, range(0, 40_000, 0), FAILED),
        ("a range beyond the end", WRITE_ZEROES, 0, range(sectors, 8, 0), FAILED),
        ("an unknown flag", WRITE_ZEROES, 0, range(0, 8, 2), UNSUPPORTED),
        ("a flag of a discard", DISCARD, 0, range(0, 8, 1), UNSUPPORTED),
        ("half a range", DISCARD, 0, vec![Part::Out(vec![0; 8])], UNSUPPORTED),
    ];
    for (name, kind, sector, parts, status) in cases {
        assert_eq!(guest.request(0, kind, sector, parts), status, "{name}");
    }
    // A request without a whole header.
    guest.submit(0, 0, &[Part::Out(vec![0; 4]), Part::In(1)]);
    guest.wait(0);
    assert_eq!(guest.data(0, 1, 1), [FAILED]);
    assert_eq!(disk.contents(), vec![0x11; SIZE]);
    assert_eq!(guest.request(0, READ, 0, vec![Part::In(4096)]), OK);
}

#[test]
fn a_read_only_disk_refuses_writes() {
    let disk = Disk::new(DeviceOptions::default());
    let mut guest = FrontEnd::connect(&disk.path(), 1);
    assert_ne!(guest.connection.get_features().unwrap() & (1 << 5), 0, "VIRTIO_BLK_F_RO");
    assert_eq!(guest.request(0, WRITE, 0, vec![Part::Out(vec![1; 512])]), FAILED);
    assert_eq!(guest.request(0, WRITE_ZEROES, 0, range(0, 1, 0)), FAILED);
    assert_eq!(guest.request(0, DISCARD, 0, range(0, 1, 0)), FAILED);
    assert_eq!(disk.contents(), vec![0x11; SIZE]);
}

#[test]
fn the_configuration_describes_the_disk() {
    let options = DeviceOptions::default().num_queues(3).unwrap();
    let disk = Disk::new(options.logical_block_size(4096).unwrap());
    let mut guest = FrontEnd::connect(&disk.path(), 3);
    let config = guest.config();
    let word = |at: usize| u32::from_le_bytes(config[at..at + 4].try_into().unwrap());
    assert_eq!(u64::from_le_bytes(config[..8].try_into().unwrap()), (SIZE / 512) as u64);
    assert_eq!(word(20), 4096, "the block size");
    assert_eq!(config[32], 1, "the write cache");
    assert_eq!(config[34..36], [3, 0], "the number of queues");
    assert_eq!(word(36), 32_768, "the longest discard");
    guest.set_config(32, &[0]);
    assert_eq!(guest.config()[32], 0);
}

#[test]
fn queues_have_several_requests_in_flight() {
    let disk = Disk::new(DeviceOptions::default().writable(true).num_queues(2).unwrap());
    let mut guest = FrontEnd::connect(&disk.path(), 2);
    for queue in 0..2 {
        for number in 0..8_u8 {
            let sector = u64::from(number) + queue as u64 * 8;
            let data = vec![Part::Out(vec![number + 1 + 8 * queue as u8; 512])];
            guest.submit(queue, u16::from(number) * 3, &request(WRITE, sector, data));
        }
    }
    for queue in 0..2 {
        let mut heads: Vec<_> = (0..8).map(|_| guest.wait(queue)).collect();
        heads.sort_unstable();
        assert_eq!(heads, (0..8).map(|number| number * 3).collect::<Vec<_>>());
    }
    let written = disk.contents();
    let expected: Vec<u8> = (1..=16).flat_map(|number| [number; 512]).collect();
    assert_eq!(written[..16 * 512], expected);
}

#[test]
fn a_stopped_ring_tells_where_it_is() {
    let disk = Disk::writable();
    let mut guest = FrontEnd::connect(&disk.path(), 1);
    for sector in 0..3 {
        assert_eq!(guest.request(0, READ, sector, vec![Part::In(512)]), OK);
    }
    assert_eq!(guest.connection.get_vring_base(0).unwrap(), 3);
}

#[test]
fn front_ends_connect_one_after_the_other() {
    let disk = Disk::writable();
    for _ in 0..3 {
        let mut guest = FrontEnd::connect(&disk.path(), 1);
        assert_eq!(guest.request(0, READ, 0, vec![Part::In(512)]), OK);
    }
}

#[test]
fn connections_leave_no_descriptors_behind() {
    /// More than the tests that run at the same time have open.
    const OTHERS: usize = 200;
    let disk = Disk::writable();
    let descriptors = || fs::read_dir("/proc/self/fd").unwrap().count();
    let before = descriptors();
    for _ in 0..2 * OTHERS {
        drop(FrontEnd::connect(&disk.path(), 1));
    }
    assert!(descriptors() < before + OTHERS, "{} after {before}", descriptors());
}

#[test]
fn a_driver_that_violates_the_protocol_is_disconnected() {
    let disk = Disk::writable();
    let mut guest = FrontEnd::connect(&disk.path(), 1);
    // More requests than the ring can contain.
    guest.set_available(0, RING_SIZE + 1);
    guest.kick(0);
    assert!(is_disconnected(&mut guest));
    let mut guest = FrontEnd::connect(&disk.path(), 1);
    guest.submit(0, 0, &[Part::Out(vec![0; 16])]);
    assert!(is_disconnected(&mut guest), "a request without a status");
    let mut guest = FrontEnd::connect(&disk.path(), 1);
    assert_eq!(guest.request(0, READ, 0, vec![Part::In(512)]), OK);
}

/// Whether the server ends the connection within a time.
fn is_disconnected(guest: &mut FrontEnd) -> bool {
    (0..100_000).any(|_| guest.connection.get_features().is_err())
}

#[test]
fn bytes_of_another_protocol_end_the_connection() {
    use std::io::{Read, Write};
    let disk = Disk::writable();
    let mut stranger = UnixStream::connect(disk.path()).unwrap();
    stranger.write_all(&[0xff; 64]).unwrap();
    let mut end = Vec::new();
    // The server may reset the connection, as it has not read all bytes.
    let _ = stranger.read_to_end(&mut end);
    assert!(end.is_empty());
    let mut guest = FrontEnd::connect(&disk.path(), 1);
    assert_eq!(guest.request(0, READ, 0, vec![Part::In(512)]), OK);
}

#[test]
fn a_server_stops_with_and_without_a_front_end() {
    let disk = Disk::writable();
    let mut guest = FrontEnd::connect(&disk.path(), 1);
    assert_eq!(guest.request(0, READ, 0, vec![Part::In(512)]), OK);
    assert!(disk.server.is_connected());
    disk.server.stop();
    assert!(!disk.server.is_connected());
    assert!(guest.connection.get_features().is_err());
    Disk::writable().server.stop();
}

#[test]
fn options_are_checked() {
    let options = DeviceOptions::default();
    assert_eq!(options.num_queues(0), Err(InvalidOption::NumQueues));
    assert_eq!(options.num_queues(65), Err(InvalidOption::NumQueues));
    for size in [0, 256, 1000, 4 << 20, 1 << 33] {
        assert_eq!(options.logical_block_size(size), Err(InvalidOption::BlockSize), "{size}");
    }
    assert!(options.num_queues(64).is_ok() && options.logical_block_size(2 << 20).is_ok());
}
