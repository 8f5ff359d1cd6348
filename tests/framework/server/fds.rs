//! File descriptors that clients pass with `SCM_RIGHTS`.

use std::io::{IoSlice, Read, Seek, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use qapi_core::call::fds::UNCLAIMED_LIMIT;
use qapi_core::commands::fds;
use qapi_core::prelude::*;
use qapi_core::registry::{Registry, registered};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde_json::{Value, json};

use super::fixture::{Client, Running, soon};

/// Reads a file that the client has passed with `getfd`.
#[qapi_command(returns_exception)]
fn test_fd_read(
    /// The file's name.
    #[qapi(fd)]
    file: OwnedFd,
    /// The number of bytes to read.
    size: u64,
) -> qapi_core::Result<String> {
    let mut text = String::new();
    std::fs::File::from(file).take(size).read_to_string(&mut text)?;
    Ok(text)
}

/// Returns whether the call names a file.
#[qapi_command(returns_exception)]
async fn test_fd_given(#[qapi(fd)] file: Option<OwnedFd>) -> bool {
    file.is_some()
}

/// The commands of this module. `served` adds `getfd` and `closefd`.
fn registry(served: bool) -> Registry {
    let wanted = registered().filter(|registration| {
        let source = registration.definition().source;
        let module = source.module;
        source.package == "qapi-core"
            || module.starts_with("main::session")
            || module.starts_with("main::server::fds")
    });
    Registry::from_registrations(
        wanted.chain(fds::registrations().into_iter().filter(|_| served)),
    )
    .unwrap()
}

fn server() -> Running {
    Running::start_with(|server| server.registry(registry(true)).enable_fd_passing())
}

/// A client that can send descriptors.
struct Sender {
    socket: UnixStream,
    client: Client,
}

impl Sender {
    async fn negotiated(server: &Running) -> Self {
        let socket = UnixStream::connect(&server.path).unwrap();
        let stream = socket.try_clone().unwrap();
        stream.set_nonblocking(true).unwrap();
        let mut client = Client::unix(stream.try_into().unwrap());
        client.negotiate().await;
        Self { socket, client }
    }

    /// Sends `text` with the descriptors `fds`, and returns the reply.
    async fn ask_with(&mut self, text: &str, fds: &[BorrowedFd<'_>]) -> Value {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(20))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        assert!(control.push(SendAncillaryMessage::ScmRights(fds)));
        let sent = [IoSlice::new(text.as_bytes())];
        let count = sendmsg(&self.socket, &sent, &mut control, SendFlags::empty()).unwrap();
        assert_eq!(count, text.len());
        self.client.message().await.unwrap()
    }

    async fn getfd(&mut self, name: &str, fd: impl AsFd) -> Value {
        self.ask_with(&command("getfd", name), &[fd.as_fd()]).await
    }

    async fn ask(&mut self, text: &str) -> Value {
        self.client.ask(text).await
    }
}

fn command(command: &str, name: &str) -> String {
    json!({"execute": command, "arguments": {"fdname": name}}).to_string()
}

fn read_command(name: &str) -> String {
    json!({"execute": "test-fd-read", "arguments": {"file": name, "size": 100}}).to_string()
}

fn error(reply: &Value) -> &str {
    assert_eq!(reply["error"]["class"], "GenericError", "{reply}");
    reply["error"]["desc"].as_str().unwrap()
}

fn file_with(text: &str) -> std::fs::File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file.rewind().unwrap();
    file
}

/// Waits until every copy of the other end of `pipe` is closed.
async fn closed(mut pipe: std::io::PipeReader) {
    let end = tokio::task::spawn_blocking(move || pipe.read(&mut [0]));
    assert_eq!(soon(end).await.unwrap().unwrap(), 0);
}

#[tokio::test]
async fn a_function_receives_the_file_that_the_client_names() {
    let server = server();
    let mut sender = Sender::negotiated(&server).await;
    assert_eq!(sender.getfd("disk", file_with("data")).await, json!({"return": {}}));
    assert_eq!(sender.ask(&read_command("disk")).await, json!({"return": "data"}));
    let again = sender.ask(&read_command("disk")).await;
    assert_eq!(error(&again), "File descriptor named 'disk' has not been found");
}

#[tokio::test]
async fn a_file_may_be_optional() {
    let server = server();
    let mut sender = Sender::negotiated(&server).await;
    let without = sender.ask(r#"{"execute": "test-fd-given"}"#).await;
    assert_eq!(without, json!({"return": false}));
    sender.getfd("f", file_with("")).await;
    let with = sender.ask(r#"{"execute": "test-fd-given", "arguments": {"file": "f"}}"#).await;
    assert_eq!(with, json!({"return": true}));
}

#[tokio::test]
async fn a_refused_call_leaves_the_file_in_the_session() {
    let server = server();
    let mut sender = Sender::negotiated(&server).await;
    sender.getfd("disk", file_with("data")).await;
    let refused = sender
        .ask(r#"{"execute": "test-fd-read", "arguments": {"file": "disk", "size": "x"}}"#)
        .await;
    assert_eq!(error(&refused), "Parameter 'size' expects uint64");
    let refused =
        sender.ask(r#"{"execute": "test-fd-read", "arguments": {"file": 1, "size": 1}}"#).await;
    assert_eq!(error(&refused), "Invalid parameter type for 'file', expected: string");
    assert_eq!(sender.ask(&read_command("disk")).await, json!({"return": "data"}));
}

#[tokio::test]
async fn names_are_checked_as_by_qemu() {
    let server = server();
    let mut sender = Sender::negotiated(&server).await;
    let none = sender.ask(&command("getfd", "disk")).await;
    assert_eq!(error(&none), "No file descriptor supplied via SCM_RIGHTS");
    let (reader, writer) = std::io::pipe().unwrap();
    let digit = sender.getfd("1disk", &writer).await;
    assert_eq!(error(&digit), "Parameter 'fdname' expects a name not starting with a digit");
    drop(writer);
    closed(reader).await;
    let unknown = sender.ask(&command("closefd", "disk")).await;
    assert_eq!(error(&unknown), "File descriptor named 'disk' not found");
}

#[tokio::test]
async fn a_file_is_closed_on_replacement_closefd_and_disconnect() {
    let server = server();
    let mut sender = Sender::negotiated(&server).await;
    let (first, writer) = std::io::pipe().unwrap();
    sender.getfd("pipe", writer).await;
    let (second, writer) = std::io::pipe().unwrap();
    sender.getfd("pipe", writer).await;
    closed(first).await;
    assert_eq!(sender.ask(&command("closefd", "pipe")).await, json!({"return": {}}));
    closed(second).await;
    let (third, writer) = std::io::pipe().unwrap();
    sender.getfd("pipe", writer).await;
    drop(sender);
    closed(third).await;
}

#[tokio::test]
async fn a_file_that_no_command_takes_is_closed() {
    let server = server();
    let mut sender = Sender::negotiated(&server).await;
    let (reader, writer) = std::io::pipe().unwrap();
    sender.ask_with(r#"{"execute": "test-count-now"}"#, &[writer.as_fd()]).await;
    drop(writer);
    sender.getfd("other", file_with("data")).await;
    closed(reader).await;
    assert_eq!(sender.ask(&read_command("other")).await, json!({"return": "data"}));
}

#[tokio::test]
async fn a_message_carries_several_files_up_to_a_limit() {
    let server = server();
    let mut sender = Sender::negotiated(&server).await;
    let (one, other) = (file_with("one"), file_with("other"));
    let first = sender.ask_with(&command("getfd", "one"), &[one.as_fd(), other.as_fd()]).await;
    assert_eq!(first, json!({"return": {}}));
    assert_eq!(sender.ask(&command("getfd", "other")).await, json!({"return": {}}));
    assert_eq!(sender.ask(&read_command("other")).await, json!({"return": "other"}));
    let many: Vec<BorrowedFd<'_>> = (0..20).map(|_| one.as_fd()).collect();
    sender.ask_with(&command("getfd", "many0"), &many).await;
    for index in 1..UNCLAIMED_LIMIT {
        let reply = sender.ask(&command("getfd", &format!("many{index}"))).await;
        assert_eq!(reply, json!({"return": {}}), "{index}");
    }
    let beyond = sender.ask(&command("getfd", "beyond")).await;
    assert_eq!(error(&beyond), "No file descriptor supplied via SCM_RIGHTS");
}

#[tokio::test]
async fn each_session_has_its_own_files() {
    let server = server();
    let mut sender = Sender::negotiated(&server).await;
    let mut other = Sender::negotiated(&server).await;
    sender.getfd("disk", file_with("data")).await;
    let unknown = other.ask(&read_command("disk")).await;
    assert_eq!(error(&unknown), "File descriptor named 'disk' has not been found");
}

#[tokio::test]
async fn no_file_is_received_without_getfd() {
    let server = Running::start_with(|server| server.registry(registry(false)));
    let mut sender = Sender::negotiated(&server).await;
    let (reader, writer) = std::io::pipe().unwrap();
    let refused = sender.getfd("pipe", writer).await;
    assert_eq!(refused["error"]["class"], "CommandNotFound");
    closed(reader).await;
    let commands = sender.ask(r#"{"execute": "query-commands"}"#).await;
    assert!(!commands.to_string().contains("getfd"), "{commands}");
}

#[test]
fn the_schema_shows_a_file_as_a_string() {
    let registry = registry(true);
    assert!(registry.command("getfd").is_some() && registry.command("closefd").is_some());
    let schema: Value = serde_json::from_slice(registry.introspection()).unwrap();
    let schema = schema.as_array().unwrap();
    let named = |name: &Value| schema.iter().find(|info| info["name"] == *name).unwrap();
    let arguments = named(&named(&json!("test-fd-read"))["arg-type"]);
    assert_eq!(arguments["members"][0], json!({"name": "file", "type": "str"}));
    let arguments = named(&named(&json!("test-fd-given"))["arg-type"]);
    assert_eq!(arguments["members"][0], json!({"name": "file", "type": "str", "default": null}));
}
