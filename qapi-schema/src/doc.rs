//! Blocks of documentation (QAPI schema language, "Documentation comments").

use crate::finding::Finding;
use crate::lexer::{Lexer, TokenKind};
use crate::limits::MAX_ELEMENTS;
use crate::source::{SourceFile, Span};

/// A block of documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Doc {
    /// The line that begins the block.
    pub span: Span,
    /// The name of the definition that the block documents, and its place; `None` for a block of
    /// free text.
    pub symbol: Option<(String, Span)>,
    /// The parts, in their order.
    pub sections: Vec<DocSection>,
    /// Errors that do not prevent that the rest of the block is read.
    pub(crate) findings: Vec<Finding>,
}

/// A part of a block of documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DocSection {
    /// The subject.
    pub kind: DocKind,
    /// The first line.
    pub span: Span,
    /// The text, its lines without the mark of the comment.
    pub text: String,
}

/// The subjects of parts of documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocKind {
    /// The definition, or free text.
    Text,
    /// A member, value, alternative or argument.
    Member(String),
    /// A feature.
    Feature(String),
    /// What the tag says: `Returns`, `Errors`, `Since`, or a remark for developers.
    Tag(&'static str),
}

impl Doc {
    /// The first section of a kind.
    pub fn section(&self, kind: &DocKind) -> Option<&DocSection> {
        self.sections.iter().find(|section| section.kind == *kind)
    }
}

/// The tag of remarks for developers, which no manual shows.
const REMARK: &str = concat!("TO", "DO");

/// The tags that begin a section. Those of notes and examples are no longer legal.
const TAGS: &[&str] =
    &["Returns", "Errors", "Since", "Notes", "Note", "Examples", "Example", REMARK];

/// Reads one block.
pub(crate) struct DocParser<'p, 'f> {
    lexer: &'p mut Lexer<'f>,
    text: &'f str,
    /// The place of the last line.
    here: Span,
    doc: Doc,
}

type Line<'f> = Result<Option<&'f str>, Box<Finding>>;

impl<'p, 'f> DocParser<'p, 'f> {
    pub(crate) fn new(lexer: &'p mut Lexer<'f>, source: &'f SourceFile) -> Self {
        let here = lexer.span(0, 0);
        let doc = Doc { span: here, symbol: None, sections: Vec::new(), findings: Vec::new() };
        Self { lexer, text: source.text(), here, doc }
    }

    /// Reads the block that begins with the comment at `first`.
    pub(crate) fn block(mut self, first: Span) -> Result<Doc, Box<Finding>> {
        if self.text[first.range()].trim_end_matches('\r') != "##" {
            let message = "junk after `##` at start of documentation comment";
            let junk = Span { start: first.start + 2, ..first };
            return Err(Box::new(Finding::error(first, message).at(junk).help(
                "begin documentation with a line of `##` alone, other comments with `#`",
            )));
        }
        (self.here, self.doc.span) = (first, first);
        let line = self.line()?;
        match line {
            Some(line) if line.starts_with('@') => self.definition(line)?,
            line => self.free_text(line)?,
        }
        self.finish();
        Ok(self.doc)
    }

