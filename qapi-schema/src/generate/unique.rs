//! Names that no other part of a generated file has.

use std::collections::HashSet;

/// The names that are in use.
#[derive(Default)]
pub(super) struct Unique(HashSet<String>);

impl Unique {
    /// Names that give way to those of `reserved`.
    pub(super) fn new(reserved: &[&str]) -> Self {
        Self(reserved.iter().map(|name| (*name).to_owned()).collect())
    }

    /// `wanted`, or `wanted` with as many `_` at its end as make it unique.
    pub(super) fn name(&mut self, mut wanted: String) -> String {
        while !self.0.insert(wanted.clone()) {
            wanted.push('_');
        }
        wanted
    }
}
