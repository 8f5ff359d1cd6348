//! Character devices.

use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::process::Command;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};
use serde_json::{Value, json};

use crate::support::daemon::{Client, Daemon, wait_for};

fn add(client: &mut Client, id: &str, kind: &str, data: Value) -> Value {
    client.ask("chardev-add", json!({"id": id, "backend": {"type": kind, "data": data}}))
}

/// What `query-chardev` shows of a device.
fn info(client: &mut Client, id: &str) -> Value {
    let chardevs = client.execute("query-chardev", json!({}));
    let mut chardevs = chardevs.as_array().unwrap().iter();
    chardevs.find(|chardev| chardev["label"] == id).cloned().unwrap_or_default()
}

fn filename(client: &mut Client, id: &str) -> String {
    info(client, id)["filename"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_device_with_a_monitor_is_shown_and_busy() {
    let second = "socket,id=second,path=$DIR/second,server=on,wait=off";
    let daemon = Daemon::start(&["--chardev", second, "--monitor", "second"]);
    let mut client = daemon.client();
    let path = |name: &str| format!("unix:{},server=on", daemon.path(name).display());
    let qmp = json!({"label": "qmp", "filename": path("qmp.sock"), "frontend-open": true});
    assert_eq!(info(&mut client, "qmp"), qmp);
    assert_eq!(filename(&mut client, "second"), format!("disconnected:{}", path("second")));
    let other = Client::connect(&daemon.path("second"));
    assert_eq!(filename(&mut client, "second"), path("second"));
    drop(other);
    wait_for("the client to be gone", || {
        filename(&mut client, "second").starts_with("disconnected").then_some(())
    });
    let backend = json!({"type": "null", "data": {}});
    let table = [
        ("chardev-remove", json!({"id": "second"}), "Chardev 'second' is busy"),
        (
            "chardev-change",
            json!({"id": "second", "backend": backend}),
            "Chardev user does not support chardev hotswap",
        ),
        (
            "chardev-add",
            json!({"id": "second", "backend": backend}),
            "Chardev with id 'second' already exists",
        ),
    ];
    for (command, arguments, expected) in table {
        assert_eq!(client.refused(command, arguments), expected);
    }
    Client::connect(&daemon.path("second"));
}

#[test]
fn devices_of_the_command_line_are_used_without_a_monitor() {
    let daemon = Daemon::start(&[
        "--chardev",
        "ringbuf,id=ring,size=4",
        "--chardev",
        "file,id=log,path=$DIR/log",
        "--chardev",
        "socket,id=idle,path=$DIR/idle,server=on,wait=off",
    ]);
    let mut client = daemon.client();
    client.execute("ringbuf-write", json!({"device": "ring", "data": "abcdef"}));
    let read = client.execute("ringbuf-read", json!({"device": "ring", "size": 9}));
    assert_eq!(read, "cdef");
    assert!(daemon.path("log").exists());
    assert!(daemon.path("idle").exists());
    client.execute("chardev-remove", json!({"id": "idle"}));
    assert!(!daemon.path("idle").exists());
}

#[test]
fn a_reply_has_a_part_of_a_large_ring_buffer() {
    let daemon = Daemon::start(&["--chardev", "ringbuf,id=ring,size=4M"]);
    let mut client = daemon.client();
    // Each byte has an escape sequence in the reply.
    let data = "\u{1}".repeat(3 << 20);
    client.execute("ringbuf-write", json!({"device": "ring", "data": data}));
    for expected in [2 << 20, 1 << 20, 0] {
        let read = client.execute("ringbuf-read", json!({"device": "ring", "size": 4 << 20}));
        assert_eq!(read.as_str().map(str::len), Some(expected));
    }
}

#[test]
fn sockets_of_the_command_line_accept_a_client_without_a_monitor() {
    let daemon = Daemon::start(&[
        "--chardev",
        "socket,id=unix,path=$DIR/unix,server=on,wait=off",
        "--chardev",
        "socket,id=tcp,host=127.0.0.1,port=0,ipv4=on,server=on,wait=off",
        "--chardev",
        "socket,id=out,path=$DIR/unix",
    ]);
    let mut client = daemon.client();
    let unix = format!("unix:{}", daemon.path("unix").display());
    assert_eq!(filename(&mut client, "out"), unix);
    wait_for("the connection", || {
        (filename(&mut client, "unix") == format!("{unix},server=on")).then_some(())
    });
    let idle = filename(&mut client, "tcp");
    let address = idle.strip_prefix("disconnected:tcp:").and_then(|rest| rest.split_once(','));
    let stream = TcpStream::connect(address.unwrap().0).unwrap();
    let expected = format!(
        "tcp:{},server=on <-> {}",
        stream.peer_addr().unwrap(),
        stream.local_addr().unwrap()
    );
    wait_for("the client", || (filename(&mut client, "tcp") == expected).then_some(()));
}

#[test]
fn a_monitor_over_tcp_is_shown_with_its_client() {
    let daemon = Daemon::start(&[
        "--chardev",
        "socket,id=tcp,host=127.0.0.1,port=0,ipv4=on,server=on,wait=off",
        "--monitor",
        "tcp",
    ]);
    let mut client = daemon.client();
    let idle = filename(&mut client, "tcp");
    let address = idle.strip_prefix("disconnected:tcp:").and_then(|rest| rest.split_once(','));
    let first = TcpStream::connect(address.unwrap().0).unwrap();
    let shown = |stream: &TcpStream| {
        let (remote, local) = (stream.peer_addr().unwrap(), stream.local_addr().unwrap());
        format!("tcp:{remote},server=on <-> {local}")
    };
    let expected = shown(&first);
    wait_for("the client", || (filename(&mut client, "tcp") == expected).then_some(()));
    // A second client is shown when the first one is gone.
    let second = TcpStream::connect(address.unwrap().0).unwrap();
    drop(first);
    let expected = shown(&second);
    wait_for("the other client", || (filename(&mut client, "tcp") == expected).then_some(()));
    drop(second);
    wait_for("the end", || (filename(&mut client, "tcp") == idle).then_some(()));
}

#[test]
fn a_monitor_needs_a_device_with_clients() {
    let mut daemon = Daemon::start(&["--chardev", "null,id=n", "--monitor", "n"]);
    assert!(!daemon.ended().success());
}

#[test]
fn a_socket_accepts_one_client_after_the_other() {
    let daemon = Daemon::start(&[]);
    let mut client = daemon.client();
    let path = daemon.path("s").display().to_string();
    let addr = json!({"type": "unix", "data": {"path": path}});
    add(&mut client, "s", "socket", json!({"addr": addr}));
    let connected = |client: &mut Client, id: &str| {
        let property = json!({"path": format!("/chardevs/{id}"), "property": "connected"});
        client.execute("qom-get", property) == true
    };
    let first = UnixStream::connect(&path).unwrap();
    wait_for("the first client", || connected(&mut client, "s").then_some(()));
    let second = UnixStream::connect(&path).unwrap();
    drop(first);
    // The second client waits in the queue until the first one is gone.
    wait_for("the second client", || connected(&mut client, "s").then_some(()));
    drop(second);
    wait_for("the end", || (!connected(&mut client, "s")).then_some(()));

    let addr = json!({"type": "inet", "data": {"host": "127.0.0.1", "port": "0"}});
    add(&mut client, "t", "socket", json!({"addr": addr}));
    let property = json!({"path": "t", "property": "addr"});
    let port = client.execute("qom-get", property)["port"].as_str().unwrap().to_owned();
    let address = format!("127.0.0.1:{port}");
    assert_eq!(filename(&mut client, "t"), format!("disconnected:tcp:{address},server=on"));
    let stream = TcpStream::connect(&address).unwrap();
    let expected = format!("tcp:{address},server=on <-> {}", stream.local_addr().unwrap());
    wait_for("the client", || (filename(&mut client, "t") == expected).then_some(()));
}

#[test]
fn a_client_connects_again() {
    let daemon = Daemon::start(&[]);
    let mut client = daemon.client();
    let path = daemon.path("s").display().to_string();
    let addr = json!({"type": "unix", "data": {"path": path}});
    let options = json!({"addr": addr, "server": false, "reconnect-ms": 1});
    assert_eq!(add(&mut client, "c", "socket", options), json!({"return": {}}));
    let is = |client: &mut Client, expected: &str| {
        wait_for(expected, || (filename(client, "c") == expected).then_some(()));
    };
    for _ in 0..2 {
        is(&mut client, &format!("disconnected:unix:{path}"));
        add(&mut client, "s", "socket", json!({"addr": addr}));
        is(&mut client, &format!("unix:{path}"));
        client.execute("chardev-remove", json!({"id": "s"}));
    }
}

#[test]
fn a_file_without_a_reader_blocks_no_client() {
    let daemon = Daemon::start(&[]);
    let mut client = daemon.client();
    let fifo = daemon.path("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let reply = add(&mut client, "f", "file", json!({"out": fifo}));
    let text = reply["error"]["desc"].as_str().unwrap();
    let expected = format!("Could not open '{}': No such device or address", fifo.display());
    assert_eq!(text, format!("Failed to add chardev 'f': {expected}"));
    let reply = client.ask("object-add", json!({"qom-type": "secret", "id": "s", "file": fifo}));
    assert_eq!(reply, json!({"return": {}}));
}

#[test]
fn a_pseudo_terminal_has_a_link_while_it_exists() {
    let daemon = Daemon::start(&[]);
    let mut client = daemon.client();
    let link = daemon.path("link");
    let reply = add(&mut client, "t", "pty", json!({"path": link}));
    let terminal = reply["return"]["pty"].as_str().unwrap().to_owned();
    assert_eq!(std::fs::read_link(&link).unwrap().to_str(), Some(&*terminal));
    assert_eq!(filename(&mut client, "t"), format!("pty:{terminal}"));
    client.execute("chardev-remove", json!({"id": "t"}));
    assert!(std::fs::symlink_metadata(&link).is_err());
}

#[test]
fn ring_buffers_and_devices_have_limits() {
    let daemon = Daemon::start(&[]);
    let mut client = daemon.client();
    let refused = |client: &mut Client, size: i64| {
        let reply = add(client, "r", "ringbuf", json!({"size": size}));
        reply["error"]["desc"].as_str().unwrap_or_default().to_owned()
    };
    let power = "Failed to add chardev 'r': size of ringbuf chardev must be power of two";
    let total =
        "Failed to add chardev 'r': all ringbuf chardevs together have at most 67108864 bytes";
    for (size, expected) in
        [(3, power), (0, power), (-4, power), (1 << 27, total), (1 << 62, total)]
    {
        assert_eq!(refused(&mut client, size), expected, "{size}");
    }
    assert_eq!(
        add(&mut client, "large", "ringbuf", json!({"size": 1 << 26}))["return"],
        json!({})
    );
    assert_eq!(refused(&mut client, 1), total);
    client.execute("chardev-remove", json!({"id": "large"}));
    assert_eq!(add(&mut client, "r", "ringbuf", json!({"size": 1}))["return"], json!({}));
    // One device is the monitor's.
    for number in 2..1024 {
        let reply = add(&mut client, &format!("n{number}"), "null", json!({}));
        assert_eq!(reply, json!({"return": {}}), "{number}");
    }
    let reply = add(&mut client, "more", "null", json!({}));
    let text = "Failed to add chardev 'more': at most 1024 chardevs can exist";
    assert_eq!(reply["error"]["desc"], text);
}

#[test]
fn a_path_of_any_length_is_not_found() {
    let daemon = Daemon::start(&[]);
    let mut client = daemon.client();
    for path in ["/".repeat(1 << 20) + "x", "x/".repeat(1 << 20), "/objects".repeat(1 << 16)] {
        for (command, property) in [("qom-list", None), ("qom-get", Some("type"))] {
            let mut arguments = json!({"path": path});
            if let Some(property) = property {
                arguments["property"] = property.into();
            }
            let reply = client.ask(command, arguments);
            assert_eq!(reply["error"]["class"], "DeviceNotFound", "{command}");
        }
    }
}

#[test]
fn a_changed_socket_keeps_its_port() {
    let daemon = Daemon::start(&[]);
    let mut client = daemon.client();
    let addr = json!({"type": "inet", "data": {"host": "127.0.0.1", "port": "0"}});
    add(&mut client, "s", "socket", json!({"addr": addr}));
    let bound = client.execute("qom-get", json!({"path": "s", "property": "addr"}));
    let addr =
        json!({"type": "inet", "data": {"host": "127.0.0.1", "port": bound["port"].clone()}});
    for _ in 0..20 {
        let backend = json!({"type": "socket", "data": {"addr": addr}});
        client.execute("chardev-change", json!({"id": "s", "backend": backend}));
    }
}

#[test]
fn sockets_that_accept_nothing_block_no_client() {
    const DEVICES: usize = 600;
    let daemon = Daemon::start(&[]);
    let mut client = daemon.client();
    let path = daemon.path("full").display().to_string();
    let full = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
    rustix::net::bind(&full, &SocketAddrUnix::new(&path).unwrap()).unwrap();
    rustix::net::listen(&full, 0).unwrap();
    let _waiting = UnixStream::connect(&path).unwrap();
    let addr = json!({"type": "unix", "data": {"path": path}});
    let options = json!({"addr": addr, "server": false, "reconnect-ms": 1});
    for number in 0..DEVICES {
        let reply = add(&mut client, &format!("c{number}"), "socket", options.clone());
        assert_eq!(reply, json!({"return": {}}), "{number}");
    }
    let reply = add(&mut client, "once", "socket", json!({"addr": addr, "server": false}));
    let text = reply["error"]["desc"].as_str().unwrap();
    assert!(text.ends_with("Resource temporarily unavailable"), "{text}");
    // A socket with a program behind it is not removed.
    let reply = add(&mut client, "server", "socket", json!({"addr": addr}));
    let text = reply["error"]["desc"].as_str().unwrap();
    assert!(text.ends_with("Address already in use"), "{text}");
}

#[test]
fn a_device_that_is_refused_changes_no_file() {
    let daemon = Daemon::start(&[]);
    let mut client = daemon.client();
    let output = daemon.path("output");
    std::fs::write(&output, "text").unwrap();
    let nowhere = daemon.path("no/file");
    for options in
        [json!({"out": output, "logfile": nowhere}), json!({"out": output, "in": nowhere})]
    {
        let reply = add(&mut client, "f", "file", options);
        assert!(reply["error"]["desc"].as_str().unwrap().ends_with("No such file or directory"));
        assert_eq!(std::fs::read(&output).unwrap(), b"text");
    }
    let addr = json!({"type": "unix", "data": {"path": ""}});
    let reply = add(&mut client, "s", "socket", json!({"addr": addr}));
    let expected = "Failed to add chardev 's': UNIX socket path must not be empty";
    assert_eq!(reply["error"]["desc"], expected);
}
