//! Reads a schema file and the files that it includes.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf, absolute};

use crate::doc::Doc;
use crate::finding::Finding;
use crate::limits::{MAX_DEFINITIONS, MAX_FILE, MAX_FILES, MAX_INCLUDE_DEPTH};
use crate::parser::{Item, parse};
use crate::pragma::Pragmas;
use crate::source::{SourceFile, Sources, Span};
use crate::value::{Entry, Object, get};

/// An expression that is neither an include nor a pragma, with the documentation before it.
#[derive(Debug)]
pub(crate) struct Expression {
    pub(crate) span: Span,
    pub(crate) object: Object,
    pub(crate) doc: Documented,
}

/// The documentation before a definition.
#[derive(Debug)]
pub(crate) enum Documented {
    Not,
    /// The block has an error, so that its contents are unknown.
    Broken,
    By(Doc),
}

/// What the files of a schema contain.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) sources: Sources,
    pub(crate) expressions: Vec<Expression>,
    /// The blocks of documentation that belong to no definition.
    pub(crate) free_text: Vec<Doc>,
    pub(crate) pragmas: Pragmas,
    pub(crate) findings: Vec<Finding>,
    /// The text that could not be read, where definitions may be.
    pub(crate) broken: Vec<Span>,
    /// Whether a whole file could not be read.
    pub(crate) lacks_file: bool,
}

/// How the text of a file is read.
pub(crate) type ReadFile<'r> = &'r mut dyn FnMut(&Path) -> io::Result<String>;

/// Whether blocks of documentation are read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Documentation {
    Read,
    /// They are comments, and no definition needs one.
    Ignored,
}

/// Reads `path` and everything that it includes.
pub(crate) fn load(path: &Path, documentation: Documentation, read: ReadFile<'_>) -> Loaded {
    let mut loader = Loader { documentation, ..Loader::new(read) };
    let name = path.display().to_string();
    match (loader.read)(path) {
        Ok(text) => loader.file(path, name, text),
        Err(error) => {
            let message = format!("can't read schema file `{name}`: {}", reason(&error));
            loader.loaded.findings.push(Finding::without_place(message));
            loader.loaded.lacks_file = true;
        }
    }
    loader.loaded.pragmas.doc_required &= documentation == Documentation::Read;
    loader.loaded
}

/// The text with the same lines, those of comments empty. No string has several lines.
fn without_comments(text: &str) -> String {
    let line = |line: &str| {
        let is_comment = line.trim_start().starts_with('#');
        if is_comment { "\n".to_owned() } else { format!("{line}\n") }
    };
    text.lines().map(line).collect()
}

/// Reads a text as a schema of one file. Its includes are read from the working directory.
pub(crate) fn load_text(name: String, text: String) -> Loaded {
    let mut read = read_file;
    let mut loader = Loader::new(&mut read);
    loader.file(Path::new(&name), name.clone(), text);
    loader.loaded
}

struct Loader<'r> {
    read: ReadFile<'r>,
    documentation: Documentation,
    loaded: Loaded,
    /// The files whose inclusion has begun, by absolute path.
    included: HashSet<PathBuf>,
    /// The files that include each other, down to the current one.
    stack: Vec<PathBuf>,
}

impl<'r> Loader<'r> {
    fn new(read: ReadFile<'r>) -> Self {
        Self {
            read,
            documentation: Documentation::Read,
            loaded: Loaded::default(),
            included: HashSet::new(),
            stack: Vec::new(),
        }
    }

    fn file(&mut self, path: &Path, name: String, text: String) {
        let identity = identity(path);
        self.included.insert(identity.clone());
        self.stack.push(identity);
        let text = match self.documentation {
            Documentation::Read => text,
            Documentation::Ignored => without_comments(&text),
        };
        let source = SourceFile::new(name, text);
        let index = self.loaded.sources.files().len() as u32;
        let (items, findings) = parse(&source, index);
        self.loaded.sources.add(source);
        self.loaded.findings.extend(findings);
        let mut doc = Documented::Not;
        for item in items {
            match item {
                Item::Doc(next) => {
                    if next.symbol.is_none() {
                        self.loaded.free_text.push(next.clone());
                    }
                    self.loaded.findings.extend(next.findings.iter().cloned());
                    self.reject(&doc);
                    doc = Documented::By(next);
                }
                Item::BrokenDoc(_) => {
                    self.reject(&doc);
                    doc = Documented::Broken;
                }
                Item::Broken(span) => {
                    self.loaded.broken.push(span);
                    doc = Documented::Not;
                }
                Item::Expression { span, object } => {
                    let doc = std::mem::replace(&mut doc, Documented::Not);
                    self.expression(path, span, object, doc);
                }
            }
        }
        self.reject(&doc);
        self.stack.pop();
    }

