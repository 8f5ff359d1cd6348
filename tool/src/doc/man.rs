//! A manual as manual pages, one for each definition, in section 7 with the suffix `qmp`.

use roff::{Inline as Roff, Roff as Page, bold, italic, roman};

use super::files::{Files, SafeNames};
use super::links::Links;
use super::manual::{Definition, Manual, Marks, Part, TypeName};
use super::markup::{Block, Inline, summary};
use crate::status::Result;

/// The section of the pages.
const SECTION: &str = "7qmp";

/// Writes the pages.
pub(super) fn write(manual: &Manual, links: &Links, files: &Files) -> Result {
    let mut names = SafeNames::of_files(&[]);
    for (index, definition) in manual.definitions.iter().enumerate() {
        let mut writer = Writer { page: Page::new() };
        writer.definition(manual, links, index);
        files
            .write(&format!("{}.{SECTION}", names.add(&definition.name)), writer.page.render())?;
    }
    Ok(())
}

struct Writer {
    page: Page,
}

impl Writer {
    fn definition(&mut self, manual: &Manual, links: &Links, index: usize) {
        let definition = &manual.definitions[index];
        let (name, kind) = (definition.name.as_str(), definition.kind.as_str());
        self.page.control("TH", [name, SECTION, "", "", &manual.title]);
        self.section("NAME");
        let summary = summary(&definition.text);
        let about = if summary.is_empty() { kind.to_owned() } else { summary };
        self.page.text([roman(format!("{name} - ")), roman(about)]);
        self.section("DESCRIPTION");
        self.line([bold(kind), roman(marks(&definition.marks))]);
        self.blocks(&definition.text);
        for remark in &definition.remarks {
            self.line([roman(*remark)]);
        }
        self.features(&definition.marks);
        self.parts(links, definition);
        if let Some(returns) = &definition.returns {
            self.section("RETURNS");
            self.line([italic(type_name(returns))]);
        } else if !definition.returns_text.is_empty() {
            self.section("RETURNS");
        }
        self.blocks(&definition.returns_text);
        for (heading, text) in
            [("ERRORS", &definition.errors), ("EXAMPLES", &definition.examples)]
        {
            if !text.is_empty() {
                self.section(heading);
                self.blocks(text);
            }
        }
        self.see_also(manual, links, index);
    }

    fn section(&mut self, name: &str) {
        self.page.control("SH", [name]);
    }

    /// A paragraph.
    fn line(&mut self, text: impl IntoIterator<Item = Roff>) {
        self.page.control("PP", []);
        self.page.text(text.into_iter().collect::<Vec<_>>());
    }

    fn features(&mut self, found: &Marks) {
        for feature in &found.features {
            self.line([roman("Feature "), bold(feature.name.as_str())]);
            self.indented(&feature.text);
        }
    }

    /// The parts, with those of the data or of the bases.
    fn parts(&mut self, links: &Links, definition: &Definition) {
        let is_empty = definition.parts.is_empty() && definition.branches.is_empty();
        let first = definition.data.as_ref().or(definition.base.as_ref());
        if is_empty && first.is_none() {
            return;
        }
        self.section(&definition.kind.parts().to_uppercase());
        if let Some(from) = first {
            self.line([roman("The members of "), italic(type_name(from)), roman(":")]);
            let found = links.definition(from);
            found.into_iter().flat_map(|found| &found.parts).for_each(|part| self.part(part));
        }
        definition.parts.iter().for_each(|part| self.part(part));
        for branch in &definition.branches {
            let discriminator = definition.discriminator.as_deref().unwrap_or_default();
            let condition = format!("{discriminator} is {}: ", branch.value);
            self.line([
                roman("If "),
                bold(condition),
                roman("the members of "),
                italic(type_name(&branch.ty)),
            ]);
        }
    }

    fn part(&mut self, part: &Part) {
        self.page.control("TP", []);
        let mut line = vec![bold(part.name.as_str())];
        if let Some(ty) = &part.ty {
            line.extend([roman(": "), italic(type_name(ty))]);
        }
        let optional = if part.optional { " (optional)" } else { "" };
        line.push(roman(format!("{optional}{}", marks(&part.marks))));
        self.page.text(line);
        self.item(&part.text);
        self.features(&part.marks);
    }

