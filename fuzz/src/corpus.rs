//! The initial corpus: the input of the recorded cases of the conformance suite.

use serde_json::Value;

/// The length limit of a case in bytes. Longer cases test limits, which variations do not explore.
const LONGEST: usize = 8192;

/// The bytes from the client in each recorded case.
///
/// # Panics
/// The cases are missing or malformed.
#[allow(clippy::unwrap_used, reason = "without the cases there is nothing to do")]
pub fn all() -> Vec<Vec<u8>> {
    let folder = surroundings::package_folder(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/conformance/wire/cases");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let texts = files.iter().map(|path| std::fs::read_to_string(path).unwrap());
    let lines: Vec<String> =
        texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let seeds = lines.iter().map(|line| sent(&serde_json::from_str(line).unwrap()));
    seeds.filter(|seed| (1..LONGEST).contains(&seed.len())).collect()
}

/// The bytes from the client in one case.
fn sent(case: &Value) -> Vec<u8> {
    let steps = case["send"].as_array().map(Vec::as_slice).unwrap_or_default();
    let written = |step: &Value| {
        ["send", "chunks", "bytewise"].iter().find_map(|word| step.get(word)).map(part)
    };
    steps.iter().filter_map(written).flatten().collect()
}

/// The bytes of one part of a step. The files represent a byte by the character with the same code
/// point.
fn part(part: &Value) -> Vec<u8> {
    match part {
        Value::String(text) => {
            text.chars().filter_map(|letter| u8::try_from(u32::from(letter)).ok()).collect()
        }
        Value::Array(parts) => parts.iter().flat_map(self::part).collect(),
        Value::Object(_) => match (part["rep"][0].as_str(), part["rep"][1].as_u64()) {
            (Some(text), Some(count)) if count < LONGEST as u64 => {
                text.as_bytes().repeat(usize::try_from(count).unwrap_or(0))
            }
            _ => Vec::new(),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}
