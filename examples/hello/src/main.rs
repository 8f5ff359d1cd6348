//! The smallest complete daemon: one state, two commands, one event.
//!
//! Run it with the path of a socket, and send it commands:
//!
//! ```console
//! $ cargo run -p hello /tmp/hello.sock &
//! $ printf '%s' '{"execute": "qmp_capabilities"}' \
//!     '{"execute": "greet", "arguments": {"name": "world"}}' '{"execute": "quit"}' |
//!     socat -t 5 - UNIX:/tmp/hello.sock
//! ```

#[cfg(test)]
mod tests;

use std::process::ExitCode;
use std::sync::atomic::{AtomicI64, Ordering};

use qapi_core::ServerVersion;
use qapi_core::prelude::*;

/// The number of greetings. The server owns this state, and passes it to each command that has a
/// parameter of this type.
#[derive(Default)]
struct Greetings(AtomicI64);

/// Information about the greetings so far.
#[qapi_struct(since = "1.0")]
struct GreetingInfo {
    /// The number of greetings.
    count: i64,
}

/// Emitted to every client after a greeting.
#[qapi_event(since = "1.0")]
struct Greeted {
    /// The name from the command.
    name: String,
    /// The number of greetings, with this one.
    count: i64,
}

/// Greets someone by name, and emits an event.
#[qapi_command(since = "1.0", client)]
fn greet(
    #[qapi(state)] greetings: &Greetings,
    #[qapi(state)] events: &Events,
    /// The name for the greeting.
    name: &str,
) -> GreetingInfo {
    let count = greetings.0.fetch_add(1, Ordering::Relaxed) + 1;
    events.emit(&Greeted { name: name.to_owned(), count });
    GreetingInfo { count }
}

/// Returns information about the greetings so far.
#[qapi_command(since = "1.0", client)]
fn query_greetings(#[qapi(state)] greetings: &Greetings) -> GreetingInfo {
    GreetingInfo { count: greetings.0.load(Ordering::Relaxed) }
}

/// The server of this daemon, which the tests run too.
fn server() -> Server {
    let version = ServerVersion::with_package(concat!("hello ", env!("CARGO_PKG_VERSION")));
    Server::new().version(version).state(Greetings::default())
}

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("Usage: hello SOCKET");
        return ExitCode::FAILURE;
    };
    match server().listen_unix(path).and_then(Server::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hello: {error}");
            ExitCode::FAILURE
        }
    }
}
