//! Listeners and policies that change while the server runs.

use std::path::Path;

use qapi_core::policy::{Access, Policy};
use qapi_core::server::Listeners;
use qapi_core::service::PolicyHandle;
use qapi_core::{Listener, ServeError, Server};
use serde_json::json;
use tokio::net::UnixStream;

use super::fixture::{Client, Running, soon};

/// A server with the path of a second socket, which is not bound, and the handle of listeners.
fn running(configure: impl FnOnce(Server) -> Server) -> (Running, Listeners, std::path::PathBuf) {
    let mut listeners = None;
    let running = Running::start_with(|server| {
        listeners = Some(server.listeners());
        configure(server)
    });
    let second = running.path.with_file_name("second.sock");
    (running, listeners.unwrap(), second)
}

async fn is_refused(path: &Path) -> bool {
    soon(UnixStream::connect(path)).await.is_err()
}

#[tokio::test]
async fn a_listener_comes_and_goes_while_clients_stay() {
    let (running, listeners, path) = running(|server| server);
    let mut first = Client::negotiated(&running.path).await;
    for _ in 0..3 {
        soon(listeners.add(Listener::unix(&path).unwrap().name("second"))).await.unwrap();
        let mut second = Client::negotiated(&path).await;
        assert!(soon(listeners.remove("second")).await);
        assert!(is_refused(&path).await);
        assert!(!path.exists(), "the file of the socket is removed");
        for client in [&mut first, &mut second] {
            let reply = client.ask(r#"{"execute": "query-version", "id": 1}"#).await;
            assert_eq!(reply["id"], 1, "{reply}");
        }
    }
    for name in ["second", "third", ""] {
        assert!(!soon(listeners.remove(name)).await, "{name}");
    }
    // The name of the first one is its path.
    assert!(soon(listeners.remove(running.path.to_str().unwrap())).await);
    assert!(is_refused(&running.path).await);
    let reply = first.ask(r#"{"execute": "query-version", "id": 2}"#).await;
    assert_eq!(reply["id"], 2, "{reply}");
    running.shutdown.request();
    let _directory = running.ended_leaving_directory().await;
    let late = soon(listeners.add(Listener::unix(&path).unwrap())).await;
    assert!(matches!(late, Err(ServeError::Io(_))), "{late:?}");
    assert!(!soon(listeners.remove("second")).await);
}

#[tokio::test]
async fn the_policy_of_an_added_listener_is_checked_and_applied() {
    let (running, listeners, path) = running(|server| server);
    let with = |policy| Listener::unix(&path).unwrap().policy(policy);
    let unknown =
        soon(listeners.add(with(Policy::new().command("nothing", Access::none())))).await;
    assert!(matches!(&unknown, Err(ServeError::Registry(_))), "{unknown:?}");
    assert!(is_refused(&path).await);
    soon(listeners.add(with(Policy::new().command("query-version", Access::none()))))
        .await
        .unwrap();
    let request = r#"{"execute": "query-version"}"#;
    let refused = Client::negotiated(&path).await.ask(request).await;
    assert_eq!(refused["error"]["class"], "CommandNotFound");
    let reply = Client::negotiated(&running.path).await.ask(request).await;
    assert!(reply["return"].is_object(), "{reply}");
}

#[tokio::test]
async fn a_new_policy_disconnects_only_those_who_may_no_longer_connect() {
    let own = PolicyHandle::new(Policy::new());
    let (running, listeners, path) = running(|server| server);
    soon(listeners.add(Listener::unix(&path).unwrap().policy(own.clone()))).await.unwrap();
    let mut other = Client::negotiated(&running.path).await;
    let (mut first, mut idle) = (Client::negotiated(&path).await, Client::connect(&path).await);

    let refused = own.replace_and_disconnect(Policy::new().command("nothing", Access::none()));
    refused.unwrap_err();
    own.replace_and_disconnect(Policy::new().command("quit", Access::none())).unwrap();
    let quit = first.ask(r#"{"execute": "quit"}"#).await;
    assert_eq!(quit["error"]["class"], "CommandNotFound", "refused at once");
    own.replace(Policy::new().peers(Access::none())).unwrap();
    first.ask(r#"{"execute": "query-version"}"#).await;

    own.replace_and_disconnect(Policy::new().peers(Access::none())).unwrap();
    let text = "The new policy of the server does not admit this client";
    for client in [&mut first, &mut idle] {
        let last = client.message().await.unwrap();
        assert_eq!(last, json!({"error": {"class": "GenericError", "desc": text}}));
        assert_eq!(client.message().await, None);
    }
    let reply = other.ask(r#"{"execute": "query-version"}"#).await;
    assert!(reply["return"].is_object(), "clients of other listeners stay: {reply}");
}
