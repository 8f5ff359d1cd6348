//! The program with its guest: a snapshot has the memory and the disk of one instant.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use block::create::{FileCreate, Preallocation, Qcow2Create};
use block::nodes::Graph;
use block::options::BlockdevOptions;
use serde_json::{Value, json};

/// The time that the program may take to start, and the guest to count.
const TIMEOUT: Duration = Duration::from_secs(60);
const RAM: (u64, u64) = (0x8000_0000, 1 << 20);
/// Where the guest has its last number.
const COUNTER: usize = 0x1000;
/// The sectors that the guest writes in turn.
const SECTORS: u32 = 1024;
const SECTOR_SIZE: usize = 512;

fn disk_options(folder: &Path) -> BlockdevOptions {
    BlockdevOptions::file(folder.join("disk").to_string_lossy().into_owned())
}

fn create_disk(folder: &Path) {
    let filename = folder.join("disk").to_string_lossy().into_owned();
    let file = FileCreate { filename, size: 0, preallocation: Preallocation::Off };
    file.create(&AtomicBool::new(false)).unwrap();
    Qcow2Create::new(disk_options(folder), 4 << 20).create(&Graph::new()).unwrap();
}

/// The numbers on the disk, which no program uses.
fn numbers_on_disk(folder: &Path) -> Vec<u32> {
    let graph = Graph::new();
    let node = graph.add(&BlockdevOptions::qcow2(disk_options(folder)).named("d0")).unwrap();
    let mut data = vec![0; SECTORS as usize * SECTOR_SIZE];
    node.read(0, &mut data).unwrap();
    drop(node);
    graph.remove_all();
    let number = |sector: &[u8]| {
        let words: Vec<&[u8]> = sector.chunks(4).collect();
        assert!(words.iter().all(|word| word == &words[0]), "a sector has one number");
        u32::from_le_bytes(words[0].try_into().unwrap())
    };
    data.chunks(SECTOR_SIZE).map(number).collect()
}

/// The numbers that the disk has when the guest has written all numbers up to `last`.
fn numbers_up_to(last: u32) -> Vec<u32> {
    let mut numbers = vec![0; SECTORS as usize];
    for number in 1..=last {
        numbers[(number % SECTORS) as usize] = number;
    }
    numbers
}

/// The disk has all numbers up to the one in memory, or all but that one.
fn assert_disk_fits(folder: &Path, counter: u32) {
    let numbers = numbers_on_disk(folder);
    let fits = [counter, counter - 1].iter().any(|last| numbers == numbers_up_to(*last));
    assert!(fits, "{counter} in memory, and on disk {numbers:?}");
}

/// The program, with a client.
struct Machine<'a> {
    program: Child,
    stream: BufReader<UnixStream>,
    folder: &'a Path,
}

impl<'a> Machine<'a> {
    /// Starts a machine with a new disk, and lets the guest count beyond 20.
    fn counting(folder: &'a Path) -> Self {
        create_disk(folder);
        let mut machine = Self::start(folder);
        machine.execute("cont", json!({}));
        machine.wait_beyond(20);
        machine
    }

