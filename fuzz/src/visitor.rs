//! Visitor: any arguments for commands of every shape.

use std::cell::RefCell;

use qapi_core::session::Session;
use qapi_core::wire::{Decoded, Decoder, to_vec};
use serde_json::{Value, json};

use crate::session::{feed, session};

/// Executes a command with an object from `input` as its arguments. The first byte selects the
/// command. If `input` is a whole request, as in the recorded cases, its command and arguments
/// are used.
///
/// # Panics
/// As for sessions.
pub fn run(input: &[u8]) {
    let Some((&first, mut rest)) = input.split_first() else { return };
    let mut decoder = Decoder::new();
    let whole = &mut &*input;
    let recorded = decoded(&mut decoder, whole);
    let arguments = match recorded.as_ref().and_then(|request| request.get("arguments")) {
        Some(arguments) => Some(arguments.clone()),
        None => decoded(&mut Decoder::new(), &mut rest),
    };
    let Some(arguments @ Value::Object(_)) = arguments else { return };
    let named = recorded.as_ref().and_then(|request| request.get("execute"));
    let command = match named.and_then(Value::as_str).filter(|name| COMMANDS.contains(name)) {
        Some(name) => name,
        None => COMMANDS[usize::from(first) % COMMANDS.len()],
    };
    let request = json!({ "execute": command, "arguments": arguments });
    thread_local!(static SESSION: RefCell<Session> = RefCell::new({
        let mut session = session();
        feed(&mut session, b"{'execute': 'qmp_capabilities'}");
        session
    }));
    let request = to_vec(&request).expect("any JSON value can be written");
    SESSION.with(|session| feed(&mut session.borrow_mut(), &request));
}

fn decoded(decoder: &mut Decoder, input: &mut &[u8]) -> Option<Value> {
    match decoder.decode(input)? {
        Decoded::Message(document) => Some(document.root().to_json()),
        Decoded::Error(_) => None,
    }
}

/// The commands of the recorded cases that take arguments.
const COMMANDS: &[&str] = &[
    "block-dirty-bitmap-add",
    "block-dirty-bitmap-merge",
    "block-export-add",
    "block-job-change",
    "block-job-set-speed",
    "block-set-write-threshold",
    "block-stream",
    "block_resize",
    "blockdev-add",
    "blockdev-backup",
    "blockdev-create",
    "blockdev-mirror",
    "blockdev-reopen",
    "blockdev-snapshot",
    "chardev-add",
    "nbd-server-start",
    "object-add",
    "qmp_capabilities",
    "qom-set",
    "query-named-block-nodes",
    "ringbuf-read",
    "transaction",
    "x-blockdev-set-iothread",
];
