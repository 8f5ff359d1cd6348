//! Talks to the commands of this crate as clients do.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use downstream::tanks::Tanks;
use qmp::context::States;
use qmp::test::TestClient;
use qmp::{Registry, Service};
use serde_json::json;

async fn client() -> TestClient {
    let mut states = States::default();
    states.insert(Arc::new(Tanks::default()));
    let service = Service::new(Registry::collect().unwrap(), states).unwrap();
    TestClient::negotiated(&Arc::new(service)).await
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_definition_works_under_another_name() {
    let mut client = client().await;
    let tank = json!({ "id": "t0", "nicknames": ["big"], "fuel": "diesel", "litres": 70 });

    let fill = json!({ "execute": "tank-fill", "arguments": tank }).to_string();
    assert_eq!(client.ask(&fill).await, json!({ "return": {} }));
    assert_eq!(client.event("TANK_FILLED").await, json!({ "id": "t0" }));

    let listed = client.ask("{'execute': 'query-tanks', 'arguments': {'id': 't0'}}").await;
    assert_eq!(listed, json!({ "return": [tank] }));

    let name = json!({ "execute": "tank-name", "arguments": { "tank": tank } });
    assert_eq!(client.ask(&name.to_string()).await, json!({ "return": "t0" }));

    let warm = client.ask("{'execute': 'tank-warm-up', 'arguments': {'id': 't1'}}").await;
    assert_eq!(warm, json!({ "return": false }));
}

#[tokio::test(start_paused = true)]
async fn faults_are_told_in_the_usual_words() {
    let mut client = client().await;

    let reply = client.ask("{'execute': 'query-tanks', 'arguments': {'name': 't0'}}").await;
    assert_eq!(reply["error"]["desc"], "Parameter 'name' is unexpected");

    let empty = "{'execute': 'tank-fill', 'arguments': \
                  {'id': 't0', 'nicknames': [], 'fuel': 'empty'}}";
    assert_eq!(client.ask(empty).await["error"]["desc"], "There is nothing to fill in");
}

#[test]
fn the_registry_tells_whose_each_definition_is() {
    let registry = Registry::collect().unwrap();
    for name in ["Fuel", "Tank", "TankRef", "TANK_FILLED", "tank-fill", "query-tanks"] {
        let source = registry.definition(name).unwrap().source;
        assert_eq!((source.package, source.module), ("downstream", "downstream::tanks"));
    }
}
