//! Arguments, members, values, alternatives and branches, and those of other types in place.

use maud::{Markup, html};

use super::Context;
use crate::doc::manual::{Branch, Definition, Kind, Marks, Part, TypeName};

/// The most parts of a type that are shown within the text of a part.
const MAX_NESTED: usize = 40;

/// How deep types are shown in place below a definition.
const MAX_DEPTH: usize = 2;

/// The longest chain of bases. A valid schema has shorter ones, and no circle.
const MAX_BASES: usize = 100;

impl Context<'_> {
    /// The marks of a definition or of a part.
    pub(super) fn marks(&self, marks: &Marks) -> Markup {
        html! {
            @for name in ["deprecated", "unstable"] {
                @if marks.has(name) { span.mark.warning { (name) } }
            }
            @if let Some(since) = &marks.since { span.mark { "since " (since) } }
            @if let Some(condition) = &marks.condition {
                span.mark.condition { "if " (condition) }
            }
        }
    }

    /// The special features, each with its text.
    pub(super) fn features(&self, marks: &Marks) -> Markup {
        html! {
            @for feature in &marks.features {
                div.feature {
                    p {
                        "Feature " code { (feature.name) }
                        @if let Some(condition) = &feature.condition {
                            " " span.mark.condition { "if " (condition) }
                        }
                    }
                    (self.blocks(&feature.text))
                }
            }
        }
    }

    /// The parts of a definition: those of its data or base, those that it lists, its branches.
    pub(super) fn parts(&self, definition: &Definition, depth: usize) -> Markup {
        let inherited = self.inherited(definition);
        html! {
            @for (from, parts) in &inherited {
                @if !parts.is_empty() {
                    p.origin { "From " (self.type_name(from)) ":" }
                    (self.list(parts, depth))
                }
            }
            @if !definition.parts.is_empty() { (self.list(&definition.parts, depth)) }
            (self.branches(definition, depth))
            @if let Some(data) = definition.data.as_ref().and_then(|ty| self.links.definition(ty)) {
                (self.branches(data, depth))
            }
        }
    }

    /// The types whose members come before those that a definition lists, each with its members,
    /// the first first.
    fn inherited<'d>(&'d self, definition: &'d Definition) -> Vec<(&'d TypeName, &'d [Part])> {
        let mut chain = Vec::new();
        let mut next = definition.data.as_ref().or(definition.base.as_ref());
        while let Some(ty) = next.filter(|_| chain.len() < MAX_BASES) {
            let found = self.links.definition(ty);
            // A type whose parts have no place is a reference alone.
            let parts = found.map(|found| found.parts.as_slice()).unwrap_or_default();
            let parts = if self.has_place_for(parts.len()) { parts } else { &[] };
            chain.push((ty, parts));
            next = found.and_then(|found| found.base.as_ref());
        }
        chain.reverse();
        chain
    }

    fn list(&self, parts: &[Part], depth: usize) -> Markup {
        html! {
            dl.parts {
                @for part in parts {
                    dt {
                        code { (part.name) }
                        @if let Some(ty) = &part.ty { (self.type_name(ty)) }
                        @if part.optional { span.optional { "optional" } }
                        (self.marks(&part.marks))
                    }
                    dd {
                        (self.blocks(&part.text))
                        (self.features(&part.marks))
                        @if let Some(ty) = &part.ty { (self.in_place(ty, depth)) }
                    }
                }
            }
        }
    }

    fn branches(&self, definition: &Definition, depth: usize) -> Markup {
        html! {
            @if let Some(discriminator) = &definition.discriminator {
                @if !definition.branches.is_empty() {
                    p.origin { "Further members by the value of " code { (discriminator) } ":" }
                    dl.parts.branches {
                        @for branch in &definition.branches { (self.branch(branch, depth)) }
                    }
                }
            }
        }
    }

    fn branch(&self, branch: &Branch, depth: usize) -> Markup {
        html! {
            dt {
                code { (branch.value) }
                (self.type_name(&branch.ty))
                @if let Some(condition) = &branch.condition {
                    span.mark.condition { "if " (condition) }
                }
            }
            dd { (self.in_place(&branch.ty, depth)) }
        }
    }

    /// The parts of a type below its name, if there are few.
    pub(super) fn in_place(&self, ty: &TypeName, depth: usize) -> Markup {
        let Some(found) = self.links.definition(ty) else { return Markup::default() };
        let count = found.parts.len() + found.branches.len();
        if count > MAX_NESTED || depth >= MAX_DEPTH || !self.has_place_for(count) {
            return Markup::default();
        }
        if found.kind == Kind::Enum {
            return html! {
                p.values {
                    @for (number, value) in found.parts.iter().enumerate() {
                        @if number > 0 { ", " }
                        code { (value.name) }
                    }
                }
            };
        }
        if count == 0 && found.base.is_none() {
            return Markup::default();
        }
        html! {
            details {
                summary { (found.kind.parts()) " of " code { (ty.name) } }
                (self.parts(found, depth + 1))
            }
        }
    }
}
