//! QEMU's emulator: its firmware boots from an export over vhost-user, so that a guest's requests
//! pass through the queues. Skipped on a machine without the emulator.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;
use tempfile::TempDir;

use crate::support::daemon::{Daemon, wait_for};

const EMULATOR: &str = "qemu-system-x86_64";

const SECTOR: usize = 512;

/// A boot sector. It reads the second sector, writes the text in there to the debug console, and
/// copies the sector to the third one.
const BOOT: [u8; 38] = [
    0x31, 0xc0, // xor ax, ax
    0x8e, 0xd8, // mov ds, ax
    0x8e, 0xc0, // mov es, ax
    0xb8, 0x01, 0x02, // mov ax, 0x0201: read one sector
    0xb9, 0x02, 0x00, // mov cx, 2
    0xb6, 0x00, // mov dh, 0
    0xbb, 0x00, 0x7e, // mov bx, 0x7e00
    0xcd, 0x13, // int 0x13
    0xbe, 0x00, 0x7e, // mov si, 0x7e00
    0xac, // lodsb
    0xe6, 0xe9, // out 0xe9, al
    0x84, 0xc0, // test al, al
    0x75, 0xf9, // jnz to lodsb
    0xb8, 0x01, 0x03, // mov ax, 0x0301: write one sector
    0xb9, 0x03, 0x00, // mov cx, 3
    0xcd, 0x13, // int 0x13
    0xf4, // hlt
];

fn disk(text: &[u8]) -> Vec<u8> {
    let mut disk = vec![0; 1 << 20];
    disk[..BOOT.len()].copy_from_slice(&BOOT);
    disk[SECTOR - 2..SECTOR].copy_from_slice(&[0x55, 0xaa]);
    disk[SECTOR..SECTOR + text.len()].copy_from_slice(text);
    disk
}

/// A machine. It is killed when this is dropped.
struct Machine(Child);

impl Machine {
    fn boot(socket: &Path, console: &Path) -> Self {
        let mut command = Command::new(EMULATOR);
        command.args([
            "-machine",
            "q35,accel=tcg",
            "-m",
            "64",
            "-nodefaults",
            "-display",
            "none",
        ]);
        command.args(["-object", "memory-backend-memfd,id=mem,size=64M,share=on"]);
        command.args(["-numa", "node,memdev=mem"]);
        command.args(["-chardev", &format!("socket,id=c,path={}", socket.display())]);
        command.args(["-device", "vhost-user-blk-pci,chardev=c,bootindex=1"]);
        command.args(["-debugcon", &format!("file:{}", console.display())]);
        Machine(command.stdin(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_firmware_boots_from_an_export() {
    if Command::new(EMULATOR).arg("--version").output().is_err() {
        surroundings::skip(format!("{EMULATOR} is not installed"));
        return;
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("disk");
    let first = b"the first text";
    fs::write(&path, disk(first)).unwrap();
    let daemon = Daemon::start_in(
        folder,
        &[
            "--blockdev",
            "driver=file,node-name=disk,filename=$DIR/disk",
            "--export",
            "type=vhost-user-blk,id=e,node-name=disk,writable=on,addr.type=unix,addr.path=$DIR/v",
        ],
    );
    // The second machine connects when the first one is gone.
    for text in [&first[..], b"another text"] {
        fs::write(&path, disk(text)).unwrap();
        let console = daemon.path("console");
        let machine = Machine::boot(&daemon.path("v"), &console);
        wait_for("the text", || {
            fs::read(&console).is_ok_and(|shown| shown.starts_with(text)).then_some(())
        });
        wait_for("the copy", || {
            let copy = fs::read(&path).unwrap().split_off(2 * SECTOR);
            copy.starts_with(text).then_some(())
        });
        drop(machine);
    }
    let mut client = daemon.client();
    wait_for("the end of the connection", || {
        client.ask("block-export-del", json!({"id": "e"})).get("return").map(|_| ())
    });
}
