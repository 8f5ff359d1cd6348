//! The recorded exchanges in `tests/conformance/wire`.

use serde_json::Value as Json;

/// One exchange with a real QEMU monitor.
pub(crate) struct Case {
    pub(crate) name: String,
    /// All bytes from the client, including the final `query-jobs` of the harness.
    pub(crate) sent: Vec<u8>,
    /// The answers in order.
    pub(crate) expected: Vec<Expected>,
    /// Whether another server may answer differently.
    pub(crate) quirk: bool,
}

/// One recorded answer.
#[derive(Debug)]
pub(crate) enum Expected {
    /// The line, byte for byte.
    Line(String),
    /// A line too long to be recorded: its length, beginning and end.
    LongLine { len: usize, head: String, tail: String },
    /// A message, compared as a JSON value.
    Message(Json),
    /// Any message: it was too long to be recorded.
    LongMessage,
}

/// Sent by the harness after each exchange. Its reply follows all answers.
const SENTINEL: &[u8] = b"{\"execute\": \"query-jobs\", \"id\": \"~end~\"}\n";

/// The cases of one file.
pub(crate) fn load(group: &str) -> Vec<Case> {
    let folder =
        surroundings::package_folder(env!("CARGO_MANIFEST_DIR")).join("conformance/wire/cases");
    let text = std::fs::read_to_string(folder.join(format!("{group}.jsonl"))).unwrap();
    text.lines().map(|line| case(&serde_json::from_str(line).unwrap())).collect()
}

fn case(json: &Json) -> Case {
    let silence = json.get("end").is_some_and(|end| end == "silence");
    let mut sent: Vec<u8> = array(&json["send"]).iter().flat_map(step).collect();
    if !silence {
        sent.extend_from_slice(SENTINEL);
    }
    let by_bytes = json["compare"] == "bytes";
    let expected = array(&json["expect"]).iter().flat_map(|item| expected(item, by_bytes));
    Case {
        name: json["name"].as_str().unwrap().to_owned(),
        sent,
        expected: expected.collect(),
        quirk: json.get("quirk").is_some(),
    }
}

/// The bytes of one step of the harness; none for steps that only wait.
fn step(step: &Json) -> Vec<u8> {
    if let Some(name) = step.get("sync") {
        return format!("{{\"execute\": \"query-jobs\", \"id\": {name}}}\n").into_bytes();
    }
    let written = ["send", "chunks", "bytewise"].iter().find_map(|word| step.get(word));
    written.map(part).unwrap_or_default()
}

fn part(json: &Json) -> Vec<u8> {
    match json {
        Json::String(text) => latin1(text),
        Json::Array(parts) => parts.iter().flat_map(part).collect(),
        Json::Object(repeated) => {
            let repeated = array(&repeated["rep"]);
            let count = usize::try_from(repeated[1].as_u64().unwrap()).unwrap();
            latin1(repeated[0].as_str().unwrap()).repeat(count)
        }
        other => panic!("not a part: {other}"),
    }
}

fn expected(item: &Json, by_bytes: bool) -> Vec<Expected> {
    if item.get("@").is_some() {
        return Vec::new();
    }
    if let Some(count) = item.get("repeat").and_then(Json::as_u64) {
        return (0..count).flat_map(|_| expected(&item["of"], by_bytes)).collect();
    }
    if item.get("json-len").is_some() {
        return vec![Expected::LongMessage];
    }
    let text = |name: &str| item[name].as_str().unwrap().to_owned();
    vec![match item.get("raw-len").and_then(Json::as_u64) {
        Some(len) => {
            let len = usize::try_from(len).unwrap();
            Expected::LongLine { len, head: text("head"), tail: text("tail") }
        }
        None if by_bytes => Expected::Line(item.as_str().unwrap().to_owned()),
        None => Expected::Message(item.clone()),
    }]
}

fn array(json: &Json) -> &[Json] {
    json.as_array().unwrap()
}

/// The case files write bytes as the characters of the same numbers.
fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect()
}
