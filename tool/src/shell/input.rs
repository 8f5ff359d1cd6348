//! What a line of input means.

use serde_json::{Map, Value, json};

use super::line::{Word, split};
use crate::arguments::{Mistake, Node, Typing, arguments, plain};
use crate::schema::Schema;

/// A line that is checked.
#[derive(Debug, PartialEq)]
pub(super) enum Input {
    Empty,
    Exit,
    /// Help about the shell, or about a command.
    Help(Option<String>),
    Jobs,
    /// Which events are shown: patterns of their names.
    Events(Vec<String>),
    /// The following lines are actions of a transaction.
    Begin,
    /// The transaction is complete.
    End,
    /// An action of a transaction.
    Action(Value),
    /// A command of the server.
    Call(String, Map<String, Value>),
}

/// The words that the shell itself executes, each with its purpose.
pub(super) const OWN: &[(&str, &str)] = &[
    ("help", "help: this list; help COMMAND: its arguments"),
    ("jobs", "the progress of all jobs until they have ended; Ctrl-C returns"),
    ("events", "events on, events off, or the names to show: events JOB_*"),
    ("transaction(", "begins a transaction: an action on each line, then )"),
    ("exit", "leaves the shell"),
];

/// A part of a line that is wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// The place of the wrong word in the line, in bytes.
    pub(super) start: usize,
    pub(super) end: usize,
    /// What is wrong, for people.
    pub(super) text: String,
}

/// Reads `line` and compares it with the schema of the server, if there is one.
/// `in_transaction`: the line is an action.
///
/// # Errors
/// The line is no input, or does not fit the schema.
pub(super) fn read(
    line: &str,
    schema: Option<&Schema>,
    in_transaction: bool,
) -> Result<Input, Wrong> {
    let words = split(line).words;
    let Some((first, rest)) = words.split_first() else { return Ok(Input::Empty) };
    let texts = || rest.iter().map(|word| word.text.clone());
    Ok(match (first.text.as_str(), in_transaction) {
        (")", true) => Input::End,
        (_, true) => Input::Action(action(line, first, rest, schema)?),
        ("exit", false) => Input::Exit,
        ("help", false) => Input::Help(texts().next()),
        ("jobs", false) => Input::Jobs,
        ("events", false) => Input::Events(texts().collect()),
        ("transaction(", false) => Input::Begin,
        (text, false) if text.starts_with('{') => request(line, first, schema)?,
        (name, false) => {
            let given = given(line, rest)?;
            let members = check(line, first, rest, schema, |typing| typing.command(name, &given))
                .transpose()?;
            Input::Call(name.to_owned(), members.unwrap_or_else(|| object(plain(&given))))
        }
    })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// The arguments in `words`.
fn given(line: &str, words: &[Word]) -> Result<Node, Wrong> {
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    arguments(&texts).map_err(|refusal| wrong(line, words.get(refusal.word), refusal.text))
}

fn wrong(line: &str, word: Option<&Word>, text: String) -> Wrong {
    let (start, end) = word.map_or((line.len(), line.len() + 1), |word| (word.start, word.end));
    Wrong { start, end, text }
}

/// The result of `typed`, unless it finds mistakes; `None` without a schema.
fn check<T>(
    line: &str,
    first: &Word,
    rest: &[Word],
    schema: Option<&Schema>,
    typed: impl FnOnce(&mut Typing<'_>) -> T,
) -> Option<Result<T, Wrong>> {
    let mut typing = Typing::new(schema?);
    let value = typed(&mut typing);
    Some(match typing.mistakes.into_iter().next() {
        None => Ok(value),
        Some(Mistake::Command(text)) => Err(wrong(line, Some(first), text)),
        Some(Mistake::Word(index, text)) => Err(wrong(line, rest.get(index), text)),
        Some(Mistake::Missing(text)) => Err(wrong(line, None, text)),
    })
}

/// A request in JSON, as on the wire.
fn request(line: &str, word: &Word, schema: Option<&Schema>) -> Result<Input, Wrong> {
    let refuse = |text: String| wrong(line, Some(word), text);
    let request: Value =
        serde_json::from_str(line.trim()).map_err(|error| refuse(format!("no JSON: {error}")))?;
    let command = request.get("execute").and_then(Value::as_str);
    let command = command.ok_or_else(|| refuse("write {\"execute\": COMMAND}".to_owned()))?;
    let members = match request.get("arguments") {
        None => Map::new(),
        Some(Value::Object(members)) => members.clone(),
        Some(_) => return Err(refuse("`arguments` is an object".to_owned())),
    };
    let node = Node::from_json(0, Value::Object(members.clone()));
    let whole = std::slice::from_ref(word);
    if let Some(result) =
        check(line, word, whole, schema, |typing| typing.command(command, &node))
    {
        result?;
    }
    Ok(Input::Call(command.to_owned(), members))
}

/// An action of a transaction: its name and its data as words.
fn action(
    line: &str,
    first: &Word,
    rest: &[Word],
    schema: Option<&Schema>,
) -> Result<Value, Wrong> {
    let data = given(line, rest)?;
    let typed = match schema.filter(|schema| schema.transaction_action().is_some()) {
        None => None,
        Some(schema) => {
            let Some(type_name) = schema.action_data(&first.text) else {
                let text = format!("`{}` is no action of a transaction", first.text);
                return Err(wrong(line, Some(first), text));
            };
            check(line, first, rest, Some(schema), |typing| typing.value(&data, type_name, ""))
                .transpose()?
        }
    };
    let data = typed.unwrap_or_else(|| plain(&data));
    Ok(json!({ "type": first.text, "data": data }))
}

/// The line with a mark under the wrong word, and what is wrong with it.
pub(super) fn describe(line: &str, wrong: &Wrong) -> String {
    let before = line.get(..wrong.start).unwrap_or(line);
    // A line break begins a new line of the mark too.
    let indent = before.rsplit('\n').next().unwrap_or_default().chars().count();
    let marked = line.get(wrong.start..wrong.end).unwrap_or_default();
    let width = marked.lines().next().unwrap_or_default().chars().count().max(1);
    let end = line.get(wrong.end..).and_then(|rest| rest.find('\n'));
    let shown = end.map_or(line, |end| &line[..wrong.end + end]);
    let shown = shown.replace('\n', "\n  ");
    format!("  {shown}\n  {}{} {}", " ".repeat(indent), "^".repeat(width), wrong.text)
}
