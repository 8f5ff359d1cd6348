//! The smallest whole daemon: one state, two commands, one event.
//!
//! Run it with the path of a socket, and talk to it:
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

use qapi_core::prelude::*;

/// How many have been greeted. A server has one, and hands it to the commands that ask for it.
#[derive(Default)]
struct Greetings(AtomicI64);

/// What there is to know about the greetings so far.
#[qapi_struct(since = "1.0")]
struct GreetingInfo {
    /// How many have been greeted.
    count: i64,
}

/// Somebody has been greeted. Every client hears of it.
#[qapi_event(since = "1.0")]
struct Greeted {
    /// Who it was.
    name: String,
    /// How many have been greeted by now.
    count: i64,
}

/// Greets somebody.
#[qapi_command(since = "1.0", client)]
fn greet(
    #[qapi(state)] greetings: &Greetings,
    #[qapi(state)] events: &Events,
    /// Whom to greet.
    name: &str,
) -> GreetingInfo {
    let count = greetings.0.fetch_add(1, Ordering::Relaxed) + 1;
    events.emit(&Greeted { name: name.to_owned(), count });
    GreetingInfo { count }
}

/// Tells of the greetings so far.
#[qapi_command(since = "1.0", client)]
fn query_greetings(#[qapi(state)] greetings: &Greetings) -> GreetingInfo {
    GreetingInfo { count: greetings.0.load(Ordering::Relaxed) }
}

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("Usage: hello SOCKET");
        return ExitCode::FAILURE;
    };
    let server = Server::new().state(Greetings::default()).listen_unix(path);
    match server.and_then(Server::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hello: {error}");
            ExitCode::FAILURE
        }
    }
}
