//! A subscriber of `tracing` that collects the log of one thread.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Metadata, Subscriber};

/// The lines that were logged since [`Log::start`].
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// The name and the fields of each span.
    spans: Mutex<Vec<String>>,
    entered: Mutex<HashMap<ThreadId, Vec<usize>>>,
    lines: Mutex<Vec<Line>>,
}

/// One line of the log.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) target: String,
    pub(crate) level: String,
    pub(crate) fields: BTreeMap<String, String>,
    /// The spans around the line, as in `call command="quit" session=1`.
    pub(crate) spans: Vec<String>,
}

impl Line {
    pub(crate) fn message(&self) -> &str {
        self.field("message")
    }

    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

impl Log {
    /// Collects the log of this thread until the guard is dropped.
    pub(crate) fn start() -> (Self, DefaultGuard) {
        let log = Self::default();
        let guard = tracing::subscriber::set_default(log.clone());
        (log, guard)
    }

    /// The lines of this target so far.
    pub(crate) fn lines(&self, target: &str) -> Vec<Line> {
        let lines = self.0.lines.lock().unwrap();
        lines.iter().filter(|line| line.target == target).cloned().collect()
    }

    /// The lines with this message so far.
    pub(crate) fn with_message(&self, message: &str) -> Vec<Line> {
        let lines = self.0.lines.lock().unwrap();
        lines.iter().filter(|line| line.message() == message).cloned().collect()
    }
}

#[derive(Default)]
struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        span.record(&mut fields);
        let mut text = span.metadata().name().to_owned();
        for (name, value) in fields.0 {
            let _ = write!(text, " {name}={value}");
        }
        let mut spans = self.0.spans.lock().unwrap();
        spans.push(text);
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let entered = self.0.entered.lock().unwrap();
        let entered = entered.get(&std::thread::current().id()).cloned().unwrap_or_default();
        let spans = self.0.spans.lock().unwrap();
        let line = Line {
            target: metadata.target().to_owned(),
            level: metadata.level().to_string(),
            fields: fields.0,
            spans: entered.iter().map(|index| spans[*index].clone()).collect(),
        };
        self.0.lines.lock().unwrap().push(line);
    }

    fn enter(&self, span: &Id) {
        let mut entered = self.0.entered.lock().unwrap();
        entered
            .entry(std::thread::current().id())
            .or_default()
            .push(span.into_u64() as usize - 1);
    }

    fn exit(&self, _: &Id) {
        let mut entered = self.0.entered.lock().unwrap();
        entered.entry(std::thread::current().id()).or_default().pop();
    }
}
