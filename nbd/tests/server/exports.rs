//! Exports that come and go.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use nbd::{Export, ExportError, RemoveError, RemoveMode, ServerOptions};

use crate::client::{Form, Running};
use crate::disk::Memory;

#[test]
fn names_are_unique_and_of_limited_length() {
    let running = Running::new(ServerOptions::default());
    let long = "n".repeat(4096);
    let export = Export::new(long.as_str(), Memory::new()).expect("it is not too long");
    running.server.add(export).expect("the name is free");
    assert!(running.server.has(&long));
    let again = Export::new(long.as_str(), Memory::new()).expect("it is not too long");
    assert_eq!(running.server.add(again).map_err(|error| error.0), Err(long.clone()));
    let longer = Export::new(long.clone() + "n", Memory::new()).map(drop);
    assert_eq!(longer, Err(ExportError::NameTooLong));
    let export = Export::new("d", Memory::new()).expect("a short name");
    let described = export.description(long + "n").map(drop);
    assert_eq!(described, Err(ExportError::DescriptionTooLong));
}

#[test]
fn an_export_is_closed_once_its_last_client_is_gone() {
    let running = Running::new(ServerOptions::default());
    let (closed, is_closed) = mpsc::channel();
    let export = Export::new("disk", Memory::new()).expect("a short name");
    let export = export.on_closed(move || closed.send(()).expect("the test waits"));
    running.server.add(export).expect("the name is free");
    let nothing = running.server.remove("nope", RemoveMode::Hard).map(drop);
    assert_eq!(nothing, Err(RemoveError::NotFound));
    let mut client = running.client();
    client.go("disk", Form::Simple, &[]);
    let refused = running.server.remove("disk", RemoveMode::Safe).map(drop);
    assert_eq!(refused, Err(RemoveError::InUse));
    assert!(is_closed.try_recv().is_err());
    drop(running.server.remove("disk", RemoveMode::Hard));
    is_closed.recv().expect("the export is closed");
    assert!(client.is_closed());
    assert!(!running.server.has("disk"));
}

#[test]
fn a_client_that_has_hung_up_does_not_use_its_export() {
    let running = Running::new(ServerOptions::default());
    let (closed, is_closed) = mpsc::channel();
    let disk = Memory::new();
    let export = Export::new("disk", Arc::clone(&disk) as _).expect("a short name");
    let export = export.on_closed(move || closed.send(()).expect("the test waits"));
    running.server.add(export.writable(true)).expect("the name is free");
    let mut client = running.client();
    client.go("disk", Form::Simple, &[]);
    disk.set_closed(true);
    client.request(1, 0, (0, 3), b"abc");
    let refused = running.server.remove("disk", RemoveMode::Safe).map(drop);
    assert_eq!(refused, Err(RemoveError::InUse));
    drop(client);
    // The thread of the client waits for the disk, so that the connection is still known.
    let removed = running.server.remove("disk", RemoveMode::Safe).map(drop);
    assert_eq!(removed, Ok(()));
    assert!(is_closed.try_recv().is_err());
    disk.set_closed(false);
    is_closed.recv().expect("the export is closed once its request has ended");
}

#[test]
fn a_server_that_stops_disconnects_all_clients() {
    let running = Running::new(ServerOptions::default());
    let (closed, is_closed) = mpsc::channel();
    let disk = Memory::new();
    let export = Export::new("disk", Arc::clone(&disk) as _).expect("a short name");
    let export = export.on_closed(move || closed.send(()).expect("the test waits"));
    running.server.add(export.writable(true)).expect("the name is free");
    let (mut idle, mut busy) = (running.client(), running.client());
    busy.go("disk", Form::Simple, &[]);
    disk.set_closed(true);
    busy.request(1, 0, (0, 3), b"abc");
    running.server.stop();
    disk.set_closed(false);
    running.server.wait_for_clients();
    is_closed.recv().expect("the export is closed");
    assert!(idle.is_closed() && busy.is_closed());
}

#[test]
fn the_last_client_is_gone_once_its_export_is_closed() {
    let running = Running::new(ServerOptions::default());
    let (entered, is_entered) = mpsc::channel();
    let (leave, may_leave) = mpsc::channel::<()>();
    let may_leave = Mutex::new(may_leave);
    let disk = Memory::new();
    let export = Export::new("disk", Arc::clone(&disk) as _).expect("a short name");
    let export = export.on_closed(move || {
        entered.send(()).expect("the test waits");
        may_leave.lock().expect("no panic").recv().expect("the test sends");
    });
    running.server.add(export.writable(true)).expect("the name is free");
    let mut client = running.client();
    client.go("disk", Form::Simple, &[]);
    disk.set_closed(true);
    client.request(1, 0, (0, 3), b"abc");
    running.server.stop();
    disk.set_closed(false);
    is_entered.recv().expect("the thread of the client closes the export");
    let (gone, is_gone) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            running.server.wait_for_clients();
            gone.send(()).expect("the test waits");
        });
        let early = is_gone.recv_timeout(Duration::from_millis(100));
        assert_eq!(early, Err(mpsc::RecvTimeoutError::Timeout));
        leave.send(()).expect("the export is being closed");
        is_gone.recv().expect("the client is gone");
    });
}
