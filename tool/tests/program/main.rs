//! The program `qapi` against servers of this process, and against QEMU's.
//!
//! | module | subject |
//! |---|---|
//! | `call` | arguments, output and statuses of `qapi call`, with a server of `qapi-core` |
//! | `bad_servers` | servers that hang, close, talk nonsense |
//! | `addresses` | each form of an address |
//! | `diff` | `qapi diff`: each kind of schema, each form of report |
//! | `doc` | `qapi doc` |
//! | `events` | `qapi events` |
//! | `jobs` | `qapi job`, with scripted ends |
//! | `pages` | completions and manual pages |
//! | `peers` | servers that are programs, such as `qemu-storage-daemon` |
//! | `shell` | lines from standard input |
//! | `terminal` | the shell in a terminal (tmux) |

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod addresses;
mod bad_servers;
mod call;
mod diff;
mod doc;
mod events;
mod jobs;
mod pages;
mod peers;
mod scripted;
mod server;
mod shell;
mod terminal;

use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Stdio};

/// How the program ended.
#[derive(Debug)]
struct Ended {
    status: i32,
    out: String,
    err: String,
}

/// Runs the program.
fn qapi<S: AsRef<OsStr>>(arguments: &[S]) -> Ended {
    qapi_with_input(arguments, "")
}

/// Runs the program with `input` on its standard input.
fn qapi_with_input<S: AsRef<OsStr>>(arguments: &[S], input: &str) -> Ended {
    let mut child = Command::new(env!("CARGO_BIN_EXE_qapi"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // The program may end without reading its input.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended {
        status: output.status.code().unwrap(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}
