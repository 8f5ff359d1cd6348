//! Doc comments.

use crate::generate::output::Output;
use crate::generate::prose::FENCE;

/// Writes a text as a doc comment; nothing if it is empty.
pub(super) fn write(out: &mut Output, text: &str) {
    let mut is_code = false;
    for line in text.lines() {
        if line == FENCE || is_code {
            is_code = line != "```";
            comment(out, line);
        } else {
            comment(out, &escaped(line));
        }
    }
}

/// Writes a section of a doc comment after what is there; nothing if it is empty.
pub(super) fn write_section(out: &mut Output, heading: &str, text: &str, is_first: bool) {
    if text.is_empty() {
        return;
    }
    if !is_first {
        comment(out, "");
    }
    comment(out, &format!("# {heading}"));
    write(out, text);
}

fn comment(out: &mut Output, line: &str) {
    let line = line.trim_end();
    out.line(if line.is_empty() { "///".to_owned() } else { format!("/// {line}") });
}

/// A line of prose whose `[`, `<` and leading `#` are no markup of rustdoc.
fn escaped(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for (index, part) in line.split('`').enumerate() {
        if index > 0 {
            out.push('`');
        }
        let is_code = index % 2 == 1;
        if is_code {
            out.push_str(part);
        } else {
            out.push_str(&part.replace('[', "\\[").replace('<', "\\<"));
        }
    }
    if out.starts_with('#') { format!("\\{out}") } else { out }
}
