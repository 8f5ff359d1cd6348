//! A flood of events to many clients. One of the clients never reads.
//!
//! `QAPI_FLOOD=clients,events,limit` sets the numbers; `limit` is in bytes. The full size is
//! `QAPI_FLOOD=1000,100000,16777216 cargo test --release -p qapi-tests slow_client -- --nocapture`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use qapi_core::prelude::*;
use qapi_core::{Listener, Server, Shutdown};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::support::registry::registry_of;

/// Emitted many times in a row.
#[qapi_event]
struct FloodDrop {
    number: u64,
    filling: String,
}

/// Returns without delay.
#[qapi_command(returns_exception)]
fn flood_ask() -> u64 {
    7
}

/// The number of events between two waits. Each wait ends when the reading clients have received
/// all events.
const BURST: u64 = 100;

/// The memory bound of the process for each reading client, in bytes. It covers the buffers on both
/// sides and one burst.
const CLIENT_MEMORY: u64 = 192 << 10;

/// The environment variable that marks the child process, whose memory the test measures.
const MEASURED: &str = "QAPI_TEST_FLOOD";

#[derive(Debug, Clone, Copy)]
struct Size {
    clients: u64,
    events: u64,
    limit: u64,
}

impl Size {
    fn wanted() -> Self {
        let text = std::env::var("QAPI_FLOOD").unwrap_or_else(|_| "100,3000,262144".to_owned());
        let numbers: Vec<u64> = text.split(',').map(|number| number.parse().unwrap()).collect();
        let [clients, events, limit] = numbers[..] else {
            panic!("QAPI_FLOOD needs three numbers: {text}")
        };
        Self { clients, events, limit }
    }
}

/// The current and the maximal resident memory of the process, in bytes.
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
    };
    (of("VmRSS:"), of("VmHWM:"))
}

/// Connects to the server at `path` and negotiates.
async fn connect(path: &std::path::Path) -> UnixStream {
    let mut stream = UnixStream::connect(path).await.unwrap();
    stream.write_all(b"{\"execute\": \"qmp_capabilities\"}").await.unwrap();
    let mut output = Vec::new();
    while !output.ends_with(b"{\"return\": {}}\r\n") {
        assert_ne!(stream.read_buf(&mut output).await.unwrap(), 0);
    }
    stream
}

/// Reads from one client to the end of its session, and counts the events.
async fn read_all(mut stream: UnixStream, count: Arc<AtomicU64>) {
    let mut buffer = Vec::with_capacity(16 << 10);
    while stream.read_buf(&mut buffer).await.unwrap_or(0) > 0 {
        let lines = buffer.iter().filter(|byte| **byte == b'\n').count();
        count.fetch_add(lines as u64, Ordering::Relaxed);
        buffer.clear();
    }
}

/// A client that executes commands between events.
struct Asking(UnixStream, Vec<u8>);

impl Asking {
    async fn ask(&mut self) -> Duration {
        let start = Instant::now();
        self.0.write_all(b"{\"execute\": \"flood-ask\"}").await.unwrap();
        loop {
            if let Some(at) = self.1.windows(13).position(|bytes| bytes == b"{\"return\": 7}") {
                self.1.drain(..at + 13);
                return start.elapsed();
            }
            assert_ne!(
                self.0.read_buf(&mut self.1).await.unwrap(),
                0,
                "the client is still connected"
            );
        }
    }
}

/// Starts the server on its own thread. The returned counter counts overflows.
fn serve(path: &std::path::Path, size: Size) -> (Events, Shutdown, Arc<AtomicU64>) {
    let overflows = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&overflows);
    let server = Server::new()
        .registry(registry_of("main::events::slow_client"))
        .client_limit(usize::try_from(size.clients).unwrap())
        .output_limit(usize::try_from(size.limit).unwrap())
        .on_overflow(move |session| {
            assert!(session.peer().is_some());
            counted.fetch_add(1, Ordering::Relaxed);
        })
        .listen(Listener::unix(path).unwrap());
    let (events, shutdown) = (server.events(), server.shutdown());
    std::thread::spawn(move || server.run().unwrap());
    (events, shutdown, overflows)
}

async fn flood(size: Size) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("qmp.sock");
    let (before, _) = memory();
    let (events, shutdown, overflows) = serve(&path, size);
    let (mut readers, read) = (tokio::task::JoinSet::new(), Arc::new(AtomicU64::new(0)));
    let idle = connect(&path).await;
    let mut asking = Asking(connect(&path).await, Vec::new());
    for _ in 2..size.clients {
        readers.spawn(read_all(connect(&path).await, Arc::clone(&read)));
    }
    let (start, mut slowest) = (Instant::now(), Duration::ZERO);
    for number in 0..size.events {
        events.emit(&FloodDrop { number, filling: "x".repeat(200) });
        if (number + 1) % BURST == 0 {
            slowest = slowest.max(asking.ask().await);
            while read.load(Ordering::Relaxed) < (number + 1) * (size.clients - 2) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
    let (elapsed, (_, most)) = (start.elapsed(), memory());
    let grown = most.saturating_sub(before);
    println!("{size:?}: {elapsed:?}, slowest reply {slowest:?}, grown by {grown} bytes");
    assert_eq!(
        overflows.load(Ordering::Relaxed),
        1,
        "the session of the client that does not read has ended"
    );
    // A buffer doubles when it grows, so the buffer of the idle client may have twice its limit.
    let bound = 2 * size.limit + CLIENT_MEMORY * size.clients;
    assert!(grown <= bound, "grown by {grown} bytes, more than {bound}");
    drop(idle);
    shutdown.request();
    while readers.join_next().await.is_some() {}
    assert_eq!(read.load(Ordering::Relaxed), size.events * (size.clients - 2));
}

/// Raises the limit of open files of the process to its hard limit. Each client needs two files.
fn allow_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}

#[test]
fn a_client_that_never_reads_costs_the_others_nothing() {
    let size = Size::wanted();
    if std::env::var_os(MEASURED).is_some() {
        allow_files();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(flood(size));
        return;
    }
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "events::slow_client::a_client_that_never_reads_costs_the_others_nothing",
        ])
        .args(["--nocapture"])
        .env(MEASURED, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("grown by"), "{text}{errors}");
}
