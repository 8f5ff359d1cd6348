//! The part of reStructuredText that QEMU's schema files use.
//!
//! Markup that is not known here is shown as it is written.

use super::{Block, MAX_DEPTH, phrases};

/// Reads a text.
pub(in crate::doc) fn parse(text: &str) -> Vec<Block> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    blocks(&without_indent(&lines), 0)
}

/// Reads a text whose first line may lack the indentation of the others, as it follows a name.
pub(in crate::doc) fn parse_description(text: &str) -> Vec<Block> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let (first, rest) = match lines.split_first() {
        Some((first, rest)) if indent(first) == 0 => (Some(*first), rest),
        _ => (None, lines.as_slice()),
    };
    let lines: Vec<&str> = first.into_iter().chain(without_indent(rest)).collect();
    blocks(&lines, 0)
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// The lines without the indentation that all of them share.
fn without_indent<'t>(lines: &[&'t str]) -> Vec<&'t str> {
    let shared = lines.iter().filter(|line| !line.is_empty()).map(|line| indent(line)).min();
    lines.iter().map(|line| line.get(shared.unwrap_or(0)..).unwrap_or("")).collect()
}

fn blocks(lines: &[&str], depth: usize) -> Vec<Block> {
    let mut reader = Reader { lines, at: 0, depth };
    let mut blocks = Vec::new();
    while reader.skip_empty() {
        reader.block(&mut blocks);
    }
    blocks
}

struct Reader<'l, 't> {
    lines: &'l [&'t str],
    at: usize,
    depth: usize,
}

impl<'t> Reader<'_, 't> {
    /// Skips empty lines; false at the end.
    fn skip_empty(&mut self) -> bool {
        while self.line(0) == Some("") {
            self.at += 1;
        }
        self.at < self.lines.len()
    }

    /// The line at a distance from the present one.
    fn line(&self, distance: usize) -> Option<&'t str> {
        self.lines.get(self.at + distance).copied()
    }

    fn block(&mut self, blocks: &mut Vec<Block>) {
        let line = self.line(0).unwrap_or_default();
        if self.depth > MAX_DEPTH {
            let text = self.lines[self.at..].join("\n");
            self.at = self.lines.len();
            return blocks.push(Block::Code(text));
        }
        if let Some(directive) = line.strip_prefix(".. ") {
            self.at += 1;
            return self.directive(directive, blocks);
        }
        let marked = line.trim_start_matches('=');
        if let Some(heading) = marked.strip_prefix(' ').filter(|_| line.starts_with('=')) {
            self.at += 1;
            return blocks.push(Block::Heading(phrases::parse(heading)));
        }
        if marker(line).is_some() {
            return blocks.push(self.list());
        }
        if indent(line) > 0 {
            let inner = self.indented(1);
            return blocks.extend(self.inner(&inner));
        }
        if is_drawn_table(line) {
            let end = self.until(|line| line.is_empty());
            return blocks.push(Block::Code(end.join("\n")));
        }
        if self.line(1).is_some_and(|next| is_underline(next, line)) {
            self.at += 2;
            return blocks.push(Block::Heading(phrases::parse(line)));
        }
        if self.line(1).is_some_and(|next| indent(next) > 0) && !line.ends_with("::") {
            return blocks.push(self.terms());
        }
        self.paragraph(blocks);
    }

    fn inner(&self, lines: &[&str]) -> Vec<Block> {
        blocks(lines, self.depth + 1)
    }

    /// The lines until one that `ends` is true for.
    fn until(&mut self, ends: impl Fn(&str) -> bool) -> Vec<&'t str> {
        let start = self.at;
        while self.line(0).is_some_and(|line| !ends(line)) {
            self.at += 1;
        }
        self.lines[start..self.at].to_vec()
    }

    /// The lines that are empty or indented by `width` at least, without their indentation.
    fn indented(&mut self, width: usize) -> Vec<&'t str> {
        let mut lines = self.until(|line| !line.is_empty() && indent(line) < width);
        while lines.last() == Some(&"") {
            lines.pop();
        }
        without_indent(&lines)
    }

    fn paragraph(&mut self, blocks: &mut Vec<Block>) {
        let start = self.at;
        self.at += 1;
        let is_end = |line: &str| line.is_empty() || line.starts_with(".. ");
        while self.line(0).is_some_and(|line| !is_end(line)) {
            self.at += 1;
        }
        let text = self.lines[start..self.at].join(" ");
        let is_literal = text.ends_with("::");
        let text = match text.strip_suffix("::") {
            Some(text) if text.trim().is_empty() => String::new(),
            Some(text) => format!("{}:", text.trim_end()),
            None => text,
        };
        if !text.is_empty() {
            blocks.push(Block::Paragraph(phrases::parse(&text)));
        }
        if is_literal {
            let code = self.indented(1);
            blocks.push(Block::Code(trimmed(&code)));
        }
    }

    /// `name:: argument`, with its text indented below it; otherwise a comment.
    fn directive(&mut self, line: &str, blocks: &mut Vec<Block>) {
        let body = self.indented(1);
        let Some((name, argument)) = line.split_once("::") else { return };
        // Options precede the text.
        let options = body.iter().take_while(|line| line.starts_with(':')).count();
        let (options, text) = body.split_at(options);
        match name {
            "code-block" | "code" | "parsed-literal" => blocks.push(Block::Code(trimmed(text))),
            "qmp-example" => blocks.push(example(options, text)),
            // Directives without a text for the reader.
            "index" | "only" | "highlight" | "contents" | "qapi:namespace" => {}
            "admonition" => {
                let title = argument.trim().to_owned();
                blocks.push(Block::Note { title, text: self.inner(text) });
            }
            _ => {
                // The text may begin on the line of the directive.
                let first = Some(argument.trim()).filter(|first| !first.is_empty());
                let all: Vec<&str> = first.into_iter().chain(text.iter().copied()).collect();
                let title = capitalised(name);
                blocks.push(Block::Note { title, text: self.inner(&all) });
            }
        }
    }

    fn list(&mut self) -> Block {
        let is_numbered = !self.line(0).unwrap_or_default().starts_with(['-', '*']);
        let mut items = Vec::new();
        while let Some(line) = self.line(0) {
            let Some(width) = marker(line) else { break };
            if is_numbered == line.starts_with(['-', '*']) {
                break;
            }
            self.at += 1;
            let mut lines = vec![&line[width..]];
            let rest = self.indented(1);
            lines.extend(rest);
            items.push(self.inner(&lines));
            self.skip_empty();
        }
        Block::List { is_numbered, items }
    }

    /// Terms, each with its meaning indented below it.
    fn terms(&mut self) -> Block {
        let mut terms = Vec::new();
        while let Some(line) = self.line(0) {
            let is_term = indent(line) == 0 && self.line(1).is_some_and(|next| indent(next) > 0);
            if !is_term || line.is_empty() {
                break;
            }
            self.at += 1;
            let meaning = self.indented(1);
            terms.push((phrases::parse(line), self.inner(&meaning)));
            self.skip_empty();
        }
        Block::Terms(terms)
    }
}

