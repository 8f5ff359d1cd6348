//! Several clients, good and bad ones.

use std::sync::Arc;

use nbd::{Export, ServerOptions};

use crate::client::{Form, Reply, Running};
use crate::disk::{MIB, Memory};

fn running(options: ServerOptions) -> (Running, Arc<Memory>) {
    let (running, disk) = (Running::new(options), Memory::new());
    let export = Export::new("disk", Arc::clone(&disk) as _).expect("a short name");
    running.server.add(export.writable(true)).expect("the name is free");
    (running, disk)
}

#[test]
fn further_clients_wait_for_a_place() {
    let mut options = ServerOptions::default();
    options.max_connections = 1;
    let (running, _disk) = running(options);
    let first = running.client();
    let mut second = running.connect();
    second.socket.set_nonblocking(true).expect("it is a socket");
    assert!(second.is_closed(), "there is no greeting yet");
    second.socket.set_nonblocking(false).expect("it is a socket");
    drop(first);
    assert_eq!(second.bytes(8), b"NBDMAGIC");
}

#[test]
fn a_client_that_does_not_read_delays_no_other_one() {
    let (running, _disk) = running(ServerOptions::default());
    let stubborn: Vec<_> = (0..20)
        .map(|_| {
            let mut client = running.client();
            client.go("disk", Form::Simple, &[]);
            for _ in 0..40 {
                client.request(0, 0, (0, 2 * MIB), &[]);
            }
            client
        })
        .collect();
    let mut client = running.client();
    client.go("disk", Form::Simple, &[]);
    for _ in 0..10 {
        let expected = [Reply::Simple(0, vec![7; MIB as usize])];
        assert!(client.call(0, 0, (0, MIB), &[]) == expected, "the data differ");
    }
    drop(stubborn);
}

#[test]
fn half_a_request_delays_no_other_client() {
    let (running, _disk) = running(ServerOptions::default());
    let mut half = running.client();
    half.go("disk", Form::Simple, &[]);
    half.request(1, 0, (0, MIB), &[1; 1000]);
    let mut client = running.client();
    client.go("disk", Form::Simple, &[]);
    assert_eq!(client.call(0, 0, (0, 1), &[]), [Reply::Simple(0, vec![7])]);
}

#[test]
fn a_disk_that_panics_costs_its_client_the_connection() {
    let (running, _disk) = running(ServerOptions::default());
    let mut client = running.client();
    client.go("disk", Form::Simple, &[]);
    client.request(1, 0, (0, 5), b"panic");
    assert!(client.is_closed());
    let mut client = running.client();
    client.go("disk", Form::Simple, &[]);
    assert_eq!(client.call(0, 0, (0, 1), &[]), [Reply::Simple(0, vec![7])]);
}

#[test]
fn too_large_a_payload_is_refused_and_ends_the_connection() {
    let (running, _disk) = running(ServerOptions::default());
    let mut client = running.client();
    client.go("disk", Form::Simple, &[]);
    client.request(1, 0, (0, (32 << 20) + 1), &[]);
    assert_eq!(client.reply(0).1, [Reply::Simple(22, Vec::new())]);
    assert!(client.is_closed());
}
