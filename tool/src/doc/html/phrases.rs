//! Texts and references to definitions.

use maud::{Markup, html};

use super::Context;
use crate::doc::manual::TypeName;
use crate::doc::markup::{Block, Inline};

impl Context<'_> {
    /// A text.
    pub(super) fn blocks(&self, blocks: &[Block]) -> Markup {
        html! { @for block in blocks { (self.block(block)) } }
    }

    fn block(&self, block: &Block) -> Markup {
        match block {
            Block::Heading(text) => html! { p.heading { (self.inlines(text)) } },
            Block::Paragraph(text) => html! { p { (self.inlines(text)) } },
            Block::Code(text) => html! { pre { code { (text) } } },
            Block::List { is_numbered, items } => {
                let items = html! { @for item in items { li { (self.blocks(item)) } } };
                if *is_numbered {
                    html! { ol { (items) } }
                } else {
                    html! { ul { (items) } }
                }
            }
            Block::Terms(terms) => html! {
                dl.terms {
                    @for (term, meaning) in terms {
                        dt { (self.inlines(term)) }
                        dd { (self.blocks(meaning)) }
                    }
                }
            },
            Block::Note { title, text } => html! {
                div.note {
                    @if !title.is_empty() { p.title { (title) } }
                    (self.blocks(text))
                }
            },
            Block::Table(rows) => html! {
                div.wide {
                    table {
                        @for (number, row) in rows.iter().enumerate() {
                            tr {
                                @for cell in row {
                                    @if number == 0 { th { (self.inlines(cell)) } }
                                    @else { td { (self.inlines(cell)) } }
                                }
                            }
                        }
                    }
                }
            },
        }
    }

    fn inlines(&self, text: &[Inline]) -> Markup {
        html! {
            @for part in text {
                @match part {
                    Inline::Text(text) => (text),
                    Inline::Code(text) => (self.code(text)),
                    Inline::Emphasis(text) => em { (self.inlines(text)) },
                    Inline::Strong(text) => strong { (self.inlines(text)) },
                    Inline::Link { to, text } => a href=(to) { (self.inlines(text)) },
                }
            }
        }
    }

    /// Text of a program, which refers to a definition if it is the name of one.
    fn code(&self, text: &str) -> Markup {
        match self.links.find(text) {
            Some(index) => html! { a href=(self.links.address(index)) { code { (text) } } },
            None => html! { code { (text) } },
        }
    }

    /// A reference to a definition, by its index.
    pub(super) fn reference(&self, index: usize) -> Markup {
        let definition = &self.manual.definitions[index];
        let class = definition.marks.has("deprecated").then_some("deprecated");
        html! { a href=(self.links.address(index)) class=[class] { (definition.name) } }
    }

    /// The name of a type, in words for an array.
    pub(super) fn type_name(&self, ty: &TypeName) -> Markup {
        let name = match self.links.find(&ty.name) {
            Some(index) => self.reference(index),
            None => html! { (ty.name) },
        };
        html! { span.type { @if ty.is_array { "array of " } (name) } }
    }
}
