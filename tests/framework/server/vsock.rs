//! Vsock: clients on other machines. Machines without its driver, or without its loopback, skip
//! the tests that need them.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use qapi_core::policy::{Access, Policy};
use qapi_core::server::{ClientAddress, VsockAddress};
use qapi_core::session::Peer;
use qapi_core::testing::TestServer;
use qapi_core::{Listener, ServeError, Server};
use serde_json::json;
use socket2::{Domain, SockAddr, Socket, Type};

use super::fixture::{Client, Running, soon};
use crate::session::commands::Gate;
use crate::support::registry::registry_of;

/// The identifier by which a machine reaches itself.
const LOOPBACK: u32 = 1;

/// A listener on a free port, if the system has vsock.
fn listen() -> Option<(Listener, VsockAddress)> {
    let any = VsockAddress::new(VsockAddress::ANY_CID, VsockAddress::ANY_PORT);
    match Listener::vsock(any) {
        Ok(listener) => {
            let address = listener.vsock_address().unwrap();
            Some((listener, address))
        }
        Err(error) => {
            surroundings::skip(format_args!("the system has no vsock: {error}"));
            None
        }
    }
}

#[tokio::test]
async fn a_port_has_one_listener() {
    let Some((listener, address)) = listen() else { return };
    assert_ne!(address.port, VsockAddress::ANY_PORT, "the system has chosen a port");
    assert_eq!(listener.tcp_address(), None);
    let again = VsockAddress::new(VsockAddress::ANY_CID, address.port);
    let error = Listener::vsock(again).unwrap_err();
    let text = format!("Failed to bind socket to {again}: Address already in use");
    assert_eq!(error.to_string(), text);
}

#[tokio::test]
async fn an_unreachable_machine_is_an_error() {
    // No machine has the number that means every machine.
    let address = ClientAddress::Vsock(VsockAddress::new(VsockAddress::ANY_CID, 1));
    let error = Listener::connect(&address).unwrap_err();
    assert!(matches!(&error, ServeError::Connect { .. }), "{error}");
    let start = "Failed to connect to 'vsock:4294967295:1': ";
    assert!(error.to_string().starts_with(start), "{error}");
}

#[tokio::test]
async fn the_machine_of_a_client_is_its_credential() {
    let policy = Policy::new().command("test-pass", Access::anyone().deny_cid(3));
    let registry = registry_of("main::session");
    let server = Server::new().registry(registry).shared_state(Arc::<Gate>::default());
    let server = TestServer::start(server.policy(policy));
    for (cid, may_pass) in [(3, false), (4, true)] {
        let stream = server.connector().connect_as(Peer::vsock(cid));
        let mut client = qapi_core::client::Client::over(stream).await.unwrap();
        let refused = client.call::<()>("test-pass").await.err();
        let text = refused.map(|error| error.command().unwrap().desc().to_owned());
        let expected = (!may_pass).then(|| "The command test-pass has not been found".to_owned());
        assert_eq!(text, expected, "machine {cid}");
    }
}

#[test]
fn a_policy_admits_machines_by_name() {
    let (host, guest) = (Peer::vsock(2), Peer::vsock(3));
    assert!(!Policy::new().may_connect(&host), "by default no machine may connect");
    let policy = Policy::new().peers(Access::owner_and_root().allow_cid(2));
    assert!(policy.may_connect(&host));
    assert!(!policy.may_connect(&guest));
    let all_but_one = Access::anyone().deny_cid(3);
    assert!(all_but_one.permits(Some(&host)) && !all_but_one.permits(Some(&guest)));
    assert!(!Access::none().allow_uid(2).permits(Some(&host)), "a CID is not a user");
}

#[test]
fn a_machine_both_allowed_and_denied_prevents_the_start() {
    let contradiction = Policy::new().peers(Access::none().allow_cid(3).deny_cid(3));
    let error = qapi_core::Registry::collect().unwrap().check_policy(&contradiction).unwrap_err();
    assert!(error.to_string().contains("both allows and denies machine 3"), "{error}");
}

/// The output of a server whose policy for vsock is `peers`, for a client on the same machine that
/// sends `input` and reads to the end. `None` where the kernel has no vsock, or no loopback for it.
async fn exchange(peers: Access, input: &'static str) -> Option<(Running, String)> {
    let (listener, VsockAddress { port, .. }) = listen()?;
    let listener = listener.policy(Policy::new().peers(peers));
    let server = Running::start_with(|server| server.listen(listener));
    let client = move || {
        let mut socket = Socket::new(Domain::VSOCK, Type::STREAM, None)?;
        socket.connect_timeout(&SockAddr::vsock(LOOPBACK, port), Duration::from_secs(1))?;
        let mut output = String::new();
        let exchanged = socket
            .write_all(input.as_bytes())
            .and_then(|()| socket.shutdown(Shutdown::Write))
            .and_then(|()| socket.read_to_string(&mut output));
        // The disconnect of a refused client may be a reset.
        let _ = exchanged;
        std::io::Result::Ok(output)
    };
    match soon(tokio::task::spawn_blocking(client)).await.unwrap() {
        Ok(output) => Some((server, output)),
        Err(error) => {
            surroundings::skip(format_args!("vsock has no loopback here: {error}"));
            None
        }
    }
}

#[tokio::test]
async fn a_machine_that_the_policy_admits_is_served() {
    let input = r#"{"execute": "qmp_capabilities"} {"execute": "test-pass"}"#;
    let admitted = Access::none().allow_cid(LOOPBACK);
    let Some((server, output)) = exchange(admitted, input).await else { return };
    assert_eq!(output.matches(r#"{"return": {}}"#).count(), 2, "{output}");
    let Some((_, output)) = exchange(Access::none(), input).await else { return };
    assert!(output.contains("does not admit this machine"), "{output}");
    drop(server);
}

#[tokio::test]
async fn no_command_in_an_http_request_is_carried_out() {
    let request = "POST / HTTP/1.1\r\n\r\n\
                   {\"execute\": \"qmp_capabilities\"} {\"execute\": \"test-pass\"}";
    let Some((server, _)) = exchange(Access::anyone(), request).await else { return };
    let mut client = Client::negotiated(&server.path).await;
    let passes = client.ask(r#"{"execute": "test-count-now"}"#).await;
    assert_eq!(passes, json!({"return": 0}));
}