    /// The next line without the mark of the comment; `None` at the end of the block.
    fn line(&mut self) -> Line<'f> {
        let token = self.lexer.any_token()?;
        self.here = token.span;
        if self.doc.sections.len() > MAX_ELEMENTS {
            let message = format!("the block has more than {MAX_ELEMENTS} parts");
            return Err(Box::new(self.error(message)));
        }
        if token.kind != TokenKind::Comment {
            return Err(Box::new(
                self.error("documentation comment must end with `##`")
                    .help("end the block with a line of `##` alone"),
            ));
        }
        let line = self.text[token.span.range()].trim_end_matches('\r');
        if line.starts_with("##") {
            if line == "##" {
                return Ok(None);
            }
            return Err(Box::new(
                self.error("junk after `##` at end of documentation comment")
                    .help("end documentation with a line of `##` alone"),
            ));
        }
        if line == "#" {
            return Ok(Some(""));
        }
        line.strip_prefix("# ").map(|line| Some(line.trim_end())).ok_or_else(|| {
            let error = self.error("missing space after `#`");
            Box::new(error.help("write a space between `#` and the text"))
        })
    }

    fn error(&self, message: impl Into<String>) -> Finding {
        Finding::error(self.here, message)
    }

    /// The next line that is not empty.
    fn line_with_text(&mut self, mut line: Option<&'f str>) -> Line<'f> {
        while line == Some("") {
            line = self.line()?;
        }
        Ok(line)
    }

    fn free_text(&mut self, mut line: Option<&'f str>) -> Result<(), Box<Finding>> {
        self.begin(DocKind::Text);
        let mut is_first = true;
        while let Some(found) = line {
            if let Some((name, _)) = name_and_text(found) {
                let message = format!("`@{name}:` not allowed in free-form documentation");
                return Err(Box::new(self.error(message).help(
                    "begin the block with `# @NAME:` to document the definition that follows",
                )));
            }
            if found.starts_with('=') && !is_first {
                let message = "`=` heading must come first in a comment block";
                return Err(Box::new(
                    self.error(message).help("begin another block with the heading"),
                ));
            }
            self.append(found);
            line = self.line()?;
            is_first = false;
        }
        Ok(())
    }

    fn definition(&mut self, first: &'f str) -> Result<(), Box<Finding>> {
        let Some(symbol) = first[1..].strip_suffix(':') else {
            return Err(Box::new(
                self.error("line should end with `:`").help(format!("write `# {first}:`")),
            ));
        };
        if symbol.is_empty() {
            return Err(Box::new(
                self.error("name required after `@`")
                    .help("write the name of the definition that follows"),
            ));
        }
        self.doc.symbol = Some((symbol.to_owned(), self.here));
        let mut takes_members = true;
        let mut line = self.line()?;
        while let Some(found) = self.line_with_text(line)? {
            line = if found == "Features:" {
                takes_members = false;
                self.features()?
            } else if let Some((name, _)) = name_and_text(found) {
                if !takes_members {
                    let message = format!("description of `@{name}:` follows a section");
                    return Err(Box::new(
                        self.error(message)
                            .help("describe members before `Features:` and other sections"),
                    ));
                }
                takes_members = false;
                self.descriptions(Some(found), DocKind::Member)?
            } else if let Some((tag, text)) = tag_and_text(found) {
                takes_members = false;
                self.tagged(tag, text)?
            } else if found.starts_with('=') {
                let message = "unexpected `=` markup in definition documentation";
                return Err(Box::new(self.error(message).help(
                    "write headings in blocks of their own, which document no definition",
                )));
            } else {
                self.paragraph(found)?
            };
        }
        Ok(())
    }

    fn features(&mut self) -> Line<'f> {
        if self.doc.sections.iter().any(|found| matches!(found.kind, DocKind::Feature(_))) {
            return Err(Box::new(
                self.error("duplicated `Features:` line")
                    .help("describe all features after the first one"),
            ));
        }
        let line = self.line()?;
        let line = self.line_with_text(line)?;
        let before = self.doc.sections.len();
        let next = self.descriptions(line, DocKind::Feature)?;
        if self.doc.sections.len() == before {
            return Err(Box::new(
                self.error("feature descriptions expected")
                    .help("write `# @NAME: text` for each feature"),
            ));
        }
        Ok(next)
    }

    /// Descriptions of parts, which follow each other. Returns the line after them.
    fn descriptions(
        &mut self,
        mut line: Option<&'f str>,
        kind: fn(String) -> DocKind,
    ) -> Line<'f> {
        while let Some((name, text)) = line.and_then(name_and_text) {
            let kind = kind(name.to_owned());
            let first = self.doc.section(&kind).map(|first| first.span);
            if name.is_empty() {
                let error = self.error("invalid parameter name");
                self.doc.findings.push(error.help("write a name between `@` and `:`"));
            } else if let Some(first) = first {
                let error = self.error(format!("`{name}` parameter name duplicated"));
                let error = error.help("merge the two descriptions").related(first, "first here");
                self.doc.findings.push(error);
            }
            self.begin(kind);
            if !text.is_empty() {
                self.append(text);
            }
            line = self.indented()?;
        }
        Ok(line)
    }

    fn tagged(&mut self, tag: &'static str, text: &str) -> Line<'f> {
        if let "Note" | "Notes" | "Example" | "Examples" = tag {
            let directive = if tag.starts_with('N') { ".. note::" } else { ".. qmp-example::" };
            return Err(Box::new(
                self.error(format!("the `{tag}` section is no longer supported"))
                    .help(format!("write `{directive}`, and indent the text below it")),
            ));
        }
        let kind = DocKind::Tag(tag);
        if let Some(first) = self.doc.section(&kind).filter(|_| tag != REMARK) {
            let first = first.span;
            let error = self.error(format!("duplicated `{tag}` section"));
            self.doc.findings.push(error.help("merge the two").related(first, "first here"));
        }
        self.begin(kind);
        if !text.is_empty() {
            self.append(text);
        }
        self.indented()
    }

    /// The lines of a description, which the first of them indents. Returns the line after them.
    fn indented(&mut self) -> Line<'f> {
        let mut line = self.line()?;
        while line == Some("") {
            self.append("");
            line = self.line()?;
        }
        let Some(first) = line else { return Ok(None) };
        let indent = indent_of(first);
        if indent == 0 {
            return Ok(line);
        }
        self.append(first);
        let mut after_blank = false;
        loop {
            let Some(found) = self.line()? else { return Ok(None) };
            if name_and_text(found).is_some() {
                return Ok(Some(found));
            }
            if !found.is_empty() && indent_of(found) < indent {
                if after_blank {
                    return Ok(Some(found));
                }
                let message = format!("unexpected de-indent (expected at least {indent} spaces)");
                return Err(Box::new(
                    self.error(message)
                        .help("indent the line, or write an empty line `#` before it"),
                ));
            }
            self.append(found);
            after_blank = found.is_empty();
        }
    }

    /// A paragraph without a tag. Returns the line after it.
    fn paragraph(&mut self, first: &'f str) -> Line<'f> {
        let continues = self.doc.sections.last().is_some_and(|last| last.kind == DocKind::Text);
        if continues {
            self.append("");
        } else {
            self.begin(DocKind::Text);
        }
        self.append(first);
        while let Some(line) = self.line()? {
            if line.is_empty() {
                return Ok(Some(line));
            }
            self.append(line);
        }
        Ok(None)
    }

    fn begin(&mut self, kind: DocKind) {
        self.doc.sections.push(DocSection { kind, span: self.here, text: String::new() });
    }

    fn append(&mut self, line: &str) {
        if let Some(section) = self.doc.sections.last_mut() {
            section.text.push_str(line);
            section.text.push('\n');
        }
    }

    /// Sections with a tag must have a text.
    fn finish(&mut self) {
        for section in &mut self.doc.sections {
            section.text = section.text.trim_matches('\n').to_owned();
            if let (DocKind::Tag(tag), "") = (&section.kind, section.text.as_str()) {
                let message = format!("text required after `{tag}:`");
                let error = Finding::error(section.span, message);
                self.doc.findings.push(error.help("write the text, or remove the section"));
            }
        }
    }
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The name and the text of a line `@name: text`.
fn name_and_text(line: &str) -> Option<(&str, &str)> {
    let (name, text) = line.strip_prefix('@')?.split_once(':')?;
    Some((name, text.trim_start_matches(' ')))
}

/// The tag and the text of a line `Tag: text`. Two colons are markup for the text.
fn tag_and_text(line: &str) -> Option<(&'static str, &str)> {
    let tag = TAGS.iter().find(|tag| line.starts_with(**tag))?;
    let text = line[tag.len()..].strip_prefix(':').filter(|text| !text.starts_with(':'))?;
    Some((tag, text.trim_start_matches(' ')))
}
