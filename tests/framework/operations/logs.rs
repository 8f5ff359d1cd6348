//! The audit log, the log of all messages, and the spans of calls.

use qapi_core::observe::{AuditLog, TrafficLog};
use serde_json::json;

use super::definitions::start;
use crate::server::fixture::{Client, soon};
use crate::support::log::Log;

#[tokio::test]
async fn the_audit_log_has_a_line_for_each_command() {
    let (log, _guard) = Log::start();
    let hook = AuditLog::new().except("query-*").unwrap();
    let (server, _) = start(|server| server.call_hook(hook));
    let mut client = Client::negotiated(&server.path).await;
    for command in ["ops-nop", "ops-fail", "query-version", "no-such\ncommand"] {
        client.ask(&json!({ "execute": command }).to_string()).await;
    }
    let lines = log.lines("qapi_core::audit");
    let shown: Vec<_> =
        lines.iter().map(|line| (line.field("command"), line.field("outcome"))).collect();
    assert_eq!(
        shown,
        [
            ("qmp_capabilities", "succeeded"),
            ("ops-nop", "succeeded"),
            ("ops-fail", "failed (DeviceNotFound)"),
            ("\"no-such\\ncommand\"", "rejected (CommandNotFound)"),
        ]
    );
    for line in lines {
        assert_eq!(line.field("listener"), server.path.display().to_string());
        assert_eq!(line.field("pid"), std::process::id().to_string());
        assert_eq!(line.field("session"), "1");
    }
}

#[tokio::test]
async fn what_a_function_logs_is_within_the_span_of_its_call() {
    let (log, _guard) = Log::start();
    let (server, record) = start(|server| server.trace_calls());
    let mut client = Client::negotiated(&server.path).await;
    record.release.store(true, std::sync::atomic::Ordering::Relaxed);
    for (command, text) in [
        ("ops-nop", "inside a plain function"),
        ("ops-log-later", "inside an asynchronous function"),
        ("ops-block", "inside a blocking function"),
    ] {
        client.ask(&json!({ "execute": command }).to_string()).await;
        let lines = log.with_message(text);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].spans, [format!("call command={command} session=1")]);
    }
    tracing::info!("outside");
    assert!(log.with_message("outside")[0].spans.is_empty());
}

#[tokio::test]
async fn all_messages_are_logged_and_secrets_are_not() {
    let (log, _guard) = Log::start();
    let traffic = TrafficLog::new().except("query-*").unwrap();
    let (server, _) = start(|server| server.log_traffic(traffic));
    let mut client = Client::negotiated(&server.path).await;
    let login = json!({
        "credentials": { "user": "eve", "password": "secret-1" },
        "token": "secret-2",
        "attempts": [{ "user": "adam", "password": "secret-3" }],
    });
    let request = json!({ "execute": "ops-login", "arguments": login, "id": "login" });
    client.send(&request.to_string()).await;
    assert_eq!(client.message().await.unwrap()["event"], "OPS_LOGGED_IN");
    let reply = client.message().await.unwrap();
    assert_eq!(reply["return"]["password"], "secret-1", "the client receives it");
    let misspelt = json!({ "pasword": "secret-4", "token": {"nested": "secret-5"} });
    client.ask(&json!({ "execute": "ops-login", "arguments": misspelt }).to_string()).await;
    client.ask("{'execute': 'no-such-command', 'arguments': {'token': 'secret-6'}}").await;
    client.ask("{'execute': 'query-version'}").await;
    client.ask("{'password': 'secret-7'}").await;
    client.ask("{secret-8}").await;

    let lines = log.lines("qapi_core::traffic");
    let shown: Vec<String> = lines
        .iter()
        .map(|line| format!("{} {}", line.field("direction"), line.message()))
        .collect();
    let all = shown.join("\n");
    assert!(!all.contains("secret-"), "{all}");
    for expected in [
        "out {\"QMP\": ",
        "in {\"execute\": \"qmp_capabilities\"}",
        "in {\"execute\": \"ops-login\", \"arguments\": {\"credentials\": {\"user\": \"eve\", \
         \"password\": \"<secret>\"}, \"token\": \"<secret>\", \"attempts\": [{\"user\": \
         \"adam\", \"password\": \"<secret>\"}]}, \"id\": \"login\"}",
        "\"event\": \"OPS_LOGGED_IN\", \"data\": {\"user\": \"eve\", \"token\": \"<secret>\"}}",
        "out {\"return\": {\"user\": \"eve\", \"password\": \"<secret>\"}, \"id\": \"login\"}",
        "\"arguments\": {\"pasword\": \"<not in the schema>\", \"token\": \"<secret>\"}",
        "in {\"execute\": \"no-such-command\", \"arguments\": \"<not in the schema>\"}",
        "in {\"password\": \"<not in the schema>\"}",
        "out {\"error\": {\"class\": \"CommandNotFound\"",
        "in a message is not JSON",
    ] {
        let found = shown.iter().any(|line| line.contains(expected));
        assert!(found, "{expected}\n{all}");
    }
    assert!(!all.contains("query-version"), "{all}");
}

#[tokio::test]
async fn long_messages_are_shortened() {
    let (log, _guard) = Log::start();
    let (server, _) = start(|server| server.log_traffic(TrafficLog::new().length_limit(30)));
    let mut client = Client::negotiated(&server.path).await;
    client.ask(&json!({ "execute": "ops-nop", "id": "ü".repeat(100) }).to_string()).await;
    soon(std::future::ready(())).await;
    let lines = log.lines("qapi_core::traffic");
    assert!(lines.iter().all(|line| line.message().len() <= 30), "{lines:?}");
    assert!(lines.iter().any(|line| line.field("omitted_bytes").parse() == Ok(602)), "{lines:?}");
}
