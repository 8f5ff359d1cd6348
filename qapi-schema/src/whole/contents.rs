//! Chains of types that contain each other's members are bounded, so that the time of the other
//! checks is. A circle among them is an error in any case.

use std::collections::HashMap;

use super::contained;
use crate::finding::Finding;
use crate::limits::MAX_CONTAINED;
use crate::model::Definition;

/// The progress of a definition.
#[derive(Clone, Copy, PartialEq)]
enum Progress {
    /// It is on the current path.
    Begun,
    /// The longest chain that begins at it has this length.
    Length(usize),
}

/// Reports circles and long chains. Returns whether there is none.
pub(super) fn check(
    definitions: &[Definition],
    names: &HashMap<&str, &Definition>,
    findings: &mut Vec<Finding>,
) -> bool {
    let before = findings.len();
    let mut walk = Walk { names, progress: HashMap::new(), path: Vec::new(), findings };
    for definition in definitions {
        walk.visit(definition);
    }
    findings.len() == before
}

struct Walk<'w, 'd> {
    names: &'w HashMap<&'d str, &'d Definition>,
    progress: HashMap<&'d str, Progress>,
    path: Vec<&'d Definition>,
    findings: &'w mut Vec<Finding>,
}

impl<'d> Walk<'_, 'd> {
    /// The length of the longest chain that begins at a definition. The path bounds the recursion.
    fn visit(&mut self, definition: &'d Definition) -> usize {
        let name = definition.name.text.as_str();
        match self.progress.get(name) {
            Some(Progress::Length(length)) => return *length,
            Some(Progress::Begun) => {
                self.circle(definition);
                return 0;
            }
            None => {}
        }
        if self.path.len() == MAX_CONTAINED {
            self.too_long(definition);
            return 0;
        }
        self.progress.insert(name, Progress::Begun);
        self.path.push(definition);
        let mut length = 0;
        for ty in contained(definition) {
            if let Some(next) = self.names.get(ty.name.as_str()).copied() {
                length = length.max(self.visit(next));
            }
        }
        self.path.pop();
        if length == MAX_CONTAINED {
            self.too_long(definition);
            length = 0;
        }
        self.progress.insert(name, Progress::Length(length + 1));
        length + 1
    }

    fn circle(&mut self, definition: &'d Definition) {
        let name = &definition.name.text;
        let start = self.path.iter().position(|step| step.name.text == *name).unwrap_or(0);
        let circle = self.path[start..].iter().chain([&definition]);
        let names: Vec<_> = circle.map(|step| step.name.text.as_str()).collect();
        let message = format!("object `{name}` contains itself: {}", names.join(" ▶ "));
        self.findings.push(
            Finding::error(definition.span, message)
                .at(definition.name.span)
                .help("remove a base or a branch of the circle"),
        );
    }

    fn too_long(&mut self, definition: &'d Definition) {
        let message = format!("a chain of more than {MAX_CONTAINED} types contain each other");
        self.findings.push(Finding::error(definition.span, message).at(definition.name.span));
    }
}
