//! Each form of an address.

use std::io::{Read, Write};
use std::net::TcpListener;

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
    let address = format!("exec:bash {} 'a b'", script.display());
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
