//! Findings for programs.

use qapi_schema::source::Span;
use qapi_schema::{Finding, Schema};
use serde_json::{Map, Value, json};

/// A JSON object for each finding, a line each.
///
/// `line` is the line that QEMU's schema compiler blames: for an error in a definition the first
/// line of the definition. `token` is the place of the wrong token.
pub(super) fn json(schema: &Schema, findings: &[Finding]) -> String {
    let record = |finding: &Finding| {
        let place = finding.place.map(|place| place_of(schema, place));
        let mut object = place.unwrap_or_default();
        object.insert("level".to_owned(), finding.level.as_str().into());
        object.insert("message".to_owned(), finding.message.as_str().into());
        if let Some(help) = &finding.help {
            object.insert("help".to_owned(), help.as_str().into());
        }
        if let Some(lint) = finding.lint {
            object.insert("lint".to_owned(), lint.into());
        }
        if let Some(token) = finding.token {
            let mut place = place_of(schema, token);
            let length = schema.sources().text(token).chars().count();
            place.insert("length".to_owned(), length.into());
            object.insert("token".to_owned(), place.into());
        }
        let related = finding.related.iter().map(|(span, part)| {
            let mut place = place_of(schema, *span);
            place.insert("message".to_owned(), part.as_str().into());
            Value::from(place)
        });
        let related: Vec<_> = related.collect();
        if !related.is_empty() {
            object.insert("related".to_owned(), related.into());
        }
        format!("{}\n", Value::from(object))
    };
    findings.iter().map(record).collect()
}

fn place_of(schema: &Schema, span: Span) -> Map<String, Value> {
    let file = schema.sources().file(span);
    let place = json!({
        "file": file.path(),
        "line": file.line(span.start),
        "column": file.column(span.start),
    });
    match place {
        Value::Object(place) => place,
        _ => Map::new(),
    }
}

/// A command of GitHub's workflows for each finding, which annotates the line of the token.
pub(super) fn github(schema: &Schema, findings: &[Finding]) -> String {
    let command = |finding: &Finding| {
        let place = finding.token.map_or_else(String::new, |token| {
            let file = schema.sources().file(token);
            let (line, column) = (file.line(token.start), file.column(token.start));
            format!(" file={},line={line},col={column}", property(file.path()))
        });
        let help = finding.help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
        let text = data(&format!("{}{help}", finding.message));
        format!("::{}{place}::{text}\n", finding.level.as_str())
    };
    findings.iter().map(command).collect()
}

/// `text` as the message of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// `text` as the value of a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
