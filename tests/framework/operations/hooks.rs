//! Hooks around every call.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use qapi_core::Error;
use qapi_core::observe::{CallEnd, CallHook, CallInfo, RejectedRequest, SlowCalls};
use serde_json::json;

use super::definitions::start;
use crate::server::fixture::{Client, soon};
use crate::support::log::Log;

/// A hook that records what it sees, and refuses `refused` if it is a command.
#[derive(Clone, Default)]
struct Recorder {
    seen: Arc<Mutex<Vec<String>>>,
    ends: Arc<Mutex<Vec<CallEnd>>>,
    refused: &'static str,
}

impl Recorder {
    fn refusing(refused: &'static str) -> Self {
        Self { refused, ..Self::default() }
    }

    fn push(&self, line: String) {
        self.seen.lock().unwrap().push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

impl CallHook for Recorder {
    fn before(&self, call: &CallInfo<'_>) -> qapi_core::Result<()> {
        let features: Vec<_> = call.features().iter().map(|feature| feature.name).collect();
        let (session, peer) = (call.session.id(), call.session.peer().is_some());
        let listener = call.session.listener();
        self.push(format!(
            "before {} of {} {features:?} session {session} {listener:?} {peer}",
            call.command(),
            call.package()
        ));
        if call.command() == self.refused {
            return Err(Error::generic("Not on Sundays"));
        }
        Ok(())
    }

    fn after(&self, call: &CallInfo<'_>, end: &CallEnd) {
        self.push(format!("after {}: {}", call.command(), end.outcome));
        self.ends.lock().unwrap().push(*end);
    }

    fn rejected(&self, request: &RejectedRequest<'_>) {
        self.push(format!("rejected {}: {}", request.command, request.error));
    }
}

/// A hook that panics in `before` for `ops-nop` and in `after` for all commands.
struct Panicking;

impl CallHook for Panicking {
    fn before(&self, call: &CallInfo<'_>) -> qapi_core::Result<()> {
        assert_ne!(call.command(), "ops-nop");
        Ok(())
    }

    fn after(&self, _: &CallInfo<'_>, _: &CallEnd) {
        panic!("as asked");
    }
}

#[tokio::test]
async fn a_hook_sees_each_call_with_its_facts_and_its_outcome() {
    let recorder = Recorder::refusing("ops-count");
    let hook = recorder.clone();
    let (server, record) = start(|server| server.call_hook(hook));
    let mut client = Client::negotiated(&server.path).await;
    recorder.take();
    let listener = server.path.display().to_string();
    let facts = format!("session 1 {:?} true", Some(listener.as_str()));
    for (request, before, after) in [
        ("ops-nop", "of qapi-tests []", "succeeded"),
        ("ops-fail", "of qapi-tests [\"unstable\"]", "failed (DeviceNotFound)"),
        ("ops-panic", "of qapi-tests []", "panicked"),
        ("ops-occupy", "of qapi-tests []", "failed (GenericError)"),
        ("ops-count", "of qapi-tests []", "refused (GenericError)"),
        ("ops-log-later", "of qapi-tests []", "succeeded"),
        ("ops-wait-briefly", "of qapi-tests []", "deadline-exceeded"),
        ("ops-block", "of qapi-tests []", "deadline-exceeded"),
        ("query-version", "of qapi-core []", "succeeded"),
    ] {
        client.ask(&format!("{{'execute': '{request}'}}")).await;
        let before = format!("before {request} {before} {facts}");
        assert_eq!(recorder.take(), [before, format!("after {request}: {after}")]);
    }
    record.release.store(true, std::sync::atomic::Ordering::Relaxed);
    soon(record.ended.notified()).await;
    let refused = client.ask("{'execute': 'ops-count'}").await;
    assert_eq!(refused["error"]["desc"], "Not on Sundays");
    recorder.take();
    client.ask("{'execute': 'no-such-command'}").await;
    let text = "The command no-such-command has not been found";
    assert_eq!(recorder.take(), [format!("rejected no-such-command: {text}")]);
    assert_eq!(recorder.ends.lock().unwrap().len(), 11, "no call ended twice");
}

#[tokio::test]
async fn times_in_the_queue_and_in_the_function_are_measured() {
    let recorder = Recorder::default();
    let hook = recorder.clone();
    let (server, _) = start(|server| server.call_hook(hook));
    let mut client = Client::connect(&server.path).await;
    let enable = "{'execute': 'qmp_capabilities', 'arguments': {'enable': ['oob']}}";
    client.ask(enable).await;
    recorder.ends.lock().unwrap().clear();
    client
        .send(
            "{'execute': 'ops-wait-briefly'} \
             {'execute': 'ops-occupy', 'arguments': {'time': 30}}",
        )
        .await;
    client.message().await;
    client.message().await;
    let ends = recorder.ends.lock().unwrap().clone();
    let [waited, occupied] = ends.as_slice() else { panic!("{ends:?}") };
    assert!(waited.ran >= Duration::from_millis(20), "{waited:?}");
    assert!(occupied.waited >= Duration::from_millis(15), "behind the first: {occupied:?}");
    assert!(occupied.ran >= Duration::from_millis(30), "{occupied:?}");
}

#[tokio::test]
async fn the_first_hook_that_refuses_decides_and_all_see_the_end() {
    let (first, second) = (Recorder::refusing("ops-nop"), Recorder::default());
    let hooks = (first.clone(), second.clone());
    let (server, _) = start(|server| server.call_hook(hooks.0).call_hook(hooks.1));
    let mut client = Client::negotiated(&server.path).await;
    first.take();
    second.take();
    client.ask("{'execute': 'ops-nop'}").await;
    assert_eq!(first.take().len(), 2);
    assert_eq!(second.take(), ["after ops-nop: refused (GenericError)"]);
}

#[tokio::test]
async fn a_panic_of_a_hook_stays_within_the_call() {
    let (server, _) = start(|server| server.call_hook(Panicking));
    let mut client = Client::negotiated(&server.path).await;
    let reply = client.ask("{'execute': 'ops-nop'}").await;
    assert_eq!(reply["error"]["desc"], "The command ops-nop failed unexpectedly");
    let reply = client.ask("{'execute': 'ops-count'}").await;
    assert_eq!(reply, json!({ "return": 1 }));
    Client::negotiated(&server.path).await;
}

#[tokio::test]
async fn a_function_that_occupies_the_thread_is_reported() {
    let (log, _guard) = Log::start();
    let limit = Duration::from_millis(20);
    let (server, _) = start(|server| server.call_hook(SlowCalls::longer_than(limit)));
    let mut client = Client::negotiated(&server.path).await;
    client.ask("{'execute': 'ops-wait-briefly'}").await;
    for time in [0, 21] {
        let arguments = json!({ "time": time });
        client.ask(&json!({"execute": "ops-occupy", "arguments": arguments}).to_string()).await;
    }
    let text = "a function occupied the server's thread; make it `async` or `blocking`";
    let lines = log.with_message(text);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!((lines[0].field("command"), lines[0].level.as_str()), ("ops-occupy", "WARN"));
}
