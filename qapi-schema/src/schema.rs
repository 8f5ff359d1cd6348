//! A schema: the definitions of a file and of the files that it includes.

use std::io;
use std::path::Path;

use qapi_core::introspection::{Mask, info::SchemaInfo, introspect};
use qapi_core::schema::View;

use crate::doc::Doc;
use crate::expression;
use crate::finding::{Finding, Level};
use crate::lexer::{Lexer, Token, TokenKind};
use crate::load::{self, Documentation, Loaded};
use crate::model::Definition;
use crate::outline::outline;
use crate::source::{Sources, Span};
use crate::whole::{self, Known};

/// The definitions of a schema file and of the files that it includes, and what is wrong with them.
#[derive(Debug)]
pub struct Schema {
    sources: Sources,
    definitions: Vec<Definition>,
    free_text: Vec<Doc>,
    findings: Vec<Finding>,
}

impl Schema {
    /// Reads and checks a schema file.
    ///
    /// Errors do not end the check: [`findings`](Self::findings) has all of them, and
    /// [`definitions`](Self::definitions) has the definitions without errors of their own.
    pub fn read(path: impl AsRef<Path>) -> Self {
        Self::read_with(path, load::read_file)
    }

    /// As [`read`](Self::read), with the texts of files from `read`: from an archive, or from a
    /// revision of a version control system. `read` gets the path, and for a file that another
    /// includes the path of that file's folder joined with that of the directive.
    pub fn read_with(
        path: impl AsRef<Path>,
        mut read: impl FnMut(&Path) -> io::Result<String>,
    ) -> Self {
        Self::new(load::load(path.as_ref(), Documentation::Read, &mut read))
    }

    /// As [`read_with`](Self::read_with), for a schema whose documentation follows other rules, as
    /// that of an earlier release of QEMU may: comments are not read, and the texts of
    /// [`sources`](Self::sources) do not have them.
    pub fn read_without_documentation(
        path: impl AsRef<Path>,
        mut read: impl FnMut(&Path) -> io::Result<String>,
    ) -> Self {
        Self::new(load::load(path.as_ref(), Documentation::Ignored, &mut read))
    }

    /// Checks a text as the schema file `name`, which need not exist. Paths of includes are
    /// relative to the folder of `name`.
    pub fn from_text(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(load::load_text(name.into(), text.into()))
    }

    fn new(loaded: Loaded) -> Self {
        let Loaded { sources, expressions, free_text, pragmas, mut findings, broken, lacks_file } =
            loaded;
        let mut known = Known { is_partial: lacks_file, ..Known::default() };
        for span in broken {
            match defined_in(&sources, span) {
                Some(name) => known.broken.extend([name]),
                None => known.is_partial = true,
            }
        }
        let mut definitions = Vec::with_capacity(expressions.len());
        for expression in expressions {
            let names: Vec<_> =
                expression::name_of(&expression.object).map(str::to_owned).collect();
            match expression::check(expression, &pragmas, &mut findings) {
                Some(definition) => definitions.push(definition),
                None => known.broken.extend(names),
            }
        }
        whole::check(&definitions, &known, &sources, &mut findings);
        Self { sources, definitions, free_text, findings }
    }

    /// The texts of all files.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The definitions, in the order of the files. Definitions with errors of their own are absent.
    pub fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// The blocks of documentation that belong to no definition, in the order of the files.
    pub fn free_text(&self) -> &[Doc] {
        &self.free_text
    }

    /// Errors, in the order in which QEMU's schema compiler looks for them: syntax, single
    /// definitions, then the schema as a whole.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether there is no error.
    pub fn is_valid(&self) -> bool {
        self.findings.iter().all(|finding| finding.level < Level::Error)
    }

    /// The schema as a server with all its commands and events would show it: commands and events
    /// in the order of the files, then every type that they use. Parts with conditions are present.
    ///
    /// # Errors
    /// This process has taken the memory for which [`MAX_OUTLINED`](crate::limits::MAX_OUTLINED) is
    /// the limit; returns an error text.
    pub fn introspect(&self, mask: Mask) -> Result<Vec<SchemaInfo>, String> {
        let outlines = outline(self.definitions.iter(), &self.sources)?;
        Ok(introspect(outlines.into_iter(), mask, &View::new(None, Default::default())))
    }
}

/// The name that a text with a syntax error defines, if it is readable: the string after the key of
/// a kind.
fn defined_in(sources: &Sources, span: Span) -> Option<String> {
    let file = sources.file(span);
    let mut lexer = Lexer::new(file, span.file);
    lexer.seek(span.start as usize);
    let mut is_next = false;
    while let Ok(Token { kind, span: found }) = lexer.token() {
        if found.start >= span.end {
            break;
        }
        match kind {
            TokenKind::String(text) if is_next => return Some(text),
            TokenKind::String(text) => is_next = expression::is_kind(&text),
            TokenKind::Mark(b':') => {}
            TokenKind::End => break,
            TokenKind::Mark(_) | TokenKind::Bool(_) | TokenKind::Comment => is_next = false,
        }
    }
    None
}
