//! The layout of schema files, as QEMU writes its own.
//!
//! The author decides where lines break. The formatter decides the rest:
//! - spaces: `{ 'key': 'value', 'list': ['a', 'b'] }`; brackets and empty braces may have one
//!   space inside
//! - the indentation of a continued line: the column of what follows the open bracket, or 2 or 4
//!   more than that of a line with an open bracket; if the author chose none of these, the first
//! - lines neither begin with `,` or `:` nor end with spaces; no two empty lines follow each other
//! - an expression with a line of more than [`MAX_COLUMNS`] is laid out anew, unless it contains
//!   comments: a line for each key, filled to [`COLUMNS`]
//!
//! Comments and documentation keep their text.

mod layout;
mod tokens;

use crate::finding::Finding;
use crate::parser::{Item, parse};
use crate::source::SourceFile;
use crate::value::{Node, Value};

/// The number of columns to which a new layout fills lines.
pub const COLUMNS: usize = 79;
/// The number of columns beyond which an expression gets a new layout.
pub const MAX_COLUMNS: usize = 100;

/// The text of a schema file in QEMU's layout. Formatting it again changes nothing.
///
/// # Errors
/// The text has syntax errors. The file that they refer to is the only one of
/// [`Unformatted::source`].
pub fn format(name: &str, text: &str) -> Result<String, Unformatted> {
    let source = SourceFile::new(name.to_owned(), text.to_owned());
    let (items, findings) = parse(&source, 0);
    if !findings.is_empty() {
        return Err(Unformatted { source, findings });
    }
    let formatted = tokens::write(&source, &items);
    let after = SourceFile::new(name.to_owned(), formatted);
    let (written, findings) = parse(&after, 0);
    let is_same = findings.is_empty()
        && items.len() == written.len()
        && items.iter().zip(&written).all(|(one, two)| means_same(one, two));
    if !is_same {
        let message = "the formatter would change the meaning; the file is left as it is";
        let findings = vec![Finding::without_place(message.to_owned())];
        return Err(Unformatted { source, findings });
    }
    Ok(if text.is_empty() { String::new() } else { after.text().to_owned() })
}

/// Why a text was not formatted.
#[derive(Debug)]
pub struct Unformatted {
    /// The text.
    pub source: SourceFile,
    /// The errors.
    pub findings: Vec<Finding>,
}

fn means_same(one: &Item, two: &Item) -> bool {
    match (one, two) {
        (Item::Doc(one), Item::Doc(two)) => {
            let name = |doc: &crate::doc::Doc| doc.symbol.as_ref().map(|(name, _)| name.clone());
            let parts = |doc: &crate::doc::Doc| {
                let part =
                    |found: &crate::doc::DocSection| (found.kind.clone(), found.text.clone());
                doc.sections.iter().map(part).collect::<Vec<_>>()
            };
            name(one) == name(two) && parts(one) == parts(two)
        }
        (Item::Expression { object: one, span }, Item::Expression { object: two, .. }) => {
            let node = |object: &crate::value::Object| Node {
                span: *span,
                value: Value::Object(object.clone()),
            };
            node(one).means_same(&node(two))
        }
        (Item::Doc(_) | Item::Expression { .. } | Item::BrokenDoc(_) | Item::Broken(_), _) => {
            false
        }
    }
}
