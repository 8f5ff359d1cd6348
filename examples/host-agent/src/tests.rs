//! Tests of the server within the process, with the states, hooks and end of production.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use host_agent_client::*;
use job::journal::{Journal, JournalOptions};
use qapi_core::client::{Client, compare_schema};
use qapi_core::introspection::Mask;
use qapi_core::testing::TestServer;

use crate::server::server;

#[test]
fn the_declarations_of_the_client_are_those_of_the_server() {
    let served = qapi_core::Registry::collect().unwrap().introspect(Mask::Masked);
    assert_eq!(compare_schema(&declarations(), &served), []);
}

#[tokio::test]
async fn memory_is_reserved_until_the_session_ends() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path().join("jobs"), JournalOptions::default()).unwrap();
    let server = TestServer::start(server(journal));
    let mut first = Client::over(server.connect()).await.unwrap();
    let mut second = Client::over(server.connect()).await.unwrap();

    first.execute(&session_set_name { name: "web" }).await.unwrap();
    let session = first.execute(&memory_reserve { bytes: 4096 }).await.unwrap();
    assert_eq!((session.name.as_deref(), session.reserved), (Some("web"), 4096));
    assert_eq!(second.execute(&query_session {}).await.unwrap().reserved, 0);
    assert_eq!(second.execute(&query_host {}).await.unwrap().reserved, 4096);
    drop(first);
    let released: MemoryReleased = second.next().await.unwrap();
    assert_eq!((released.session, released.bytes), (session.id, 4096));

    second.execute(&maintenance_begin { reason: "new disk" }).await.unwrap();
    let refused = second.execute(&memory_reserve { bytes: 1 }).await.unwrap_err();
    assert_eq!(refused.command().unwrap().desc(), "The host is in maintenance: new disk");
}
