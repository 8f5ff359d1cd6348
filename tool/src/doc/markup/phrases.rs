//! The markup within a paragraph of reStructuredText, and the references of QEMU's documentation.

use super::{Inline, MAX_DEPTH, is_web_address};

/// Reads a paragraph.
pub(super) fn parse(text: &str) -> Vec<Inline> {
    parse_within(text, 0)
}

fn parse_within(text: &str, depth: usize) -> Vec<Inline> {
    let mut inlines = Vec::new();
    if depth > MAX_DEPTH {
        return vec![Inline::Text(text.to_owned())];
    }
    let mut plain = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        // Markup begins after white space or punctuation, not within a word.
        let is_start = plain.chars().next_back().is_none_or(|last| !last.is_alphanumeric());
        let found = if is_start { phrase(rest, depth) } else { None };
        if let Some((inline, length)) = found {
            if !plain.is_empty() {
                inlines.push(Inline::Text(std::mem::take(&mut plain)));
            }
            inlines.push(inline);
            rest = &rest[length..];
            continue;
        }
        if first == '\\' {
            // An escaped character is plain, and an escaped space is nothing.
            let escaped = rest.chars().nth(1);
            plain.extend(escaped.filter(|escaped| !escaped.is_whitespace()));
            rest = &rest[1 + escaped.map_or(0, char::len_utf8)..];
            continue;
        }
        plain.push(first);
        rest = &rest[first.len_utf8()..];
    }
    if !plain.is_empty() {
        inlines.push(Inline::Text(plain));
    }
    inlines
}

/// The phrase with which a text begins, and its length.
fn phrase(text: &str, depth: usize) -> Option<(Inline, usize)> {
    if let Some((code, length)) = between(text, "``", "``") {
        return Some((Inline::Code(code.to_owned()), length));
    }
    if let Some((inner, length)) = between(text, "**", "**") {
        return Some((Inline::Strong(parse_within(inner, depth + 1)), length));
    }
    if let Some((inner, length)) = between(text, "*", "*") {
        return Some((Inline::Emphasis(parse_within(inner, depth + 1)), length));
    }
    if let Some(name) = text.strip_prefix('@') {
        let is_name = |found: char| found.is_ascii_alphanumeric() || matches!(found, '-' | '_');
        let name = &name[..name.find(|found| !is_name(found)).unwrap_or(name.len())];
        return (!name.is_empty()).then(|| (Inline::Code(name.to_owned()), name.len() + 1));
    }
    if is_web_address(text) && !text.starts_with("mailto:") {
        let end = text.find(|found: char| found.is_whitespace() || matches!(found, '<' | '>'));
        let address = text[..end.unwrap_or(text.len())].trim_end_matches(['.', ',', ')', ';']);
        let shown = vec![Inline::Text(address.to_owned())];
        return Some((Inline::Link { to: address.to_owned(), text: shown }, address.len()));
    }
    role(text)
}

/// The text between two marks, and the length with the marks. Markup is not empty, and has no white
/// space at its ends.
fn between<'t>(text: &'t str, open: &str, close: &str) -> Option<(&'t str, usize)> {
    let inner = text.strip_prefix(open)?;
    let end = inner.find(close)?;
    let inner = &inner[..end];
    let is_phrase = !inner.is_empty() && inner.trim().len() == inner.len();
    is_phrase.then_some((inner, open.len() + end + close.len()))
}

/// A reference: `` `text` ``, `` :role:`text` `` or `` `text <address>`_ ``.
fn role(text: &str) -> Option<(Inline, usize)> {
    let mut start = 0;
    if let Some(after) = text.strip_prefix(':') {
        let is_role = |byte: &u8| byte.is_ascii_alphanumeric() || b":-+".contains(byte);
        start = 1 + after.bytes().take_while(is_role).count();
        if !text[..start].ends_with(':') || start == 1 {
            return None;
        }
    }
    let (inner, length) = between(&text[start..], "`", "`")?;
    let end = start + length;
    let length = end + text[end..].bytes().take(2).take_while(|byte| *byte == b'_').count();
    let target = inner.strip_suffix('>').and_then(|inner| inner.rsplit_once('<'));
    let inline = match target {
        Some((shown, address)) if is_web_address(address) => {
            let text = vec![Inline::Text(shown.trim().to_owned())];
            Inline::Link { to: address.to_owned(), text }
        }
        Some((shown, _)) => Inline::Text(shown.trim().to_owned()),
        None => Inline::Code(inner.trim_start_matches(['~', '!']).to_owned()),
    };
    Some((inline, length))
}