    /// Documentation of a definition must precede a definition.
    fn reject(&mut self, doc: &Documented) {
        if let Documented::By(doc) = doc
            && let Some((name, place)) = &doc.symbol
        {
            let message = format!("documentation for `{name}` is not followed by the definition");
            self.loaded.findings.push(
                Finding::error(doc.span, message)
                    .at(*place)
                    .help("move the block to the line before the definition"),
            );
        }
    }

    fn expression(&mut self, path: &Path, span: Span, object: Object, doc: Documented) {
        if let Some(include) = object.iter().find(|entry| entry.key == "include") {
            self.reject(&doc);
            self.include(path, span, &object, include);
        } else if get(&object, "pragma").is_some() {
            self.reject(&doc);
            self.loaded.findings.extend(self.loaded.pragmas.add(span, &object));
        } else if self.loaded.expressions.len() == MAX_DEFINITIONS {
            let message = format!("the schema has more than {MAX_DEFINITIONS} definitions");
            self.loaded.findings.push(Finding::error(span, message));
            self.loaded.lacks_file = true;
        } else if self.loaded.expressions.len() < MAX_DEFINITIONS {
            if let Documented::By(doc) = &doc
                && doc.symbol.is_none()
            {
                let help = "begin the block with `# @NAME:`, or write an empty block between it \
                            and the definition";
                let error = Finding::error(doc.span, "definition documentation required");
                self.loaded.findings.push(error.help(help));
            }
            self.loaded.expressions.push(Expression { span, object, doc });
        }
    }

    fn include(&mut self, path: &Path, span: Span, object: &[Entry], entry: &Entry) {
        let error = |message: String| Finding::error(span, message).at(entry.node.span);
        if object.len() != 1 {
            let error = error("invalid `include` directive".to_owned());
            let error = error.at(span).help("write nothing beside `include`");
            return self.loaded.findings.push(error);
        }
        let Some(name) = entry.node.as_str() else {
            let error = error("value of `include` must be a string".to_owned());
            return self.loaded.findings.push(error.help("write the path of a schema file"));
        };
        let folder = path.parent().unwrap_or(Path::new(""));
        let included = folder.join(name);
        let identity = identity(&included);
        if self.stack.contains(&identity) {
            let error = error(format!("inclusion loop for `{name}`"));
            let help =
                "remove the directive: a file is included once, and its place is no matter";
            return self.loaded.findings.push(error.help(help));
        }
        if self.included.contains(&identity) {
            return;
        }
        let limit = if self.stack.len() > MAX_INCLUDE_DEPTH {
            Some(format!("more than {MAX_INCLUDE_DEPTH} files include each other"))
        } else if self.included.len() > MAX_FILES {
            Some(format!("the schema has more than {MAX_FILES} files"))
        } else {
            None
        };
        if let Some(message) = limit {
            self.loaded.lacks_file = true;
            return self.loaded.findings.push(error(message));
        }
        match (self.read)(&included) {
            Ok(text) => self.file(&included, included.display().to_string(), text),
            Err(found) => {
                let shown = included.display();
                let error =
                    error(format!("can't read include file `{shown}`: {}", reason(&found)));
                let help = "write the path of the file, relative to the file that includes it";
                self.loaded.findings.push(error.help(help));
                self.loaded.lacks_file = true;
            }
        }
    }
}

/// The path by which two inclusions of a file are known to be the same.
fn identity(path: &Path) -> PathBuf {
    let path = absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

/// The text of a file that is not too large.
pub(crate) fn read_file(path: &Path) -> io::Result<String> {
    read_from(File::open(path)?)
}

/// The text of a file, from its start.
///
/// # Errors
/// Those of the reader; the file is larger than [`MAX_FILE`], or is not UTF-8.
pub fn read_from(file: impl Read) -> io::Result<String> {
    let mut text = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MAX_FILE {
        let message = format!("the file is larger than {} MiB", MAX_FILE >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    String::from_utf8(text)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the file is not UTF-8"))
}

/// The text of an error without the number that Rust appends.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}
