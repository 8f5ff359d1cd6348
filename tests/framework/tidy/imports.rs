//! Finds the imports between the files of a crate. The target of an import is the file that defines
//! the name, so re-exports are followed. A path in code (`crate::a::f()`) is an import too. Modules
//! under `#[cfg(test)]` are ignored.

use std::collections::{BTreeMap, HashMap};

use super::tokens::{Token, closing};

/// The path of a module or of an item, from the root of the crate.
type Path = Vec<String>;

/// The sources of one crate.
pub(super) struct Crate {
    /// The tokens of each file, by its path in `src`.
    files: BTreeMap<String, Vec<Token>>,
    /// The file of each module.
    modules: HashMap<Path, String>,
    /// The re-exported paths, by the public path.
    reexports: HashMap<Path, Path>,
}

/// An import of one file from another.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Import {
    pub(super) from: String,
    pub(super) line: usize,
    /// The resolved path, for messages.
    pub(super) name: String,
    /// The file that defines the name.
    pub(super) to: String,
}

/// A path as written in the source.
struct Written {
    path: Path,
    /// The module that contains the path.
    module: Path,
    line: usize,
    /// The name by which the path is re-exported.
    public: Option<String>,
    is_use: bool,
}

impl Crate {
    pub(super) fn new(files: BTreeMap<String, Vec<Token>>) -> Self {
        let files: BTreeMap<_, _> =
            files.into_iter().map(|(path, tokens)| (path, without_tests(&tokens))).collect();
        let modules = files.keys().map(|path| (module_of(path), path.clone())).collect();
        let mut new = Self { files, modules, reexports: HashMap::new() };
        for path in new.files.keys() {
            for written in new.written(path) {
                if let (Some(name), Some(full)) = (&written.public, new.absolute(&written)) {
                    let mut public = written.module.clone();
                    public.push(name.clone());
                    if public != full {
                        new.reexports.insert(public, full);
                    }
                }
            }
        }
        new
    }

    /// The files, by their paths in `src`.
    pub(super) fn files(&self) -> impl Iterator<Item = &String> {
        self.files.keys()
    }

    /// The imports from other files of the crate.
    pub(super) fn imports(&self) -> Vec<Import> {
        let mut all = Vec::new();
        for from in self.files.keys() {
            for written in self.written(from) {
                let Some(full) = self.absolute(&written) else { continue };
                let to = self.defining_file(&full, 0);
                if to != from {
                    let (line, name) = (written.line, full.join("::"));
                    all.push(Import { from: from.clone(), line, name, to: to.clone() });
                }
            }
        }
        all.sort();
        all.dedup();
        all
    }

    /// The path from the root of the crate, or `None` if it leads into another crate.
    fn absolute(&self, written: &Written) -> Option<Path> {
        let (mut module, mut rest) = (written.module.clone(), &written.path[..]);
        match rest.first()?.as_str() {
            "crate" => return Some(rest[1..].to_vec()),
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|first| first == "super") {
                    module.pop();
                    rest = &rest[1..];
                }
            }
            child => {
                let child = [&module[..], &[child.to_owned()]].concat();
                if !written.is_use || !self.modules.contains_key(&child) {
                    return None;
                }
            }
        }
        module.extend_from_slice(rest);
        Some(module)
    }

    /// The file of the longest prefix of the path that is a module. Re-exports are followed.
    fn defining_file(&self, full: &[String], depth: usize) -> &String {
        for end in (0..=full.len()).rev() {
            let (module, rest) = full.split_at(end);
            let Some(file) = self.modules.get(module) else { continue };
            // The depth has a limit, because glob re-exports can form a cycle.
            if depth < 8 && !rest.is_empty() {
                let target = self.reexports.get(&full[..=end]);
                if let Some(target) = target.filter(|target| !full.starts_with(target)) {
                    let target = [target, &rest[1..]].concat();
                    return self.defining_file(&target, depth + 1);
                }
            }
            return file;
        }
        unreachable!("the root of a crate is a module")
    }

    /// Every path in a file that may lead to another file.
    fn written(&self, file: &str) -> Vec<Written> {
        let tokens = &self.files[file];
        let mut scan = Scan { tokens, module: module_of(file), ends: Vec::new(), found: vec![] };
        scan.file();
        scan.found
    }
}