    fn start(folder: &'a Path) -> Self {
        let disk = folder.join("disk").display().to_string();
        let socket = folder.join("qmp.sock");
        let node = format!("qcow2,node-name=d0,file.driver=file,file.filename={disk}");
        let chardev = format!("socket,id=m,path={},server=on,wait=off", socket.display());
        let program = Command::new(env!("CARGO_BIN_EXE_machine"))
            .args(["--blockdev", &node, "--disk", "d0", "--chardev", &chardev, "--monitor", "m"])
            .spawn()
            .unwrap();
        let limit = Instant::now() + TIMEOUT;
        let stream = loop {
            match UnixStream::connect(&socket) {
                Ok(stream) => break stream,
                Err(error) => assert!(Instant::now() < limit, "no server: {error}"),
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        let mut machine = Self { program, stream: BufReader::new(stream), folder };
        assert!(machine.message()["QMP"].is_object());
        machine.execute("qmp_capabilities", json!({}));
        machine
    }

    fn message(&mut self) -> Value {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn execute(&mut self, command: &str, arguments: Value) -> Value {
        let request = json!({ "execute": command, "arguments": arguments }).to_string();
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        loop {
            let message = self.message();
            assert!(message.get("error").is_none(), "{command}: {message}");
            if let Some(value) = message.get("return") {
                return value.clone();
            }
        }
    }

    fn snapshot(&mut self, command: &str, tag: &str) {
        let arguments = json!({ "job-id": "j", "tag": tag, "vmstate": "d0", "devices": ["d0"] });
        self.execute(command, arguments);
        let jobs = self.execute("query-jobs", json!({}));
        assert_eq!((&jobs[0]["status"], &jobs[0]["error"]), (&json!("concluded"), &Value::Null));
        self.execute("job-dismiss", json!({ "id": "j" }));
    }

    fn ram(&mut self) -> Vec<u8> {
        let file = self.folder.join("ram");
        let (val, size) = RAM;
        self.execute("pmemsave", json!({ "val": val, "size": size, "filename": file }));
        std::fs::read(file).unwrap()
    }

    fn counter(&mut self) -> u32 {
        counter(&self.ram())
    }

    /// Waits until the guest has counted further than `number`.
    fn wait_beyond(&mut self, number: u32) {
        let limit = Instant::now() + TIMEOUT;
        while self.counter() <= number {
            assert!(Instant::now() < limit, "the guest does not count");
        }
    }

    fn quit(mut self) {
        self.execute("quit", json!({}));
        assert!(self.program.wait().unwrap().success());
    }
}

fn counter(ram: &[u8]) -> u32 {
    u32::from_le_bytes(ram[COUNTER..COUNTER + 4].try_into().unwrap())
}

#[test]
fn a_standing_machine_returns_to_its_memory_and_its_disk() {
    let folder = tempfile::tempdir().unwrap();
    let mut machine = Machine::counting(folder.path());
    machine.execute("stop", json!({}));
    let saved = machine.ram();
    machine.snapshot("snapshot-save", "one");
    machine.execute("cont", json!({}));
    machine.wait_beyond(counter(&saved) + 20);
    machine.execute("stop", json!({}));
    machine.snapshot("snapshot-load", "one");
    assert!(machine.ram() == saved, "the memory is not the one that was saved");
    machine.quit();
    assert_disk_fits(folder.path(), counter(&saved));
}

#[test]
fn a_running_machine_is_saved_at_one_instant_and_loaded_by_a_later_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut machine = Machine::counting(folder.path());
    machine.snapshot("snapshot-save", "one");
    let later = machine.counter();
    machine.wait_beyond(later + 20);
    machine.quit();

    let mut machine = Machine::start(folder.path());
    machine.snapshot("snapshot-load", "one");
    let saved = machine.counter();
    assert!(20 < saved && saved <= later, "{saved} is not between 20 and {later}");
    machine.quit();
    assert_disk_fits(folder.path(), saved);

    // The guest counts on from the snapshot.
    let mut machine = Machine::start(folder.path());
    machine.snapshot("snapshot-load", "one");
    machine.execute("cont", json!({}));
    machine.wait_beyond(saved);
    machine.execute("stop", json!({}));
    let now = machine.counter();
    machine.quit();
    assert_disk_fits(folder.path(), now);
}

#[test]
fn a_reset_restarts_the_guest() {
    let folder = tempfile::tempdir().unwrap();
    let mut machine = Machine::counting(folder.path());
    machine.execute("stop", json!({}));
    machine.execute("system_reset", json!({}));
    assert_eq!(machine.counter(), 0);
    let status = machine.execute("query-status", json!({}));
    assert_eq!(status, json!({ "running": false, "status": "prelaunch" }));
    machine.execute("cont", json!({}));
    machine.wait_beyond(0);
    machine.quit();
}
