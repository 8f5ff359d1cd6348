//! Each form of an address.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::qapi;
use crate::scripted::{GREETING, Scripted};
use crate::server::TestServer;

/// The reply of a server that has one, for each request of one client.
fn answer(mut stream: impl Read + Write, input: impl Read) {
    let _ = writeln!(stream, "{GREETING}");
    for request in serde_json::Deserializer::from_reader(input).into_iter::<Value>() {
        let Ok(request) = request else { return };
        let _ = writeln!(stream, "{}", json!({ "return": {}, "id": request["id"] }));
    }
}

#[test]
fn a_unix_socket_has_two_forms() {
    let server = TestServer::start();
    for address in [server.address(), format!("unix:{}", server.address())] {
        assert_eq!(qapi(&["call", &address, "disk-add", "name=a"]).status, 0);
    }
}

#[test]
fn a_server_may_listen_on_tcp() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let input = stream.try_clone().unwrap();
        answer(stream, input);
    });
    let ended = qapi(&["call", &format!("tcp:localhost:{port}"), "any"]);
    assert_eq!((ended.status, ended.out.as_str()), (0, "{}\n"), "{ended:?}");
    server.join().unwrap();
}

#[test]
fn a_server_may_be_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("server.sh");
    let ended = folder.path().join("ended");
    // A request ends with its brace. The end of the input ends the server.
    let text = format!(
        "echo '{GREETING}'\nread -r -d '}}'\necho '{{\"return\": {{}}, \"id\": 1}}'\n\
         read -r -d '}}'\necho '{{\"return\": [\"'\"$1\"'\"], \"id\": 2}}'\n\
         read -r -d '}}'\ntouch '{}'\n",
        ended.display()
    );
    std::fs::write(&script, text).unwrap();
    let address = format!("exec:bash '{}' 'a b'", script.display());
    let result = qapi(&["call", "--timeout", "20", &address, "any"]);
    assert_eq!((result.status, result.out.as_str()), (0, "[\"a b\"]\n"), "{result:?}");
    assert!(ended.exists(), "the server was not left the time to end");
}

#[test]
fn an_address_without_a_server_is_no_connection() {
    for (address, error) in [
        ("/no/such/socket", "cannot connect to /no/such/socket: "),
        ("tcp:127.0.0.1:1", "cannot connect to tcp:127.0.0.1:1: "),
        ("exec:/no/such/program", "cannot connect to exec:/no/such/program: "),
        ("exec:true", "exec:true: "),
    ] {
        let ended = qapi(&["call", address, "any"]);
        assert_eq!(ended.status, 3, "{ended:?}");
        assert!(ended.err.starts_with(&format!("qapi: {error}")), "{ended:?}");
        assert_eq!(ended.err.lines().count(), 1, "{ended:?}");
    }
}

#[test]
fn a_malformed_address_is_refused() {
    let ended = qapi(&["call", "udp:host:1", "any"]);
    assert_eq!(ended.status, 2);
    assert!(ended.err.contains("`udp:` is no kind of address"), "{ended:?}");
}

#[test]
fn an_agent_sends_no_greeting() {
    let agent = Scripted::raw(|mut stream| {
        // The reply to an earlier client, cut off by its end.
        let _ = stream.write_all(b"{\"return\": {\"a\": [");
        let mut input = Vec::new();
        let mut byte = [0];
        let mut seen = 0;
        while stream.read(&mut byte).is_ok_and(|length| length == 1) {
            if byte[0] == 0xff {
                input.clear();
                continue;
            }
            input.push(byte[0]);
            let Ok(request) = serde_json::from_slice::<Value>(&input) else { continue };
            input.clear();
            seen += 1;
            let reply = if seen == 1 {
                assert_eq!(request["execute"], "guest-sync-delimited");
                let _ = stream.write_all(b"\xff{\"return\": 0}\n\xff");
                json!({ "return": request["arguments"]["id"] })
            } else {
                json!({ "return": { "version": "1" } })
            };
            let _ = writeln!(stream, "{reply}");
        }
    });
    let ended = qapi(&["call", "--agent", &agent.address(), "guest-info"]);
    assert_eq!((ended.status, ended.out.as_str()), (0, "{\"version\":\"1\"}\n"), "{ended:?}");
}

/// Forwards like `ssh -L`, to a socket of the same host, and writes its arguments and its process
/// id to the file `ran` beside itself.
const FORWARDER: &str = r#"#!/usr/bin/env python3
import os, pathlib, socket, sys, threading

pathlib.Path(__file__).with_name("ran").write_text(f"{os.getpid()} {' '.join(sys.argv[1:])}")
local, remote = sys.argv[sys.argv.index("-L") + 1].split(":")
listener = socket.socket(socket.AF_UNIX)
listener.bind(local)
listener.listen()


def copy(source, target):
    while data := source.recv(65536):
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)


while True:
    near, _ = listener.accept()
    far = socket.socket(socket.AF_UNIX)
    far.connect(remote)
    threading.Thread(target=copy, args=(near, far), daemon=True).start()
    threading.Thread(target=copy, args=(far, near), daemon=True).start()
"#;

#[test]
fn a_socket_of_another_host_is_forwarded_by_ssh() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let ssh = folder.path().join("ssh");
    std::fs::write(&ssh, FORWARDER).unwrap();
    std::fs::set_permissions(&ssh, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new(env!("CARGO_BIN_EXE_qapi"))
        .args(["call", &format!("ssh:me@host:{}", server.address()), "disk-add", "name=a"])
        .env("PATH", format!("{}:{path}", folder.path().display()))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "{\"name\":\"a\"}\n", "{output:?}");

    let ran = std::fs::read_to_string(folder.path().join("ran")).unwrap();
    let (pid, arguments) = ran.split_once(' ').unwrap();
    assert!(arguments.starts_with("-N -o ExitOnForwardFailure=yes -L "), "{arguments}");
    assert!(arguments.ends_with(&format!(":{} -- me@host", server.address())), "{arguments}");
    assert!(!Path::new("/proc").join(pid).exists(), "the forwarder still runs");
    let socket = arguments.split([' ', ':']).find(|word| word.ends_with("/socket")).unwrap();
    assert!(!Path::new(socket).exists(), "{socket} still exists");
}
