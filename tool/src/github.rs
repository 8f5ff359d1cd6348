//! Annotations of GitHub's workflows: commands that a step of a workflow prints.

use std::path::Path;

use crate::path::without_dots;

/// A line that annotates a line of a file.
///
/// `level` is `error`, `warning` or `notice`. A place is a path, a line and a column.
pub(crate) fn annotation(
    level: &str,
    place: Option<(&str, u32, Option<u32>)>,
    title: Option<&str>,
    message: &str,
) -> String {
    let mut properties = Vec::new();
    if let Some((file, line, column)) = place {
        properties.push(format!("file={}", property(&without_dots(Path::new(file)))));
        properties.push(format!("line={line}"));
        properties.extend(column.map(|column| format!("col={column}")));
    }
    properties.extend(title.map(|title| format!("title={}", property(title))));
    let space = if properties.is_empty() { "" } else { " " };
    format!("::{level}{space}{}::{}\n", properties.join(","), data(message))
}

/// `text` as the message of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// `text` as the value of a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
