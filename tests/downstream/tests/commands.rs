//! Executes the commands of this crate as clients do.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::sync::Arc;

use downstream::tanks::{Tanks, query_tanks};
use qmp::StateMap;
use qmp::testing::TestClient;
use qmp::{Registry, Service, qapi_command, qapi_struct};
use serde_json::json;

async fn client() -> TestClient {
    let mut states = StateMap::default();
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
async fn errors_have_the_usual_texts() {
    let mut client = client().await;

    let reply = client.ask("{'execute': 'query-tanks', 'arguments': {'name': 't0'}}").await;
    assert_eq!(reply["error"]["desc"], "Parameter 'name' is unexpected");

    let empty = "{'execute': 'tank-fill', 'arguments': \
                  {'id': 't0', 'nicknames': [], 'fuel': 'empty'}}";
    assert_eq!(client.ask(empty).await["error"]["desc"], "There is nothing to fill in");
}

/// Counts the tanks. Only the tests define the command.
#[qapi_command(crate = qmp)]
fn tank_count(#[qapi(state)] tanks: &Tanks) -> TankCount {
    TankCount { count: query_tanks(tanks, None).len() as u64 }
}

/// The number of tanks.
#[qapi_struct(crate = qmp)]
struct TankCount {
    count: u64,
}

#[tokio::test(start_paused = true)]
async fn two_servers_of_one_process_share_nothing() {
    let (mut one, mut other) = (client().await, client().await);
    let fill = "{'execute': 'tank-fill', 'arguments': \
                 {'id': 't0', 'nicknames': [], 'fuel': 'diesel', 'litres': 70}}";
    one.expect(fill, &json!({ "return": {} })).await;
    assert_eq!(one.event("TANK_FILLED").await, json!({ "id": "t0" }));

    let count = "{'execute': 'tank-count'}";
    one.expect(count, &json!({ "return": { "count": 1 } })).await;
    other.expect(count, &json!({ "return": { "count": 0 } })).await;
    // The first server ends. The second one still runs, without a tank or an event.
    one.expect("{'execute': 'quit'}", &json!({ "return": {} })).await;
    assert_eq!(one.rest().await, "");
    assert_eq!(other.ask(count).await, json!({ "return": { "count": 0 } }));
    other.half_close().await;
    assert_eq!(other.rest().await, "");
}

#[test]
fn the_registry_has_the_source_of_each_definition() {
    let registry = Registry::collect().unwrap();
    for name in ["Fuel", "Tank", "TankRef", "TANK_FILLED", "tank-fill", "query-tanks"] {
        let source = registry.definition(name).unwrap().source;
        assert_eq!((source.package, source.module), ("downstream", "downstream::tanks"));
    }
}
