//! Images that QEMU's tools make, with features that a daemon may not skip. Without these tools the
//! tests are skipped.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::daemon::{Client, Daemon, Format, copy, node};
use crate::support::images::MIB;

const OFFSET_OF_SIZE: u64 = 24;
const OFFSET_OF_FEATURES: u64 = 72;

/// Runs a program of QEMU in a folder. Returns its output, or `None` without the program.
fn peer(folder: &TempDir, program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(surroundings::peer(program)?);
    let output = command.args(arguments).current_dir(folder.path()).output().unwrap();
    Some(String::from_utf8(output.stdout).unwrap())
}

/// A folder with an image `image` of 4 MiB.
fn folder(options: &[&str]) -> Option<TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [&["create", "-q", "-f", "qcow2"], options, &["image", "4M"]].concat();
    peer(&folder, "qemu-img", &arguments)?;
    Some(folder)
}

fn set(path: &Path, offset: u64, number: u64) {
    let file = File::options().write(true).open(path).unwrap();
    file.write_all_at(&number.to_be_bytes(), offset).unwrap();
}

/// The bitmaps in an image, as `qemu-img info` shows them.
fn bitmaps(image: &Path) -> Value {
    let mut command = Command::new("qemu-img");
    let output = command.args(["info", "--output=json"]).arg(image).output().unwrap();
    let info: Value = serde_json::from_slice(&output.stdout).unwrap();
    info["format-specific"]["data"]["bitmaps"].clone()
}

fn quit(mut daemon: Daemon, client: &mut Client) {
    client.execute("quit", json!({}));
    assert!(daemon.ended().success());
}

#[test]
fn a_bitmap_stays_consistent_while_its_image_is_open() {
    let Some(folder) = folder(&[]) else { return };
    let add = ["bitmap", "--add", "--enable", "image", "bitmap0"];
    peer(&folder, "qemu-img", &add).unwrap();
    let before = bitmaps(&folder.path().join("image"));
    assert_eq!(before[0]["flags"], json!(["auto"]));
    let (daemon, mut client) = Daemon::with_nodes(folder, &[node(Format::Qcow2, "image", "")]);
    client.execute("blockdev-del", json!({"node-name": "image"}));
    assert_eq!(bitmaps(&daemon.path("image")), before);
    quit(daemon, &mut client);
}

#[test]
fn a_dirty_or_corrupt_image_opens_as_in_qemu() {
    let Some(folder) = folder(&["-o", "lazy_refcounts=on"]) else { return };
    let killed = ["-f", "qcow2", "-c", "write 0 64k", "-c", "flush", "-c", "sigraise 9", "image"];
    if peer(&folder, "qemu-io", &killed).is_none() {
        return;
    }
    let image = folder.path().join("image");
    let mut features = [0; 8];
    File::open(&image).unwrap().read_exact_at(&mut features, OFFSET_OF_FEATURES).unwrap();
    assert_eq!(u64::from_be_bytes(features), 1, "the image is not dirty");
    for name in ["dirty", "corrupt"] {
        fs::copy(&image, folder.path().join(name)).unwrap();
    }
    set(&folder.path().join("corrupt"), OFFSET_OF_FEATURES, 2);
    let nodes = [
        node(Format::Qcow2, "image", ",read-only=on"),
        node(Format::Qcow2, "dirty", ""),
        node(Format::Qcow2, "corrupt", ",read-only=on"),
    ];
    let (daemon, mut client) = Daemon::with_nodes(folder, &nodes);
    client.execute("blockdev-del", json!({"node-name": "corrupt"}));
    let file = json!({"driver": "file", "filename": daemon.path("corrupt")});
    let writable = json!({"driver": "qcow2", "node-name": "corrupt", "file": file});
    assert_eq!(
        client.refused("blockdev-add", writable),
        "qcow2: Image is corrupt; cannot be opened read/write"
    );
    client.execute("blockdev-del", json!({"node-name": "dirty"}));
    let mut repaired = [0; 8];
    let dirty = File::open(daemon.path("dirty")).unwrap();
    dirty.read_exact_at(&mut repaired, OFFSET_OF_FEATURES).unwrap();
    assert_eq!(u64::from_be_bytes(repaired), 0);
    quit(daemon, &mut client);
}

