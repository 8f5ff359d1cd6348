//! The block around a function: a command is a free function, and an attribute does not see the
//! `impl`, `trait` or `extern` around it.
//!
//! The source file is read for functions that are indented. The result only selects an error
//! message: without it, the compiler reports generated code that is illegal in the block.

use proc_macro2::Ident;
use quote::ToTokens;

use crate::strip::is_outside_blocks;

/// The keyword of the `impl`, `trait` or `extern` block around the function `ident`, if the
/// compiler shows its source file and the function is in such a block.
pub(crate) fn enclosing_block(ident: &Ident) -> Option<&'static str> {
    // Without a compiler, as in tests, there is no file.
    if !proc_macro::is_available() || is_outside_blocks() {
        return None;
    }
    let span = ident.span().unwrap();
    let source = std::fs::read_to_string(span.local_file()?).ok()?;
    let before: usize = source.split_inclusive('\n').take(span.line() - 1).map(str::len).sum();
    block_at(&source, before + span.column() - 1)
}

/// Whether the tokens are above the attribute that is expanded.
pub(crate) fn is_above(tokens: &impl ToTokens) -> bool {
    if !proc_macro::is_available() {
        return false;
    }
    let position = |span: proc_macro::Span| (span.line(), span.column());
    let first = tokens.to_token_stream().into_iter().next();
    first.is_some_and(|first| {
        position(first.span().unwrap()) < position(proc_macro::Span::call_site())
    })
}

/// The keyword of the innermost block at the byte `end`, if it is `impl`, `trait` or `extern`.
fn block_at(source: &str, end: usize) -> Option<&'static str> {
    let mut headers: Vec<&str> = Vec::new();
    let mut start = 0;
    let mut rest = Scanner { source, at: 0 };
    while let Some((at, letter)) = rest.next_code() {
        if at >= end {
            break;
        }
        match letter {
            '{' => headers.push(source.get(start..at)?),
            '}' => drop(headers.pop()),
            ';' => {}
            _ => continue,
        }
        start = at + 1;
    }
    keyword(headers.last()?)
}

/// The keyword of a block with this header, if it is `impl`, `trait` or `extern`.
fn keyword(header: &str) -> Option<&'static str> {
    // Comments and attributes precede the keyword, each on a line of its own.
    let lines = header.lines().map(str::trim_start);
    let code = lines.filter(|line| !line.starts_with("//") && !line.starts_with('#'));
    let mut words = code.flat_map(str::split_whitespace);
    let is_modifier = |word: &&str| {
        word.starts_with("pub") || matches!(*word, "unsafe" | "default" | "auto" | "in")
    };
    let first = words.find(|word| !is_modifier(word))?;
    match first.split('<').next()? {
        "impl" => Some("impl"),
        "trait" => Some("trait"),
        // The ABI follows, and then the block, or `fn` for a function with that ABI.
        "extern" if !words.any(|word| word == "fn") => Some("extern"),
        _ => None,
    }
}

/// The letters of a source file outside of comments, strings and character literals.
struct Scanner<'a> {
    source: &'a str,
    at: usize,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn next_code(&mut self) -> Option<(usize, char)> {
        loop {
            let rest = self.rest();
            let letter = rest.chars().next()?;
            let skipped = match letter {
                '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
                '/' if rest.starts_with("/*") => block_comment(rest),
                '"' => string(rest),
                'r' if raw_string(rest).is_some() => raw_string(rest)?,
                '\'' => character(rest),
                _ => 0,
            };
            if skipped == 0 {
                let at = self.at;
                self.at += letter.len_utf8();
                return Some((at, letter));
            }
            self.at += skipped;
        }
    }
}

/// The length of the block comment that `text` begins with. Comments nest.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// The length of the string that `text` begins with.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// The length of the raw string that `text` begins with, if it begins with one.
fn raw_string(text: &str) -> Option<usize> {
    let hashes = text.get(1..)?.find(|letter| letter != '#')?;
    let body = text.get(1 + hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |found| found + end.len());
    Some(2 + hashes + length)
}

/// The length of the character literal that `text` begins with; that of the quote for a lifetime.
fn character(text: &str) -> usize {
    let mut letters = text.char_indices().skip(1);
    match (letters.next(), letters.next()) {
        (Some((_, '\\')), Some((at, escaped))) => {
            let after = at + escaped.len_utf8();
            text.get(after..)
                .and_then(|rest| rest.find('\''))
                .map_or(text.len(), |end| after + end + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::block_at;

    fn block(source: &str) -> Option<&'static str> {
        block_at(source, source.find("fn here").expect("the source has it"))
    }

    #[test]
    fn blocks_of_methods_are_found() {
        assert_eq!(block("impl Disks {\n    /// A.\n    fn here() {}\n}"), Some("impl"));
        assert_eq!(block("impl<T> Disks<T> where T: X { fn here() {}"), Some("impl"));
        assert_eq!(
            block("/// T.\n#[x]\npub(crate) unsafe trait Disks {\n fn here();"),
            Some("trait")
        );
        assert_eq!(block("unsafe extern \"C\" {\n fn here();\n}"), Some("extern"));
        assert_eq!(block("impl X { fn a() { \"}\"; '}'; '\\''; } fn here() {}"), Some("impl"));
    }

    #[test]
    fn other_blocks_are_not() {
        for source in [
            "fn here() {}",
            "mod x { fn here() {} }",
            "extern \"C\" fn x() { fn here() {} }",
            "impl X { fn a(&'a self) {} }\n fn here() {}",
            "fn a() -> impl Fn() { fn here() {} }",
            "impl X { fn a() { fn here() {} } }",
            "const _: &str = \"impl X {\"; fn here() {}",
            "const _: &str = r#\"impl X { \" \"#; /* impl { /* */ { */ // impl {\n fn here() {}",
        ] {
            assert_eq!(block(source), None, "{source}");
        }
    }
}
