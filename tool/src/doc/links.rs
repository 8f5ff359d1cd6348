//! References between definitions, in both directions, and the names of pages and anchors.

use std::collections::HashMap;

use super::files::SafeNames;
use super::manual::{Definition, Kind, Manual, TypeName};

/// The pages that are no modules.
const RESERVED: [&str; 2] = ["index", "versions"];

/// Finds definitions by name.
pub(super) struct Links<'m> {
    manual: &'m Manual,
    by_name: HashMap<&'m str, usize>,
    /// The name of the file of each module, without its extension.
    pages: Vec<String>,
    anchors: Vec<String>,
    users: Vec<Vec<User>>,
}

/// A definition that names a type.
pub(super) struct User {
    /// The index of the definition.
    pub(super) definition: usize,
    /// The member, the branch, or the word for another use, such as `returns`.
    pub(super) role: String,
}

impl<'m> Links<'m> {
    pub(super) fn new(manual: &'m Manual) -> Self {
        let mut by_name = HashMap::new();
        let mut safe = SafeNames::of_anchors();
        let mut anchors = Vec::with_capacity(manual.definitions.len());
        for (index, definition) in manual.definitions.iter().enumerate() {
            by_name.entry(definition.name.as_str()).or_insert(index);
            anchors.push(safe.add(&definition.name));
        }
        let mut users: Vec<Vec<User>> = anchors.iter().map(|_| Vec::new()).collect();
        for (index, definition) in manual.definitions.iter().enumerate() {
            for (ty, role) in definition.type_uses() {
                if let Some(used) = by_name.get(ty.name.as_str()) {
                    users[*used].push(User { definition: index, role });
                }
            }
        }
        let mut safe = SafeNames::of_files(&RESERVED);
        let pages = manual.modules.iter().map(|module| safe.add(&module.name)).collect();
        Self { manual, by_name, pages, anchors, users }
    }

    /// The index of the definition of this name.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The definition of a type.
    pub(super) fn definition(&self, ty: &TypeName) -> Option<&'m Definition> {
        Some(&self.manual.definitions[self.find(&ty.name)?])
    }

    /// The name of the file of a module, without its extension.
    pub(super) fn page(&self, module: usize) -> &str {
        &self.pages[module]
    }

    /// The anchor of a definition.
    pub(super) fn anchor(&self, index: usize) -> &str {
        &self.anchors[index]
    }

    /// The address of a definition, relative to any page of the manual.
    pub(super) fn address(&self, index: usize) -> String {
        let module = self.manual.definitions[index].module;
        format!("{}.html#{}", self.pages[module], self.anchors[index])
    }

    /// The definitions that name this one.
    pub(super) fn users(&self, index: usize) -> &[User] {
        &self.users[index]
    }

    /// The definitions of a module that have this kind, with their indexes, sorted by name.
    pub(super) fn of_kind(
        &self,
        module: Option<usize>,
        kind: Kind,
    ) -> Vec<(usize, &'m Definition)> {
        let all = self.manual.definitions.iter().enumerate();
        let mut found: Vec<_> = all
            .filter(|(_, definition)| {
                definition.kind == kind && module.is_none_or(|module| module == definition.module)
            })
            .collect();
        found.sort_by(|(_, one), (_, other)| one.name.cmp(&other.name));
        found
    }
}
