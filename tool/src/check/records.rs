//! Findings for programs.

use qapi_schema::source::Span;
use qapi_schema::{Finding, Schema};
use serde_json::{Map, Value, json};

use crate::github;

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

/// An annotation for each finding, at the line of the token.
pub(super) fn github(schema: &Schema, findings: &[Finding]) -> String {
    let annotation = |finding: &Finding| {
        let place = finding.token.map(|token| {
            let file = schema.sources().file(token);
            (file.path(), file.line(token.start), Some(file.column(token.start)))
        });
        let help = finding.help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
        let text = format!("{}{help}", finding.message);
        github::annotation(finding.level.as_str(), place, None, &text)
    };
    findings.iter().map(annotation).collect()
}
