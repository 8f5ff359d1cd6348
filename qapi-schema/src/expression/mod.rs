//! The rules for one expression (QAPI schema language, "Schema syntax"), which make a
//! [`Definition`] of it.
//!
//! | file | rules |
//! |---|---|
//! | `names` | the form of names |
//! | `parts` | keys, conditions, features, names of types, members |
//! | `kinds` | the parts of each kind |
//! | `docs` | documentation fits the definition |

mod docs;
mod kinds;
mod names;
mod parts;

use crate::finding::Finding;
use crate::load::{Documented, Expression};
use crate::model::{Definition, Name};
use crate::pragma::Pragmas;
use crate::source::Span;
use crate::value::{Entry, Node, Value};

/// The keys that name a definition, one for each kind.
const KINDS: &[&str] = &["enum", "struct", "union", "alternate", "command", "event"];

/// Checks one expression. A definition with an error is `None`.
pub(crate) fn check(
    expression: Expression,
    pragmas: &Pragmas,
    findings: &mut Vec<Finding>,
) -> Option<Definition> {
    let before = findings.len();
    let mut checker = Checker { place: expression.span, pragmas, findings };
    let definition = checker.definition(expression);
    definition.filter(|_| findings.len() == before)
}

/// The name that a broken expression would define, if it is readable.
pub(crate) fn name_of(object: &[Entry]) -> impl Iterator<Item = &str> {
    object
        .iter()
        .filter(|entry| KINDS.contains(&entry.key.as_str()))
        .filter_map(|entry| entry.node.as_str())
}

/// Whether a string is a key that names a definition.
pub(crate) fn is_kind(text: &str) -> bool {
    KINDS.contains(&text)
}

struct Checker<'c> {
    /// The expression, which the compiler blames for each error in it.
    place: Span,
    pragmas: &'c Pragmas,
    findings: &'c mut Vec<Finding>,
}

impl Checker<'_> {
    fn report(&mut self, token: Span, message: impl Into<String>, help: impl Into<String>) {
        self.findings.push(Finding::error(self.place, message).at(token).help(help));
    }

    fn definition(&mut self, Expression { span, object, doc }: Expression) -> Option<Definition> {
        let entry = self.kind_of(&object)?;
        let kind = entry.key.as_str();
        let text = self.string(&entry.node, &format!("`{kind}`"))?;
        let name = Name { text: text.to_owned(), span: entry.node.span };
        self.definition_name(kind, &name);
        let doc = match doc {
            Documented::Not => {
                if self.pragmas.doc_required {
                    let help = format!("write a block that begins with `# @{}:`", name.text);
                    self.report(name.span, "documentation comment required", help);
                }
                None
            }
            Documented::Broken => None,
            Documented::By(doc) => doc.symbol.is_some().then_some(doc),
        };
        let kind = self.kind(kind, &name.text, &object);
        let condition = self.condition(&object, &entry.key);
        let features = self.features(&object);
        let definition = Definition { name, span, doc, condition, features, kind: kind? };
        self.documentation(&definition);
        Some(definition)
    }

    /// The key that names the definition.
    fn kind_of<'o>(&mut self, object: &'o [Entry]) -> Option<&'o Entry> {
        let mut kinds = object.iter().filter(|entry| is_kind(&entry.key));
        let (first, second) = (kinds.next(), kinds.next());
        if let (Some(first), None) = (first, second) {
            return Some(first);
        }
        let token = second.or(object.first()).map_or(self.place, |entry| entry.key_span);
        let list: Vec<_> = KINDS.iter().map(|kind| format!("`{kind}`")).collect();
        let message = format!("expression must have exactly one key of {}", list.join(", "));
        let help = if second.is_some() { "split it in two definitions" } else { "add the key" };
        self.report(token, message, help);
        None
    }

    fn string<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match &node.value {
            Value::String(text) => Some(text),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                let message = format!("{what} requires a string name");
                self.report(node.span, message, "write a name between single quotation marks");
                None
            }
        }
    }
}
