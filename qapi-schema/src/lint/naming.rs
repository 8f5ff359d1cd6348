//! Lints for names of definitions.

use std::collections::{HashMap, HashSet};

use super::Remark;
use crate::model::{Definition, Kind};
use crate::schema::Schema;
use crate::whole::{by_name, named};

/// Names that are one name in generated C.
pub(super) fn similar_names(schema: &Schema) -> Vec<Remark> {
    let mut seen: HashMap<String, &Definition> = HashMap::new();
    let mut remarks = Vec::new();
    for definition in schema.definitions() {
        let name = &definition.name;
        let first = *seen.entry(name.text.replace(['-', '.'], "_")).or_insert(definition);
        if first.name.text != name.text {
            remarks.push(Remark {
                place: name.span,
                message: format!(
                    "`{}` and `{}` differ only in `-`, `_` and `.`",
                    first.name.text, name.text
                ),
                help: "rename one: generated C cannot tell them apart".to_owned(),
            });
        }
    }
    remarks
}

/// Types to which no command or event leads.
pub(super) fn unused_type(schema: &Schema) -> Vec<Remark> {
    let names = by_name(schema.definitions());
    let mut used = HashSet::new();
    let mut queue: Vec<&Definition> =
        schema.definitions().iter().filter(|found| is_call(found)).collect();
    while let Some(definition) = queue.pop() {
        for (_, ty) in named(definition) {
            if used.insert(ty.name.as_str()) {
                queue.extend(names.get(ty.name.as_str()).copied());
            }
        }
    }
    let is_unused =
        |found: &&Definition| !is_call(found) && !used.contains(found.name.text.as_str());
    let remark = |found: &Definition| Remark {
        place: found.name.span,
        message: format!(
            "no command or event uses the {} `{}`",
            found.kind.as_str(),
            found.name.text
        ),
        help: "remove it, or use it".to_owned(),
    };
    schema.definitions().iter().filter(is_unused).map(remark).collect()
}

fn is_call(definition: &Definition) -> bool {
    match definition.kind {
        Kind::Command(_) | Kind::Event { .. } => true,
        Kind::Enum { .. } | Kind::Struct { .. } | Kind::Union { .. } | Kind::Alternate { .. } => {
            false
        }
    }
}
