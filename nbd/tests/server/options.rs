//! The handshake.

use std::time::Duration;

use nbd::{Export, ServerOptions};

use crate::client::{Running, info, meta};
use crate::disk::{Halves, Memory};

fn running() -> Running {
    let running = Running::new(ServerOptions::default());
    let disk = Export::new("disk", Memory::new()).expect("a short name").writable(true);
    let disk = disk.description("the disk").expect("a short text");
    let disk = disk.allocation_depth(true).bitmap("b", std::sync::Arc::new(Halves));
    running.server.add(disk).expect("the name is free");
    let other = Export::new("", Memory::new()).expect("a short name");
    running.server.add(other).expect("the name is free");
    running
}

fn text(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// The type of an error reply.
const fn err(number: u32) -> u32 {
    (1 << 31) + number
}

#[test]
fn options_are_refused_with_the_texts_of_qemu() {
    let running = running();
    let mut client = running.client();
    let long = [0, 0, 0x13, 0x88];
    let table: [(u32, Vec<u8>, u32, &str); 13] = [
        (3, text("x"), err(3), "option 'list' has unexpected length"),
        (5, text(""), err(2), "TLS not configured"),
        (5, text("x"), err(3), "option 'starttls' has unexpected length"),
        (99, text("x"), err(1), "Unsupported option 99 (<unknown>)"),
        (6, info("nope", &[]), err(6), "export 'nope' not present"),
        (6, text(""), err(3), "Inconsistent lengths in option info"),
        (6, vec![0, 0, 0, 255], err(3), "Inconsistent lengths in option info"),
        (7, vec![0, 0, 0, 1, b'e', 0, 1], err(3), "Inconsistent lengths in option go"),
        (7, long.to_vec(), err(3), "Invalid name length: 5000"),
        (8, text("x"), err(3), "option 'structured reply' has unexpected length"),
        (
            10,
            meta("disk", &["base:allocation"]),
            err(3),
            "request option 'set meta context' when structured reply is not negotiated",
        ),
        (9, meta("nope", &[]), err(6), "export 'nope' not present"),
        (9, vec![0; 100_000], err(9), "option 'list meta context' has 100000 bytes"),
    ];
    for (option, data, number, expected) in table {
        assert_eq!(client.option(option, &data), [(number, text(expected))], "option {option}");
    }
    for (option, number) in [(8, 1), (8, err(3)), (11, 1), (11, err(3)), (8, err(10))] {
        let replies = client.option(option, &[]);
        assert_eq!(replies.len(), 1);
        assert_eq!(replies[0].0, number, "option {option}");
    }
}

#[test]
fn exports_are_listed_and_described() {
    let running = running();
    let mut client = running.client();
    let listed = client.option(3, &[]);
    let expected = [(2, text("\0\0\0\x04diskthe disk")), (2, text("\0\0\0\0")), (1, Vec::new())];
    assert_eq!(listed, expected);
    let size = (4_u64 << 20).to_be_bytes();
    let sizes = (3, vec![0, 3, 0, 0, 0, 1, 0, 0, 0x10, 0, 2, 0, 0, 0]);
    for (form, writable, read_only) in [(None, 3437, 1295), (Some(8), 3565, 1423)] {
        if let Some(form) = form {
            client.option(form, &[]);
        }
        let properties = |flags: u16| {
            let properties = [&[0, 0], &size[..], &flags.to_be_bytes()].concat();
            (3, properties)
        };
        let description = (3, text("\0\x02the disk"));
        let name = (3, text("\0\x01disk"));
        assert_eq!(
            client.option(6, &info("disk", &[0, 1, 2, 3, 77])),
            [name, description, sizes.clone(), properties(writable), (1, Vec::new())]
        );
        assert_eq!(
            client.option(6, &info("", &[])),
            [sizes.clone(), properties(read_only), (1, Vec::new())]
        );
    }
    assert_eq!(client.option(2, &[]), [(1, Vec::new())]);
    assert!(client.is_closed());
}

#[test]
fn contexts_are_listed_by_prefix_and_chosen_by_name() {
    let running = running();
    let mut client = running.client();
    client.option(8, &[]);
    let all = ["base:allocation", "qemu:allocation-depth", "qemu:dirty-bitmap:b"];
    let table: [(u32, &[&str], &[&str]); 8] = [
        (9, &[], &all),
        (9, &["qemu:"], &all[1..]),
        (9, &["base:", "qemu:dirty-bitmap:", "x:"], &[all[0], all[2]]),
        (9, &["base:alloc"], &[]),
        (10, &[], &[]),
        (10, &["qemu:"], &[]),
        (10, &[all[2], all[0], "base:none"], &[all[0], all[2]]),
        (10, &all, &all),
    ];
    for (option, queries, expected) in table {
        let mut replies = client.option(option, &meta("disk", queries));
        assert_eq!(replies.pop(), Some((1, Vec::new())));
        let names: Vec<_> = replies
            .iter()
            .map(|(_, data)| String::from_utf8_lossy(&data[4..]).into_owned())
            .collect();
        assert_eq!(names, expected, "{queries:?}");
        for (name, (_, data)) in names.iter().zip(&replies) {
            let number = all.iter().position(|known| known == name).expect("it is known") as u8;
            assert_eq!(data[..4], [0, 0, 0, if option == 10 { number } else { 0 }]);
        }
    }
}

#[test]
fn an_old_client_chooses_an_export_by_its_name() {
    let running = running();
    for (flags, zeroes) in [(1_u32, 124), (3, 0)] {
        let mut client = running.connect();
        client.bytes(18);
        client.send(&flags.to_be_bytes());
        client.send(b"IHAVEOPT\0\0\0\x01\0\0\0\x04disk");
        let mut expected = (4_u64 << 20).to_be_bytes().to_vec();
        expected.extend_from_slice(&3437_u16.to_be_bytes());
        expected.resize(expected.len() + zeroes, 0);
        assert_eq!(client.bytes(expected.len()), expected);
    }
}

#[test]
fn a_client_that_violates_the_protocol_is_disconnected() {
    let running = running();
    let table: [(u32, &[u8]); 6] = [
        (0, b""),
        (2, b""),
        (7, b""),
        (3, b"GET / HTTP/1.1\r\n"),
        (3, b"IHAVEOPT\0\0\0\x01\0\0\0\x04nope"),
        (3, b"IHAVEOPT\0\0\0\x63\x7f\0\0\0"),
    ];
    for (flags, bytes) in table {
        let mut client = running.connect();
        client.bytes(18);
        client.send(&flags.to_be_bytes());
        client.send(bytes);
        assert!(client.is_closed(), "flags {flags}, {bytes:?}");
    }
}

#[test]
fn a_silent_client_is_disconnected() {
    let mut options = ServerOptions::default();
    options.handshake_timeout = Some(Duration::from_millis(1));
    let running = Running::new(options);
    let mut client = running.connect();
    // The greeting may come, but nothing else does.
    while !client.is_closed() {}
}
