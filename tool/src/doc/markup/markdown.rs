//! Markdown, of doc comments.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{Block, Inline, MAX_DEPTH, is_web_address};

/// Reads a text. HTML in it is plain text, an image is its description, and a reference to a Rust
/// item is its text.
pub(in crate::doc) fn parse(text: &str) -> Vec<Block> {
    let mut reader = Reader { events: Parser::new_ext(text, Options::ENABLE_TABLES), depth: 0 };
    reader.blocks()
}

struct Reader<'t> {
    events: Parser<'t>,
    depth: usize,
}

impl Reader<'_> {
    /// The blocks until the end of the one around them.
    fn blocks(&mut self) -> Vec<Block> {
        let mut blocks = Vec::new();
        // An item of a tight list has its text without a paragraph.
        let mut loose = Vec::new();
        self.depth += 1;
        while let Some(event) = self.events.next() {
            match event {
                Event::End(_) => break,
                Event::Start(tag) if is_inline(&tag) => self.span(&tag, &mut loose),
                Event::Start(tag) => {
                    paragraph(&mut loose, &mut blocks);
                    self.block(tag, &mut blocks);
                }
                Event::Rule => paragraph(&mut loose, &mut blocks),
                event => leaf(event, &mut loose),
            }
        }
        paragraph(&mut loose, &mut blocks);
        self.depth -= 1;
        blocks
    }

    fn block(&mut self, tag: Tag, blocks: &mut Vec<Block>) {
        if self.depth > MAX_DEPTH {
            let mut text = String::new();
            self.text(&mut text);
            return blocks.push(Block::Paragraph(vec![Inline::Text(text)]));
        }
        blocks.push(match tag {
            Tag::Heading { .. } => Block::Heading(self.inlines()),
            Tag::CodeBlock(_) => {
                let mut code = String::new();
                self.text(&mut code);
                Block::Code(code.trim_end().to_owned())
            }
            Tag::List(first) => Block::List { is_numbered: first.is_some(), items: self.items() },
            Tag::BlockQuote(_) => Block::Note { title: String::new(), text: self.blocks() },
            Tag::Table(_) => Block::Table(self.rows()),
            _ => Block::Paragraph(self.inlines()),
        });
    }

    fn items(&mut self) -> Vec<Vec<Block>> {
        let mut items = Vec::new();
        while let Some(Event::Start(_)) = self.events.next() {
            items.push(self.blocks());
        }
        items
    }

    fn rows(&mut self) -> Vec<Vec<Vec<Inline>>> {
        let mut rows = Vec::new();
        while let Some(Event::Start(_)) = self.events.next() {
            let mut cells = Vec::new();
            while let Some(Event::Start(_)) = self.events.next() {
                cells.push(self.inlines());
            }
            rows.push(cells);
        }
        rows
    }

    /// The phrases until the end of the block or of the phrase around them.
    fn inlines(&mut self) -> Vec<Inline> {
        let mut inlines = Vec::new();
        while let Some(event) = self.events.next() {
            match event {
                Event::End(_) => break,
                Event::Start(tag) => self.span(&tag, &mut inlines),
                event => leaf(event, &mut inlines),
            }
        }
        inlines
    }

    fn span(&mut self, tag: &Tag, inlines: &mut Vec<Inline>) {
        if self.depth > MAX_DEPTH {
            let mut text = String::new();
            self.text(&mut text);
            return inlines.push(Inline::Text(text));
        }
        self.depth += 1;
        let text = self.inlines();
        self.depth -= 1;
        match tag {
            Tag::Emphasis => inlines.push(Inline::Emphasis(text)),
            Tag::Strong => inlines.push(Inline::Strong(text)),
            Tag::Link { dest_url, .. } if is_web_address(dest_url) => {
                inlines.push(Inline::Link { to: dest_url.to_string(), text });
            }
            _ => inlines.extend(text),
        }
    }

    /// The text alone until the end of the element.
    fn text(&mut self, out: &mut String) {
        let mut depth = 0;
        for event in self.events.by_ref() {
            match event {
                Event::Start(_) => depth += 1,
                Event::End(TagEnd::Paragraph | TagEnd::Item) if depth > 0 => {
                    depth -= 1;
                    out.push(' ');
                }
                Event::End(_) if depth == 0 => return,
                Event::End(_) => depth -= 1,
                Event::Text(text) | Event::Code(text) => out.push_str(&text),
                Event::SoftBreak | Event::HardBreak => out.push(' '),
                _ => {}
            }
        }
    }
}

fn is_inline(tag: &Tag) -> bool {
    matches!(tag, Tag::Emphasis | Tag::Strong | Tag::Link { .. } | Tag::Image { .. })
}

fn leaf(event: Event, inlines: &mut Vec<Inline>) {
    match event {
        Event::Code(code) => inlines.push(Inline::Code(code.into_string())),
        Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
            inlines.push(Inline::Text(text.into_string()));
        }
        Event::SoftBreak | Event::HardBreak => inlines.push(Inline::Text(" ".to_owned())),
        _ => {}
    }
}

/// Ends a paragraph, if there is any text.
fn paragraph(loose: &mut Vec<Inline>, blocks: &mut Vec<Block>) {
    if !loose.is_empty() {
        blocks.push(Block::Paragraph(std::mem::take(loose)));
    }
}
