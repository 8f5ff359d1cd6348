//! Answers of the decoder, compared with those of QEMU to the same bytes.

use serde_json::Value as Json;

use super::replay::{Answer, answers, random_chunks};
use crate::support::recorded_exchanges::{Expected, load};

/// The groups whose answers depend on bytes alone, except for replies of commands.
const GROUPS: &[&str] = &[
    "envelope",
    "lex-number",
    "lex-state",
    "lex-stray",
    "lex-string",
    "lex-utf8",
    "limits",
    "nesting",
    "output",
    "parse",
    "recovery",
    "stream",
];

#[test]
fn answers_equal_the_recorded_ones() {
    let mut wrong = Vec::new();
    let mut checked = 0;
    for case in GROUPS.iter().flat_map(|group| load(group)) {
        if case.quirk {
            continue;
        }
        let answers = answers([case.sent.as_slice()]);
        let same = answers.len() == case.expected.len()
            && answers
                .iter()
                .zip(&case.expected)
                .all(|(answer, expected)| agree(answer, expected));
        if !same {
            wrong.push(format!("{}:\n  {answers:?}\n  {:?}", case.name, case.expected));
        }
        checked += 1;
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
    assert!(checked > 700, "only {checked} cases were found");
}

#[test]
fn chunks_do_not_change_the_answers() {
    /// Larger exchanges take seconds byte by byte, and are mostly repetitions of one byte.
    const SMALL: usize = 16 << 10;
    let cases = GROUPS.iter().flat_map(|group| load(group));
    for case in cases.filter(|case| case.sent.len() <= SMALL) {
        let sent = case.sent.as_slice();
        let whole = answers([sent]);
        assert_eq!(answers(sent.chunks(1)), whole, "{} byte by byte", case.name);
        for seed in 0..3 {
            assert_eq!(answers(random_chunks(sent, seed)), whole, "{} seed {seed}", case.name);
        }
    }
}

fn agree(answer: &Answer, expected: &Expected) -> bool {
    let line = match (answer, expected) {
        (_, Expected::LongMessage) => return true,
        (Answer::Reply, _) => return !is_about_bytes(expected),
        (Answer::Line(line), _) => str::from_utf8(line).unwrap(),
    };
    match expected {
        Expected::Line(wanted) => line == wanted,
        Expected::LongLine { len, head, tail } => {
            line.len() == *len && line.starts_with(head) && line.ends_with(tail)
        }
        Expected::Message(wanted) => serde_json::from_str::<Json>(line).unwrap() == *wanted,
        Expected::LongMessage => true,
    }
}

/// Whether an answer is about bytes, not the reply of a command.
fn is_about_bytes(expected: &Expected) -> bool {
    let text = match expected {
        Expected::Line(line) | Expected::LongLine { head: line, .. } => line.clone(),
        Expected::Message(message) => message.to_string(),
        Expected::LongMessage => return false,
    };
    text.contains("JSON parse error") || text.contains("QMP input must be a JSON object")
}
