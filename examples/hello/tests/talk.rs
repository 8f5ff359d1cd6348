//! Talks to the example as its clients do.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{BufRead, BufReader, Lines, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// The longest time that anything here may take.
const LIMIT: Duration = Duration::from_secs(30);

/// The example's program, ended at the latest with the test.
struct Hello(Child);

impl Drop for Hello {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Client {
    stream: UnixStream,
    lines: Lines<BufReader<UnixStream>>,
}

impl Client {
    fn connect(path: &Path) -> Self {
        let start = Instant::now();
        let stream = loop {
            match UnixStream::connect(path) {
                Ok(stream) => break stream,
                Err(error) => assert!(start.elapsed() < LIMIT, "{error}"),
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let mut client = Self { stream, lines };
        assert!(client.line().starts_with("{\"QMP\": "));
        assert_eq!(client.ask("{'execute': 'qmp_capabilities'}"), "{\"return\": {}}");
        client
    }

    fn ask(&mut self, command: &str) -> String {
        self.stream.write_all(command.as_bytes()).unwrap();
        self.line()
    }

    fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }
}

#[test]
fn greets_counts_and_tells_everybody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hello.sock");
    let mut hello = Hello(Command::new(env!("CARGO_BIN_EXE_hello")).arg(&path).spawn().unwrap());
    let mut first = Client::connect(&path);
    let mut second = Client::connect(&path);

    let event = first.ask("{'execute': 'greet', 'arguments': {'name': 'world'}, 'id': 1}");
    assert!(event.contains("\"event\": \"GREETED\""), "{event}");
    assert_eq!(first.line(), "{\"return\": {\"count\": 1}, \"id\": 1}");
    let event = second.line();
    assert!(event.contains("\"name\": \"world\""), "{event}");
    assert_eq!(second.ask("{'execute': 'query-greetings'}"), "{\"return\": {\"count\": 1}}");

    let refused = second.ask("{'execute': 'greet', 'arguments': {'name': 7}}");
    let text = "Invalid parameter type for 'name', expected: string";
    assert!(refused.contains(text), "{refused}");

    assert_eq!(second.ask("{'execute': 'quit'}"), "{\"return\": {}}");
    assert!(hello.0.wait().unwrap().success());
    assert!(!path.exists(), "the socket is left behind");
}
