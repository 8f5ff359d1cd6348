//! Names that are keywords since edition 2018.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
#![allow(deprecated, clippy::redundant_field_names, reason = "of edition 2015")]

extern crate qmp;
extern crate tokio;

use qmp::testing::TestClient;
use qmp::{qapi_command, qapi_struct};
use qmp::{Registry, Service, StateMap};
use std::sync::Arc;

/// How a copy is made.
#[qapi_struct(crate = qmp)]
#[derive(Debug)]
pub struct CopyMode {
    /// Whether the caller does not wait.
    pub async: bool,
    /// The number of tries.
    pub try: u8,
}

/// Returns how a copy is made.
#[qapi_command(crate = qmp)]
fn copy_mode(async: bool, try: &str) -> Result<CopyMode, String> {
    let number = try!(try.parse::<u8>().map_err(|error| error.to_string()));
    Ok(CopyMode { async: async, try: number })
}

/// Waits for a copy.
#[qapi_command(crate = qmp)]
fn await(copy: CopyMode) {
    assert!(copy.async);
}

#[test]
fn arguments_members_and_commands_have_these_names() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let service = Service::new(Registry::collect().unwrap(), StateMap::default()).unwrap();
    let _guard = runtime.enter();
    let mut client = runtime.block_on(TestClient::negotiated(&Arc::new(service)));
    for &(request, reply) in &[
        (
            "{'execute': 'copy-mode', 'arguments': {'async': true, 'try': '3'}}",
            r#"{"async":true,"try":3}"#,
        ),
        (
            "{'execute': 'copy-mode', 'arguments': {'async': true, 'try': 'x'}}",
            "invalid digit found in string",
        ),
        (
            "{'execute': 'await', 'arguments': {'copy': {'async': true, 'try': 1}}}",
            r#"{"return":{}}"#,
        ),
    ] {
        let answer = runtime.block_on(client.ask(request)).to_string();
        assert!(answer.contains(reply), "{}: {}", request, answer);
    }
}
