//! Requests and replies.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use nbd::{Export, ServerOptions};

use crate::client::{Form, Reply, Running, error};
use crate::disk::{Halves, MIB, Memory};

const READ: u16 = 0;
const WRITE: u16 = 1;
const FLUSH: u16 = 3;
const TRIM: u16 = 4;
const CACHE: u16 = 5;
const ZEROES: u16 = 6;
const STATUS: u16 = 7;
const FUA: u16 = 1;
const DF: u16 = 4;

fn running() -> (Running, Arc<Memory>) {
    let (running, disk) = (Running::new(ServerOptions::default()), Memory::new());
    let export = Export::new("disk", Arc::clone(&disk) as _).expect("a short name");
    let export = export.writable(true).allocation_depth(true).bitmap("b", Arc::new(Halves));
    running.server.add(export).expect("the name is free");
    let export = Export::new("ro", Memory::new()).expect("a short name");
    running.server.add(export).expect("the name is free");
    (running, disk)
}

fn done() -> Vec<Reply> {
    vec![Reply::Simple(0, Vec::new())]
}

#[test]
fn data_are_written_and_read_in_all_forms() {
    let (running, disk) = running();
    for form in [Form::Simple, Form::Structured, Form::Extended] {
        let mut client = running.client();
        client.go("disk", form, &[]);
        let data: Vec<u8> = (0..5 * MIB / 2).map(|byte| (byte % 251) as u8).collect();
        let flag = if form == Form::Extended { 32 } else { 0 };
        let written = client.call(WRITE, flag, (3, data.len() as u64), &data);
        let expected =
            if form == Form::Extended { vec![Reply::Chunk(0, Vec::new())] } else { done() };
        assert_eq!(written, expected);
        assert_eq!(disk.bytes.lock().expect("no panic")[3..data.len() + 3], data);
        let range = (3, data.len() as u64);
        let read = client.call(READ, if form == Form::Simple { 0 } else { DF }, range, &[]);
        let expected = match form {
            Form::Simple => Reply::Simple(0, data),
            Form::Structured | Form::Extended => {
                Reply::Chunk(1, [&3_u64.to_be_bytes()[..], &data].concat())
            }
        };
        assert!(read == [expected], "the data differ");
    }
}

#[test]
fn zeroes_are_sent_as_holes() {
    let (running, _disk) = running();
    let mut client = running.client();
    client.go("disk", Form::Structured, &[]);
    let replies = client.call(READ, 0, (MIB - 4, MIB + 8), &[]);
    let data = |offset: u64| Reply::Chunk(1, [&offset.to_be_bytes()[..], &[7; 4]].concat());
    let hole = [&MIB.to_be_bytes()[..], &(MIB as u32).to_be_bytes()].concat();
    assert_eq!(replies, [data(MIB - 4), Reply::Chunk(2, hole), data(2 * MIB)]);
    assert_eq!(client.call(READ, 0, (5, 0), &[]), [Reply::Chunk(0, Vec::new())]);
}

#[test]
fn requests_are_refused_with_the_texts_of_qemu() {
    let (running, _disk) = running();
    let mut client = running.client();
    client.go("disk", Form::Structured, &[]);
    let end = 4 * MIB;
    let eof = |from: u64, length: u64| {
        format!("operation past EOF; From: {from}, Len: {length}, Size: {end}")
    };
    let table: [(u16, u16, (u64, u64), String); 11] = [
        (READ, 0, (end - 1, 2), eof(end - 1, 2)),
        (READ, 0, (u64::MAX, 1), eof(u64::MAX, 1)),
        (ZEROES, 0, (end, 1), eof(end, 1)),
        (CACHE, 0, (end, 1), eof(end, 1)),
        (9, 0, (0, 0), "invalid request type (9) received".into()),
        (8, 0, (0, 0), "invalid request type (8) received".into()),
        (STATUS, 0, (0, 512), "CMD_BLOCK_STATUS not negotiated".into()),
        (READ, 2, (0, 512), "unsupported flags for command read (got 0x2)".into()),
        (READ, 512, (0, 512), "unsupported flags for command read (got 0x200)".into()),
        (TRIM, 4, (0, 512), "unsupported flags for command trim (got 0x4)".into()),
        (READ, 0, (0, (32 << 20) + 1), "len (33554433) is larger than max len (33554432)".into()),
    ];
    for (command, flags, range, expected) in table {
        let replies = client.call(command, flags, range, &[]);
        assert_eq!(error(&replies), (22, expected), "command {command}");
    }
    let replies = client.call(WRITE, 0, (end - 1, 2), b"ab");
    assert_eq!(error(&replies), (22, eof(end - 1, 2)), "the payload is dropped");
    let mut reader = running.client();
    reader.go("ro", Form::Structured, &[]);
    let replies = reader.call(WRITE, 0, (0, 2), b"ab");
    assert_eq!(error(&replies), (22, "Export is read-only".into()));
}

