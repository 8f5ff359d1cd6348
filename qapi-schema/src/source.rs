//! The texts of schema files, and places in them.

use std::ops::Range;

/// The files of a schema, in the order of their first inclusion.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

/// One file of a schema.
#[derive(Debug)]
pub struct SourceFile {
    path: String,
    text: String,
    /// The offset of each line.
    lines: Vec<u32>,
}

/// A part of a file: a token, a definition, or a line of documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The index of the file in [`Sources::files`].
    pub file: u32,
    /// The offset of the first byte.
    pub start: u32,
    /// The offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The offsets, for slices of the text.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The span from the start of this one to the end of `last`, which is in the same file.
    #[must_use]
    pub fn to(self, last: Self) -> Self {
        Self { end: last.end, ..self }
    }
}

impl SourceFile {
    pub(crate) fn new(path: String, mut text: String) -> Self {
        if !text.ends_with('\n') {
            text.push('\n');
        }
        let after_ends = text.bytes().zip(1..).filter(|(byte, _)| *byte == b'\n');
        let mut lines: Vec<u32> =
            [0].into_iter().chain(after_ends.map(|(_, next)| next)).collect();
        lines.pop();
        Self { path, text, lines }
    }

    /// The path, as the schema or the caller names it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The text. A line feed ends it in any case.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The number of the line that contains an offset, from 1.
    pub fn line(&self, offset: u32) -> u32 {
        self.lines.partition_point(|start| *start <= offset) as u32
    }

    /// The number of the character in its line, from 1.
    pub fn column(&self, offset: u32) -> u32 {
        let start = self.lines[self.line(offset).max(1) as usize - 1] as usize;
        self.text[start..offset as usize].chars().count() as u32 + 1
    }

    /// The number of lines.
    pub fn line_count(&self) -> usize {
        self.lines.len()
    }
}

impl Sources {
    /// The files.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// The file of a span.
    pub fn file(&self, span: Span) -> &SourceFile {
        &self.files[span.file as usize]
    }

    /// The text of a span.
    pub fn text(&self, span: Span) -> &str {
        &self.file(span).text[span.range()]
    }

    /// The number of the line on which a span begins, from 1.
    pub fn line(&self, span: Span) -> u32 {
        self.file(span).line(span.start)
    }

    /// Adds a file, and returns its index.
    pub(crate) fn add(&mut self, file: SourceFile) -> u32 {
        self.files.push(file);
        self.files.len() as u32 - 1
    }
}
