//! A server whose replies are those of a script.

use std::io::Write;
use std::os::unix::net::{UnixListener, UnixStream};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The greeting of a server without a version.
pub(crate) const GREETING: &str = r#"{"QMP": {"version": {}, "capabilities": []}}"#;

/// A unix socket with one server for each client.
pub(crate) struct Scripted {
    folder: TempDir,
}

impl Scripted {
    /// A server that handles each connection by `serve`.
    pub(crate) fn raw(mut serve: impl FnMut(UnixStream) + Send + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("socket")).unwrap();
        // The thread ends with the process.
        std::thread::spawn(move || listener.incoming().for_each(|stream| serve(stream.unwrap())));
        Self { folder }
    }

    /// A server that answers each command with the messages that `respond` returns for its name.
    /// Replies get the id of the command.
    pub(crate) fn new(mut respond: impl FnMut(&str) -> Vec<Value> + Send + 'static) -> Self {
        Self::raw(move |mut stream| {
            writeln!(stream, "{GREETING}").unwrap();
            let input = stream.try_clone().unwrap();
            for request in serde_json::Deserializer::from_reader(input).into_iter::<Value>() {
                let Ok(request) = request else { return };
                let messages = match request["execute"].as_str().unwrap() {
                    "qmp_capabilities" => vec![json!({ "return": {} })],
                    command => respond(command),
                };
                for mut message in messages {
                    if message.get("event").is_none() {
                        message["id"] = request["id"].clone();
                    }
                    let _ = writeln!(stream, "{message}");
                }
            }
        })
    }

    pub(crate) fn address(&self) -> String {
        self.folder.path().join("socket").display().to_string()
    }
}

/// An event.
pub(crate) fn event(name: &str, data: Value) -> Value {
    json!({ "event": name, "data": data, "timestamp": { "seconds": 1, "microseconds": 2 } })
}