#[test]
fn nodes_show_snapshots_bitmaps_and_data_files() {
    let Some(folder) = folder(&[]) else { return };
    peer(&folder, "qemu-img", &["snapshot", "-c", "one", "image"]);
    peer(&folder, "qemu-img", &["bitmap", "--add", "image", "bitmap0"]);
    let path = folder.path().display();
    let options = format!("data_file={path}/data,data_file_raw=on");
    peer(&folder, "qemu-img", &["create", "-q", "-f", "qcow2", "-o", &options, "external", "1M"]);
    peer(&folder, "qemu-io", &["-f", "qcow2", "-c", "write 0 1M", "external"]);
    let nodes = ["image", "external"].map(|name| node(Format::Qcow2, name, ",read-only=on"));
    let (daemon, mut client) = Daemon::with_nodes(folder, &nodes);
    let shown = client.execute("query-named-block-nodes", json!({}));
    let find = |name: &str| {
        shown.as_array().unwrap().iter().find(|node| node["node-name"] == name).unwrap()
    };
    let image = &find("image")["image"];
    assert_eq!(image["snapshots"][0]["name"], "one");
    assert_eq!(find("image")["dirty-bitmaps"][0]["name"], "bitmap0");
    let external = &find("external")["image"];
    assert!(external["actual-size"].as_u64().unwrap() >= MIB, "{external}");
    let specific = &external["format-specific"]["data"];
    assert_eq!(
        specific["data-file"],
        format!("{}/data", daemon.path("").display()).replace("//", "/")
    );
    assert_eq!(specific["data-file-raw"], true);
    quit(daemon, &mut client);
}

#[test]
fn a_size_is_rounded_down_to_sectors() {
    let Some(folder) = folder(&[]) else { return };
    set(&folder.path().join("image"), OFFSET_OF_SIZE, 4 * MIB + 1);
    File::create(folder.path().join("target")).unwrap().set_len(4 * MIB).unwrap();
    let nodes = [node(Format::Qcow2, "image", ",read-only=on"), node(Format::Raw, "target", "")];
    let (daemon, mut client) = Daemon::with_nodes(folder, &nodes);
    client.execute("blockdev-backup", copy(json!({"device": "image", "auto-dismiss": false})));
    assert_eq!(client.wait_for_job("j0", "concluded")["error"], Value::Null);
    quit(daemon, &mut client);
}

#[test]
fn a_backing_file_is_named_by_json_in_single_quotes() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("base"), vec![5; MIB as usize]).unwrap();
    let name = "json:{'driver':'raw','file':{'driver':'file','filename':'$DIR/base'}}";
    let name = name.replace("$DIR", &folder.path().display().to_string());
    let create = ["create", "-q", "-f", "qcow2", "-u", "-F", "raw", "-b", &name, "image", "1M"];
    if peer(&folder, "qemu-img", &create).is_none() {
        return;
    }
    File::create(folder.path().join("target")).unwrap().set_len(MIB).unwrap();
    let nodes = [node(Format::Qcow2, "image", ",read-only=on"), node(Format::Raw, "target", "")];
    let (daemon, mut client) = Daemon::with_nodes(folder, &nodes);
    client.execute("blockdev-backup", copy(json!({"device": "image", "auto-dismiss": false})));
    assert_eq!(client.wait_for_job("j0", "concluded")["error"], Value::Null);
    assert!(fs::read(daemon.path("target")).unwrap().iter().all(|byte| *byte == 5));
    quit(daemon, &mut client);
}

#[test]
fn a_copy_bypasses_the_page_cache() {
    let folder = tempfile::tempdir().unwrap();
    let contents: Vec<u8> = (0..4 * MIB).map(|at| (at / 512 % 251) as u8).collect();
    fs::write(folder.path().join("source"), &contents).unwrap();
    File::create(folder.path().join("target")).unwrap().set_len(4 * MIB).unwrap();
    let direct = ",cache.direct=on";
    let nodes = ["source", "target"].map(|name| node(Format::Raw, name, direct));
    let (daemon, mut client) = Daemon::with_nodes(folder, &nodes);
    client.execute("blockdev-backup", copy(json!({"auto-dismiss": false})));
    assert_eq!(client.wait_for_job("j0", "concluded")["error"], Value::Null);
    assert!(fs::read(daemon.path("target")).unwrap() == contents);
    quit(daemon, &mut client);
}

#[test]
fn a_deeply_nested_description_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, mut client) = Daemon::with_nodes(folder, &[]);
    let nested = |driver: &str, child: &str| {
        (0..900).fold(
            json!({"driver": "null-co"}),
            |inner, _| json!({"driver": driver, child: inner}),
        )
    };
    for (driver, child) in [("blkdebug", "image"), ("raw", "file"), ("qcow2", "file")] {
        let options = nested(driver, child);
        let named = crate::support::daemon::merged(options.clone(), &json!({"node-name": "n"}));
        let error = client.refused("blockdev-add", named.clone());
        assert!(error.contains("nested"), "{error}");
        client.refused("blockdev-reopen", json!({"options": [named]}));
        let create = json!({"driver": "qcow2", "size": 0, "file": options});
        client.refused("blockdev-create", json!({"job-id": "j0", "options": create}));
    }
    quit(daemon, &mut client);
}
