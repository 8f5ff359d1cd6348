//! `qapi events`.

use std::io::{Read, Write};

use serde_json::{Value, json};

use crate::qapi;
use crate::scripted::{GREETING, Scripted, event};

/// A server that sends three events after the negotiation, and then closes or waits.
fn server(closes: bool) -> Scripted {
    Scripted::raw(move |mut stream| {
        let events: String = ["A_ONE", "B_TWO", "A_THREE"]
            .map(|name| format!("{}\n", event(name, json!({ "of": name }))))
            .concat();
        let reply = json!({ "return": {}, "id": 1 });
        let _ = write!(stream, "{GREETING}\n{reply}\n{events}");
        if !closes {
            let _ = stream.read_to_end(&mut Vec::new());
        } else {
            // The client sends its negotiation first, so that it does not find a closed socket.
            let _ = stream.read(&mut [0; 256]);
        }
    })
}

fn names(out: &str) -> Vec<String> {
    let event = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    out.lines().map(|line| event(line)["event"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn events_are_selected_and_counted() {
    let server = server(false);
    for (options, expected) in [
        (&["--count", "3"][..], &["A_ONE", "B_TWO", "A_THREE"][..]),
        (&["--count", "2", "--name", "A_*"], &["A_ONE", "A_THREE"]),
        (&["--count", "1", "--name", "C*", "--name", "B_TWO"], &["B_TWO"]),
        (&["--count", "0"], &[]),
    ] {
        let address = server.address();
        let all: Vec<&str> = ["events", &address].into_iter().chain(options.to_vec()).collect();
        let ended = qapi(&all);
        assert_eq!((ended.status, ended.err.as_str()), (0, ""), "{options:?}");
        assert_eq!(names(&ended.out), expected, "{options:?}");
    }
}

#[test]
fn an_event_is_printed_as_it_was_sent() {
    let ended = qapi(&["events", &server(false).address(), "--count", "1", "--json-seq"]);
    let event = event("A_ONE", json!({ "of": "A_ONE" }));
    assert_eq!(ended.out, format!("\u{1e}{event}\n"));
}

#[test]
fn the_end_has_a_status() {
    for (closes, options, status) in [
        (true, &[][..], 3),
        (true, &["--count", "4"], 3),
        (false, &["--timeout", "0.3"], 0),
        (false, &["--timeout", "0.3", "--count", "4"], 4),
    ] {
        let address = server(closes);
        let address = address.address();
        let all: Vec<&str> = ["events", &address].into_iter().chain(options.to_vec()).collect();
        let ended = qapi(&all);
        assert_eq!(ended.status, status, "{options:?}: {ended:?}");
        assert_eq!(names(&ended.out).len(), 3, "{options:?}");
    }
}
