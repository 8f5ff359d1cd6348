//! Exports, used by the clients of libnbd and by fio.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use surroundings::peer;

use crate::support::certificates::{Authority, Role};
use crate::support::daemon::{Daemon, wait_for};

/// The size of the exported disk in bytes.
const SIZE: usize = 8 << 20;

/// A daemon that exports a raw image. `server` continues the options of the server, and `objects`
/// are the options of an object.
fn serve(folder: tempfile::TempDir, objects: &[&str], server: &str) -> Daemon {
    fs::write(folder.path().join("disk"), contents()).unwrap();
    let server = format!("addr.type=unix,addr.path=$DIR/nbd{server}");
    let mut arguments = objects.to_vec();
    arguments
        .extend(["--blockdev", "raw,node-name=disk,file.driver=file,file.filename=$DIR/disk"]);
    arguments.extend(["--nbd-server", &server]);
    arguments.extend(["--export", "nbd,id=disk,node-name=disk,writable=on,description=the disk"]);
    let daemon = Daemon::start_in(folder, &arguments);
    wait_for("the server to listen", || daemon.path("nbd").exists().then_some(()));
    daemon
}

/// Bytes that differ from place to place.
fn contents() -> Vec<u8> {
    (0..SIZE).map(|at| (at * 31 + at / 4096) as u8).collect()
}

/// The path of a file of the daemon as a part of a URI, which permits no spaces.
fn in_uri(daemon: &Daemon, name: &str) -> String {
    daemon.path(name).display().to_string().replace(' ', "%20")
}

fn uri(daemon: &Daemon) -> String {
    format!("nbd+unix:///disk?socket={}", in_uri(daemon, "nbd"))
}

/// Runs a client, which has to succeed.
fn run(program: &Path, arguments: &[&str]) -> Output {
    // The module of nbdsh belongs to the Python of the system.
    let output = Command::new(program).args(arguments).env("PATH", "/usr/bin:/bin").output();
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

#[test]
fn nbdinfo_shows_the_export() {
    let Some(program) = peer("nbdinfo") else { return };
    let daemon = serve(tempfile::tempdir().unwrap(), &[], "");
    let output = run(&program, &["--json", &uri(&daemon)]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let export = &report["exports"][0];
    assert_eq!(export["export-size"], SIZE);
    assert_eq!(export["description"], "the disk");
    assert_eq!(export["contexts"], serde_json::json!(["base:allocation"]));
    for (flag, expected) in [
        ("is_read_only", false),
        ("can_flush", true),
        ("can_fua", true),
        ("can_trim", true),
        ("can_zero", true),
        ("can_multi_conn", true),
        ("can_df", true),
    ] {
        assert_eq!(export[flag], expected, "{flag}");
    }
}

#[test]
fn nbdcopy_reads_and_writes_the_disk() {
    let Some(program) = peer("nbdcopy") else { return };
    let daemon = serve(tempfile::tempdir().unwrap(), &[], "");
    let (source, target) = (daemon.path("source"), daemon.path("target"));
    let reversed: Vec<u8> = contents().into_iter().rev().collect();
    fs::write(&source, &reversed).unwrap();
    run(&program, &[&uri(&daemon), target.to_str().unwrap()]);
    assert!(fs::read(&target).unwrap() == contents(), "the copy differs");
    run(&program, &["--flush", source.to_str().unwrap(), &uri(&daemon)]);
    assert!(fs::read(daemon.path("disk")).unwrap() == reversed, "the disk differs");
}

#[test]
fn nbdsh_has_several_requests_in_flight() {
    let Some(program) = peer("nbdsh") else { return };
    let daemon = serve(tempfile::tempdir().unwrap(), &[], "");
    let script = "\
buffers = [nbd.Buffer(65536) for _ in range(64)]
cookies = [h.aio_pread(buffer, n * 65536) for n, buffer in enumerate(buffers)]
while h.aio_in_flight() > 0:
    h.poll(-1)
assert all(h.aio_command_completed(cookie) for cookie in cookies)
h.zero(4096, 0)
h.trim(4096, 8192)
assert h.pread(4096, 0) == bytearray(4096)
try:
    h.set_strict_mode(0)
    h.pread(1, h.get_size())
    raise SystemExit('a read past the end')
except nbd.Error as error:
    assert error.errno == 'EINVAL', error.errno
import sys
for buffer in buffers:
    sys.stdout.buffer.write(buffer.to_bytearray())
";
    let output = run(&program, &["-u", &uri(&daemon), "-c", script]);
    assert!(output.stdout == contents()[..4 << 20], "the data differ");
}

#[test]
fn fio_verifies_what_it_wrote() {
    let Some(program) = peer("fio") else { return };
    let daemon = serve(tempfile::tempdir().unwrap(), &[], "");
    let uri = format!("--uri={}", uri(&daemon));
    let size = format!("--size={SIZE}");
    run(
        &program,
        &[
            "--name=verify",
            "--ioengine=nbd",
            "--rw=randwrite",
            "--bsrange=512-64k",
            "--iodepth=32",
            "--verify=crc32c",
            "--verify_fatal=1",
            // It would be a file in the current folder.
            "--verify_state_save=0",
            &uri,
            &size,
        ],
    );
}

#[test]
fn libnbd_connects_with_tls() {
    let Some(program) = peer("nbdinfo") else { return };
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    authority.write(&folder.path().join("server"), Role::Server, |_| {});
    authority.write(&folder.path().join("client"), Role::Client, |_| {});
    let credentials = "tls-creds-x509,id=tls,dir=$DIR/server,endpoint=server";
    let daemon = serve(folder, &["--object", credentials], ",tls-creds=tls");
    let uri = format!(
        "nbds+unix://localhost/disk?socket={}&tls-certificates={}",
        in_uri(&daemon, "nbd"),
        in_uri(&daemon, "client")
    );
    let output = run(&program, &["--size", &uri]);
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), SIZE.to_string());
}