fn module_of(file: &str) -> Path {
    let mut path: Path = file.trim_end_matches(".rs").split('/').map(ToOwned::to_owned).collect();
    if matches!(path.last().unwrap().as_str(), "mod" | "lib" | "main") {
        path.pop();
    }
    path
}

/// The tokens without modules under `#[cfg(test)]`.
fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let marks = ["#", "[", "cfg", "(", "test", ")", "]", "mod"];
    let (mut left, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        let is_marked = tokens[at..].len() > marks.len() + 1
            && marks.iter().zip(&tokens[at..]).all(|(mark, token)| token.is(mark));
        if is_marked {
            let open = at + marks.len() + 1;
            at = if tokens[open].is("{") { closing(tokens, open) } else { open };
        } else {
            left.push(tokens[at].clone());
        }
        at += 1;
    }
    left
}

/// Collects the paths from the tokens of a file.
struct Scan<'t> {
    tokens: &'t [Token],
    module: Path,
    /// The end positions of the inline modules that enclose the current token.
    ends: Vec<usize>,
    found: Vec<Written>,
}

impl Scan<'_> {
    fn is(&self, at: usize, text: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is(text))
    }

    fn is_separator(&self, at: usize) -> bool {
        self.is(at, ":") && self.is(at + 1, ":")
    }

    fn file(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            if self.ends.last() == Some(&at) {
                self.ends.pop();
                self.module.pop();
            }
            if self.is(at, "mod") && self.is(at + 2, "{") {
                self.module.push(self.tokens[at + 1].text.clone());
                self.ends.push(closing(self.tokens, at + 2));
                at += 3;
            } else if self.is(at, "use") && !self.is(at + 1, "<") {
                let is_public = at > 0 && (self.is(at - 1, "pub") || self.is_restricted(at - 1));
                at = self.use_tree(at + 1, &[], is_public);
            } else if ["crate", "super"].iter().any(|root| self.is(at, root)) {
                at = self.path_in_code(at);
            } else {
                at += 1;
            }
        }
    }

    /// Whether the token at `end` closes `pub(…)`.
    fn is_restricted(&self, end: usize) -> bool {
        let start = (0..end).rev().take(6).find(|at| self.is(*at, "pub"));
        start.is_some_and(|at| self.is(at + 1, "(") && closing(self.tokens, at + 1) == end)
    }

    /// Reads a use tree behind `prefix`. Returns the index after it.
    fn use_tree(&mut self, mut at: usize, prefix: &[String], is_public: bool) -> usize {
        let (mut path, line) = (prefix.to_vec(), self.tokens[at].line);
        let mut public = None;
        loop {
            if self.is_separator(at) {
                at += 2;
            } else if self.is(at, "{") {
                let end = closing(self.tokens, at);
                at += 1;
                while at < end {
                    at = self.use_tree(at, &path, is_public);
                    at += usize::from(self.is(at, ","));
                }
                return end + 1;
            } else if self.is(at, "as") {
                public = Some(self.tokens[at + 1].text.clone());
                at += 2;
            } else if self.tokens[at].is_identifier() {
                path.push(self.tokens[at].text.clone());
                at += 1;
            } else {
                at += usize::from(self.is(at, "*"));
                break;
            }
        }
        if path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let public = if is_public { public.or(path.last().cloned()) } else { None };
        self.push(path, line, public, true);
        at
    }

    fn path_in_code(&mut self, mut at: usize) -> usize {
        let (mut path, line) = (vec![self.tokens[at].text.clone()], self.tokens[at].line);
        at += 1;
        while self.is_separator(at) && self.tokens.get(at + 2).is_some_and(Token::is_identifier) {
            path.push(self.tokens[at + 2].text.clone());
            at += 3;
        }
        // `crate` and `super` in `pub(crate)` and `pub(super)` are not paths.
        if path.len() > 1 {
            self.push(path, line, None, false);
        }
        at
    }

    fn push(&mut self, path: Path, line: usize, public: Option<String>, is_use: bool) {
        let module = self.module.clone();
        self.found.push(Written { path, module, line, public, is_use });
    }
}