#[test]
fn errors_of_the_disk_have_numbers_of_the_protocol() {
    let (running, disk) = running();
    let mut client = running.client();
    client.go("disk", Form::Simple, &[]);
    let simple = |number| vec![Reply::Simple(number, Vec::new())];
    assert_eq!(client.call(READ, 0, (3 * MIB, 512), &[]), simple(5));
    assert_eq!(client.call(TRIM, 0, (0, 512), &[]), simple(28));
    assert_eq!(client.call(ZEROES, 16, (0, 512), &[]), simple(95));
    assert_eq!(client.call(ZEROES, FUA, (0, 512), &[]), done());
    assert_eq!(disk.flushes.load(Ordering::Relaxed), 1, "FUA flushes");
    assert_eq!(client.call(WRITE, FUA, (0, 1), b"x"), done());
    assert_eq!(client.call(FLUSH, 0, (1, 1), &[]), done());
    assert_eq!(disk.flushes.load(Ordering::Relaxed), 3);
    assert_eq!(client.call(CACHE, 0, (0, MIB), &[]), done());
}

#[test]
fn the_status_of_a_range_has_a_chunk_for_each_context() {
    let (running, _disk) = running();
    let contexts = ["base:allocation", "qemu:allocation-depth", "qemu:dirty-bitmap:b"];
    let mut client = running.client();
    client.go("disk", Form::Structured, &contexts);
    let half = MIB / 2;
    let chunk = |number: u32, ranges: &[(u64, u64)]| {
        let mut body = number.to_be_bytes().to_vec();
        for (length, value) in ranges {
            body.extend_from_slice(&(*length as u32).to_be_bytes());
            body.extend_from_slice(&(*value as u32).to_be_bytes());
        }
        Reply::Chunk(5, body)
    };
    let expected = [
        chunk(0, &[(half, 0), (MIB, 3), (MIB, 0)]),
        chunk(1, &[(half, 1), (MIB, 0), (MIB, 1)]),
        chunk(2, &[(half, 0), (half, 1), (half, 0), (half, 1), (half, 0)]),
    ];
    assert_eq!(client.call(STATUS, 0, (half, 5 * half), &[]), expected);
    let first = [chunk(0, &[(half, 0)]), chunk(1, &[(half, 1)]), chunk(2, &[(half, 0)])];
    assert_eq!(client.call(STATUS, 8, (half, 5 * half), &[]), first, "REQ_ONE");
    let replies = client.call(STATUS, 0, (0, 0), &[]);
    assert_eq!(error(&replies), (22, "need non-zero length".into()));
}

#[test]
fn a_payload_selects_contexts() {
    let (running, _disk) = running();
    let contexts = ["base:allocation", "qemu:allocation-depth"];
    let mut client = running.client();
    client.go("disk", Form::Extended, &contexts);
    let payload = |length: u64, numbers: &[u32]| {
        let mut payload = length.to_be_bytes().to_vec();
        numbers.iter().for_each(|number| payload.extend_from_slice(&number.to_be_bytes()));
        payload
    };
    let select = payload(4 * MIB, &[1]);
    let replies = client.call(STATUS, 32, (0, select.len() as u64), &select);
    let mut body = vec![0, 0, 0, 1, 0, 0, 0, 3];
    for (length, depth) in [(MIB, 1_u64), (MIB, 0), (2 * MIB, 1)] {
        body.extend_from_slice(&length.to_be_bytes());
        body.extend_from_slice(&depth.to_be_bytes());
    }
    assert_eq!(replies, [Reply::Chunk(6, body)]);
    let text = "malformed payload of block status";
    for wrong in [payload(0, &[1]), payload(1, &[2]), payload(1, &[1, 1]), payload(1, &[])] {
        let replies = client.call(STATUS, 32, (0, wrong.len() as u64), &wrong);
        assert_eq!(error(&replies), (22, text.into()));
    }
    let replies = client.call(READ, 32, (0, 3), b"abc");
    assert_eq!(error(&replies).1, "unsupported flags for command read (got 0x20)");
}

#[test]
fn requests_run_side_by_side() {
    let (running, disk) = running();
    let mut client = running.client();
    client.go("disk", Form::Simple, &[]);
    disk.set_closed(true);
    let slow = client.request(WRITE, 0, (0, 3), b"abc");
    let fast = client.request(READ, 0, (2 * MIB, 4), &[]);
    assert_eq!(client.reply(4), (fast, vec![Reply::Simple(0, vec![7; 4])]));
    disk.set_closed(false);
    assert_eq!(client.reply(0), (slow, done()));
}
