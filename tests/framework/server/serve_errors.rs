//! Errors when a server starts. Programs distinguish them by variant and source.

use std::error::Error as _;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::PathBuf;

use qapi_core::server::{ClientAddress, InheritedSocket};
use qapi_core::{ErrorClass, Listener, ServeError, Server};

use crate::support::registry::registry_of;

fn source_kind(error: &ServeError) -> Option<ErrorKind> {
    error.source().and_then(|source| source.downcast_ref()).map(io::Error::kind)
}

#[test]
fn a_bind_error_names_the_address_and_has_the_system_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("missing/qmp.sock");
    let error = Listener::unix(&path).unwrap_err();
    assert!(matches!(&error, ServeError::Bind { address, .. } if path.ends_with(address)));
    assert_eq!(source_kind(&error), Some(ErrorKind::NotFound));

    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let _first = Listener::tcp(taken.port()).unwrap();
    let error = Listener::tcp(taken.port()).unwrap_err();
    assert!(matches!(&error, ServeError::Bind { address, .. } if *address == taken.to_string()));
    assert_eq!(source_kind(&error), Some(ErrorKind::AddrInUse));
}

#[test]
fn a_connect_error_names_the_client_and_has_the_system_error() {
    let client = ClientAddress::Unix(PathBuf::from("/nonexistent/client.sock"));
    let error = Listener::connect(&client).unwrap_err();
    assert!(matches!(&error, ServeError::Connect { address, .. } if *address == client));
    assert_eq!(source_kind(&error), Some(ErrorKind::NotFound));
}

#[test]
fn each_reason_to_refuse_a_socket_has_its_own_variant() {
    let missing = Listener::inherited(1 << 20, InheritedSocket::Connected).unwrap_err();
    assert!(matches!(missing, ServeError::NotASocket(fd) if fd == 1 << 20));
    let datagram = UnixDatagram::unbound().unwrap();
    let unsupported = Listener::connection(datagram.into()).unwrap_err();
    assert!(matches!(unsupported, ServeError::UnsupportedSocket));
    let (connected, _peer) = UnixStream::pair().unwrap();
    let not_listening = Listener::listening(connected.into()).unwrap_err();
    assert!(matches!(not_listening, ServeError::NotListening));
}

#[tokio::test]
async fn a_schema_with_conflicts_lists_them() {
    let server = Server::new().registry(registry_of("main::session")).require_package("absent");
    let error = server.serve().await.unwrap_err();
    let ServeError::Registry(conflicts) = &error else { panic!("{error}") };
    assert!(conflicts.conflicts().len() > 1, "the conflicts include the missing state");
    assert_eq!(error.to_string(), conflicts.to_string());
    assert_eq!(format!("{error:?}"), error.to_string(), "`main` prints the debug text");
}

#[test]
fn as_an_error_reply_it_has_the_class_generic_error() {
    let error = ServeError::from(io::Error::from_raw_os_error(24));
    let text = error.to_string();
    assert_eq!(text, "Too many open files");
    let reply = qapi_core::Error::from(error);
    assert_eq!((reply.class(), reply.desc()), (ErrorClass::GenericError, &*text));
}
