//! The data of a session, its end, and events to one session.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use qapi_core::Listener;
use serde_json::json;
use tokio::sync::Notify;

use super::definitions::{Executed, start};
use crate::server::fixture::{Client, soon};

/// The number of a session, and the number of commands that it executed.
type Session = (u64, u64);

#[tokio::test]
async fn each_session_has_its_own_data_until_its_end() {
    let ended: Arc<(Mutex<Vec<Session>>, Notify)> = Arc::default();
    let hook = Arc::clone(&ended);
    let (server, _) = start(|server| {
        server.on_session_end(|_| panic!("as asked")).on_session_end(move |session| {
            let executed = session.data::<Executed>().0.load(Ordering::Relaxed);
            hook.0.lock().unwrap().push((session.id(), executed));
            assert!(session.is_closed());
            hook.1.notify_one();
        })
    });
    let mut first = Client::negotiated(&server.path).await;
    let mut second = Client::negotiated(&server.path).await;
    for count in 1..=3 {
        assert_eq!(first.ask("{'execute': 'ops-count'}").await, json!({ "return": count }));
    }
    assert_eq!(second.ask("{'execute': 'ops-count'}").await, json!({ "return": 1 }));
    drop(first);
    soon(ended.1.notified()).await;
    drop(second);
    soon(ended.1.notified()).await;
    assert_eq!(*ended.0.lock().unwrap(), [(1, 3), (2, 1)]);
}

#[tokio::test]
async fn an_event_to_one_session_reaches_no_other() {
    let (server, _) = start(|server| server);
    let mut first = Client::negotiated(&server.path).await;
    let mut second = Client::negotiated(&server.path).await;
    // The rate limit of the event does not apply.
    for _ in 0..2 {
        first.send("{'execute': 'ops-call-me'}").await;
        let event = first.message().await.unwrap();
        assert_eq!(event["data"], json!({ "id": "mine", "percent": 1 }));
        assert_eq!(first.message().await.unwrap(), json!({ "return": {} }));
    }
    assert_eq!(second.ask("{'execute': 'ops-nop'}").await, json!({ "return": {} }));
}

#[tokio::test]
async fn a_session_knows_the_name_of_its_listener() {
    let names: Arc<Mutex<Vec<String>>> = Arc::default();
    let (ended, hook) = (Arc::new(Notify::new()), Arc::clone(&names));
    let notify = Arc::clone(&ended);
    let tcp = Listener::tcp(0).unwrap();
    let address = tcp.tcp_address().unwrap();
    let (_server, _) = start(|server| {
        server.listen(tcp.name("public")).on_session_end(move |session| {
            hook.lock().unwrap().push(session.listener().unwrap_or_default().to_owned());
            notify.notify_one();
        })
    });
    drop(Client::tcp(tokio::net::TcpStream::connect(address).await.unwrap()));
    soon(ended.notified()).await;
    assert_eq!(*names.lock().unwrap(), ["public"]);
}
