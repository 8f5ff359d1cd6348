//! Texts of documentation: Markdown in doc comments, reStructuredText in schema files.

pub(super) mod markdown;
mod phrases;
pub(super) mod rst;

/// The depth to which lists, notes and emphasis nest. Deeper ones are plain text.
const MAX_DEPTH: usize = 16;

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    Heading(Vec<Inline>),
    Paragraph(Vec<Inline>),
    /// Text with its line breaks, as an example.
    Code(String),
    List {
        is_numbered: bool,
        items: Vec<Vec<Self>>,
    },
    /// Terms, each with its meaning.
    Terms(Vec<(Vec<Inline>, Vec<Self>)>),
    /// A text with a title, as a warning.
    Note {
        title: String,
        text: Vec<Self>,
    },
    /// The rows of a table, of which the first is its header.
    Table(Vec<Vec<Vec<Inline>>>),
}

/// A part of a paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Inline {
    Text(String),
    /// A name, or text of a program.
    Code(String),
    Emphasis(Vec<Self>),
    Strong(Vec<Self>),
    /// A reference to a page on the web.
    Link {
        to: String,
        text: Vec<Self>,
    },
}

/// The text alone, for the search and for summaries.
pub(super) fn plain(blocks: &[Block], out: &mut String) {
    for block in blocks {
        if !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
        match block {
            Block::Heading(text) | Block::Paragraph(text) => plain_inline(text, out),
            Block::Code(text) => out.push_str(text),
            Block::List { is_numbered: _, items } => {
                items.iter().for_each(|item| plain(item, out));
            }
            Block::Terms(terms) => {
                for (term, meaning) in terms {
                    plain_inline(term, out);
                    plain(meaning, out);
                }
            }
            Block::Note { title: _, text } => plain(text, out),
            Block::Table(rows) => {
                for cell in rows.iter().flatten() {
                    plain_inline(cell, out);
                    out.push(' ');
                }
            }
        }
    }
}

/// The text of phrases alone.
pub(super) fn plain_inline(text: &[Inline], out: &mut String) {
    for part in text {
        match part {
            Inline::Text(text) | Inline::Code(text) => out.push_str(text),
            Inline::Emphasis(text) | Inline::Strong(text) | Inline::Link { to: _, text } => {
                plain_inline(text, out)
            }
        }
    }
}

/// The first sentence of a text.
pub(super) fn summary(blocks: &[Block]) -> String {
    let first = blocks.iter().find(|block| matches!(block, Block::Paragraph(_)));
    let mut text = String::new();
    plain(first.map(std::slice::from_ref).unwrap_or_default(), &mut text);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.split_once(". ") {
        Some((sentence, _)) => format!("{sentence}."),
        None => text,
    }
}

/// Whether a reference may lead to an address. Addresses of other forms could run a script.
fn is_web_address(address: &str) -> bool {
    ["https://", "http://", "mailto:"].iter().any(|form| address.starts_with(form))
}
