//! One set-up for production and for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use qapi_core::client::Client;
use qapi_core::commands::control::VersionInfo;
use qapi_core::policy::{Access, Policy};
use qapi_core::session::PeerCredentials;
use qapi_core::testing::{TestClient, TestServer};
use qapi_core::{Listener, Server};
use serde_json::json;

use super::definitions::{Record, registry};

/// The server of a program: its `main` adds a listener.
fn server(ended: &Arc<AtomicBool>) -> Server {
    let ended = Arc::clone(ended);
    Server::new()
        .registry(registry())
        .shared_state(Arc::new(Record::default()))
        .policy(Policy::new().command("ops-nop", Access::owner_and_root()))
        .on_shutdown(async move { ended.store(true, Ordering::Relaxed) })
}

#[tokio::test(start_paused = true)]
async fn a_test_runs_the_server_of_the_program() {
    let ended = Arc::default();
    let server = TestServer::start(server(&ended));
    let mut client = TestClient::negotiated(&server).await;
    client.expect("{'execute': 'ops-nop'}", &json!({ "return": {} })).await;
    let stranger = PeerCredentials::new(u32::MAX - 1, u32::MAX - 1);
    let mut other = Client::over(server.connector().connect_as(stranger)).await.unwrap();
    let refused = other.call::<()>("ops-nop").await.unwrap_err();
    assert_eq!(refused.command().unwrap().desc(), "The command ops-nop has not been found");
    client.expect("{'execute': 'quit'}", &json!({ "return": {} })).await;
    assert!(ended.load(Ordering::Relaxed), "the reply to `quit` follows the hooks");
    server.ended().await.unwrap();
    assert_eq!(client.message().await, None);
}

#[tokio::test]
async fn a_program_executes_its_own_commands_by_name() {
    let (listener, connector) = Listener::in_process();
    // Connections from before the start are served too.
    let early = connector.connect();
    let server = server(&Arc::default()).listen(listener.name("own"));
    let shutdown = server.shutdown();
    let serving = tokio::spawn(server.serve());
    let mut client = Client::over(early).await.unwrap();
    client.call::<()>("ops-nop").await.unwrap();
    shutdown.request();
    serving.await.unwrap().unwrap();
    assert!(Client::over(connector.connect()).await.is_err(), "the server has ended");
}

#[tokio::test]
async fn an_error_at_the_start_reaches_the_test() {
    let server = TestServer::start(Server::new().registry(registry()));
    let error = server.ended().await.unwrap_err();
    assert!(error.to_string().contains("Record"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runtime_of_several_threads_serves_too() {
    let server = TestServer::start(server(&Arc::default()));
    let clients = (0..8).map(|_| {
        let stream = server.connect();
        tokio::spawn(async move {
            let mut client = Client::over(stream).await.unwrap();
            for count in 1..=50 {
                assert_eq!(client.call::<u64>("ops-count").await.unwrap(), count);
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_listener_has_a_policy_of_its_own() {
    let (administrators, connector) = Listener::in_process();
    let (readers, read_only) = Listener::in_process();
    let policy = Policy::new().commands("ops-*", Access::none());
    let server = server(&Arc::default()).listen(administrators).listen(readers.policy(policy));
    let shutdown = server.shutdown();
    let serving = tokio::spawn(server.serve());
    let mut client = Client::over(connector.connect()).await.unwrap();
    client.call::<()>("ops-nop").await.unwrap();
    let mut reader = Client::over(read_only.connect()).await.unwrap();
    let refused = reader.call::<()>("ops-nop").await.unwrap_err();
    assert_eq!(refused.command().unwrap().desc(), "The command ops-nop has not been found");
    reader.call::<VersionInfo>("query-version").await.unwrap();
    shutdown.request();
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_wrong_policy_of_a_listener_prevents_the_start() {
    let (listener, _connector) = Listener::in_process();
    let listener = listener.policy(Policy::new().command("ops-npo", Access::none()));
    let error = server(&Arc::default()).listen(listener).serve().await.unwrap_err();
    assert!(error.to_string().contains("`ops-npo`"), "{error}");
}