/// The width of the mark of an item of a list, with the white space after it.
fn marker(line: &str) -> Option<usize> {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let mark = match line.as_bytes().get(digits)? {
        b'-' | b'*' if digits == 0 => 1,
        b'#' if digits == 0 && line[1..].starts_with('.') => 2,
        b'.' | b')' if (1..4).contains(&digits) => digits + 1,
        _ => return None,
    };
    let rest = &line[mark..];
    (rest.starts_with(' ') && !rest.trim().is_empty()).then(|| mark + indent(rest))
}

/// Whether a line begins a table that is drawn with lines.
fn is_drawn_table(line: &str) -> bool {
    line.starts_with("+-")
        || line.starts_with("==") && line.contains("= =")
        || line.starts_with("| ")
}

/// Whether a line of one repeated mark underlines the heading before it.
fn is_underline(line: &str, heading: &str) -> bool {
    let Some(mark) = line.chars().next().filter(|mark| "=-~^\"*+#".contains(*mark)) else {
        return false;
    };
    line.len() >= 3.max(heading.len()) && line.chars().all(|found| found == mark)
}

fn example(options: &[&str], text: &[&str]) -> Block {
    let title = options.iter().find_map(|line| line.strip_prefix(":title:"));
    let code = Block::Code(trimmed(text));
    let title = title.map_or_else(|| "Example".to_owned(), |title| format!("Example:{title}"));
    Block::Note { title, text: vec![code] }
}

/// Lines as one text, without empty lines at its ends.
fn trimmed(lines: &[&str]) -> String {
    lines.join("\n").trim_matches('\n').to_owned()
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