    fn see_also(&mut self, manual: &Manual, links: &Links, index: usize) {
        let definition = &manual.definitions[index];
        let mut names: Vec<&str> = definition
            .type_uses()
            .into_iter()
            .filter_map(|(ty, _)| Some(links.definition(ty)?.name.as_str()))
            .collect();
        let users = links.users(index).iter();
        names.extend(users.map(|user| manual.definitions[user.definition].name.as_str()));
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            return;
        }
        self.section("SEE ALSO");
        let last = names.len() - 1;
        let named = names.into_iter().enumerate().flat_map(|(number, name)| {
            let end = if number == last { "" } else { ", " };
            [bold(name), roman(format!("({SECTION}){end}"))]
        });
        self.page.text(named.collect::<Vec<_>>());
    }

    fn indented(&mut self, blocks: &[Block]) {
        self.page.control("RS", []);
        self.blocks(blocks);
        self.page.control("RE", []);
    }

    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            match block {
                Block::Heading(text) => self.line([bold(words(text))]),
                Block::Paragraph(text) => self.line(inlines(text)),
                Block::Code(text) => {
                    self.page.control("PP", []);
                    self.page.control("nf", []);
                    self.page.text([roman(text.as_str())]);
                    self.page.control("fi", []);
                }
                Block::List { is_numbered, items } => {
                    for (number, item) in items.iter().enumerate() {
                        let mark = if *is_numbered {
                            format!("{}.", number + 1)
                        } else {
                            "-".to_owned()
                        };
                        self.page.control("IP", [mark.as_str(), "4"]);
                        self.item(item);
                    }
                }
                Block::Terms(terms) => {
                    for (term, meaning) in terms {
                        self.page.control("TP", []);
                        self.page.text(inlines(term));
                        self.item(meaning);
                    }
                }
                Block::Note { title, text } => {
                    if !title.is_empty() {
                        self.line([bold(title.as_str())]);
                    }
                    self.indented(text);
                }
                Block::Table(rows) => {
                    for row in rows {
                        let cells: Vec<String> = row.iter().map(|cell| words(cell)).collect();
                        self.line([roman(cells.join(" | "))]);
                    }
                }
            }
        }
    }

    /// The text of an item, whose first paragraph follows its mark.
    fn item(&mut self, blocks: &[Block]) {
        let (first, rest) = match blocks {
            [Block::Paragraph(first), rest @ ..] => (Some(first), rest),
            rest => (None, rest),
        };
        if let Some(first) = first {
            self.page.text(inlines(first));
        }
        if !rest.is_empty() {
            self.indented(rest);
        }
    }
}

fn type_name(ty: &TypeName) -> String {
    if ty.is_array { format!("array of {}", ty.name) } else { ty.name.clone() }
}

/// The marks in words, with white space before them.
fn marks(found: &Marks) -> String {
    let mut all = Vec::new();
    all.extend(
        ["deprecated", "unstable"].into_iter().filter(|name| found.has(name)).map(str::to_owned),
    );
    all.extend(found.since.as_ref().map(|since| format!("since {since}")));
    all.extend(found.condition.as_ref().map(|condition| format!("if {condition}")));
    if all.is_empty() { String::new() } else { format!(" ({})", all.join("; ")) }
}

fn inlines(text: &[Inline]) -> Vec<Roff> {
    let inline = |part: &Inline| match part {
        Inline::Text(text) => roman(text.as_str()),
        Inline::Code(text) => bold(text.as_str()),
        Inline::Emphasis(text) => italic(words(text)),
        Inline::Strong(text) => bold(words(text)),
        Inline::Link { to, text } => match words(text) {
            text if text == *to => roman(text),
            text => roman(format!("{text} ({to})")),
        },
    };
    text.iter().map(inline).collect()
}

/// The text without markup.
fn words(text: &[Inline]) -> String {
    let mut words = String::new();
    super::markup::plain_inline(text, &mut words);
    words
}
