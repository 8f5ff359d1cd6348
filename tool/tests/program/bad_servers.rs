//! Servers that hang, close and talk nonsense: one clear line and the right status.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use serde_json::json;

use crate::qapi;
use crate::scripted::{GREETING, Scripted};

/// Writes `text`, and reads until the client closes.
fn send(mut stream: UnixStream, text: &[u8]) {
    let _ = stream.write_all(text);
    let _ = stream.read_to_end(&mut Vec::new());
}

#[test]
fn each_fault_has_one_line_and_its_status() {
    let lost_negotiation = format!("{GREETING}\n{{\"return\": {{}}, \"id\": 1}}\n");
    for (script, status, error) in [
        (Vec::new(), 4, "sends no greeting within the time limit: it may serve another client"),
        (b"{\"QMP\": ".to_vec(), 4, "sends no greeting within the time limit"),
        (b"hello\n".to_vec(), 3, "the server's message is unexpected: "),
        (b"[]\n".to_vec(), 3, "the server's message is unexpected: no greeting"),
        (
            b"{\"error\": {\"class\": \"GenericError\", \"desc\": \"too many clients\"}}"
                .to_vec(),
            3,
            "refuses the connection: too many clients",
        ),
        (lost_negotiation.into_bytes(), 4, "does not reply within the time limit"),
        (format!("{GREETING}\n[1, 2]\n").into_bytes(), 3, "neither a reply nor an event"),
        (vec![b'['; 2 << 20], 3, "the server's message is unexpected: "),
        // A string without an end, above the limit of 64 MiB.
        (
            [b"\"".as_slice(), &vec![b'a'; 65 << 20]].concat(),
            3,
            "the server's message is unexpected: ",
        ),
    ] {
        let length = script.len();
        let server = Scripted::raw(move |stream| send(stream, &script));
        // A long message needs time to arrive, and a silent server is to be noticed soon.
        let limit = if length > 1 << 20 { "60" } else { "0.3" };
        let ended = qapi(&["call", "--timeout", limit, &server.address(), "query-version"]);
        let line = ended.err.strip_suffix('\n').unwrap();
        assert!(line.contains(error), "{error}: {ended:?}");
        assert!(!line.contains('\n') && line.starts_with("qapi: "), "{line}");
        assert!(line.len() < 1000, "{} bytes", line.len());
        assert_eq!((ended.status, ended.out.as_str()), (status, ""), "{error}: {line}");
    }
}

#[test]
fn a_closed_connection_is_no_connection() {
    let server = Scripted::raw(drop);
    let ended = qapi(&["call", &server.address(), "query-version"]);
    assert_eq!(ended.status, 3);
    assert!(ended.err.ends_with(": the server closed the connection\n"), "{ended:?}");

    let server = Scripted::raw(|mut stream| {
        let _ = writeln!(stream, "{GREETING}\n{{\"return\": {{}}, \"id\": 1}}");
        let _ = stream.shutdown(Shutdown::Write);
    });
    let ended = qapi(&["call", &server.address(), "query-version"]);
    assert_eq!(ended.status, 3, "{ended:?}");
}

#[test]
fn text_of_a_server_cannot_change_the_terminal() {
    let server = Scripted::new(|_| {
        vec![json!({ "error": { "class": "GenericError", "desc": "a\u{1b}[2Jb\nc" } })]
    });
    let ended = qapi(&["call", &server.address(), "any"]);
    assert_eq!((ended.status, ended.err.as_str()), (1, "qapi: a [2Jb c\n"));
}
