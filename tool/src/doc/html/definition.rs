//! One definition.

use maud::{Markup, PreEscaped, html};

use super::Context;
use crate::doc::manual::{Definition, Kind};
use crate::doc::markup::Block;

impl Context<'_> {
    /// All about a definition.
    pub(super) fn definition(&self, index: usize) -> Markup {
        let definition = &self.manual.definitions[index];
        let anchor = self.links.anchor(index);
        html! {
            section.definition id=(anchor) {
                header {
                    h3 { a href={ "#" (anchor) } { (definition.name) } }
                    span.kind { (definition.kind.as_str()) }
                    (self.marks(&definition.marks))
                }
                (self.blocks(&definition.text))
                @for remark in &definition.remarks { p.remark { (remark) } }
                (self.features(&definition.marks))
                (life_cycle(definition))
                @let parts = self.parts(definition, 0);
                @if !parts.0.is_empty() { h4 { (definition.kind.parts()) } (parts) }
                (self.returns(definition))
                (self.texts("Errors", &definition.errors))
                (self.texts("Examples", &definition.examples))
                (self.users(index))
                p.source { "Defined in " (definition.source) }
            }
        }
    }

    fn returns(&self, definition: &Definition) -> Markup {
        html! {
            @if definition.returns.is_some() || !definition.returns_text.is_empty() {
                h4 {
                    "Returns "
                    @if let Some(returns) = &definition.returns { (self.type_name(returns)) }
                }
                (self.blocks(&definition.returns_text))
                @if let Some(returns) = &definition.returns { (self.in_place(returns, 0)) }
            }
        }
    }

    fn texts(&self, heading: &str, text: &[Block]) -> Markup {
        html! { @if !text.is_empty() { h4 { (heading) } (self.blocks(text)) } }
    }

    /// The definitions that name this one.
    fn users(&self, index: usize) -> Markup {
        let users = self.links.users(index);
        html! {
            @if !users.is_empty() {
                h4 { "Used by" }
                ul.users {
                    @for user in users {
                        li { (self.reference(user.definition)) " " span.role { (user.role) } }
                    }
                }
            }
        }
    }
}

/// The diagram of the states of a job, for the enum that lists them.
fn life_cycle(definition: &Definition) -> Markup {
    let states = job::JobStatus::ALL.iter().map(|status| status.as_str());
    let is_status = definition.kind == Kind::Enum
        && states.eq(definition.parts.iter().map(|value| value.name.as_str()));
    html! {
        @if is_status {
            figure.wide { (PreEscaped(job::LIFE_CYCLE)) }
        }
    }
}
