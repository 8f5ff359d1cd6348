//! Files, functions and lines are short.

use super::tokens::{Token, closing, tokens};
use super::{Fault, Source, assert_none, check_each, sources, sources_in};

/// Lines in a file of Rust or Python. A longer file does more than one thing.
const FILE_LINES: usize = 400;
/// Lines in a function from `fn` to the closing brace. clippy.toml has the same number.
const FUNCTION_LINES: usize = 70;
/// Characters in a line of Rust or Python, as in rustfmt.toml.
const LINE_CHARACTERS: usize = 100;

/// All sources of Rust and of Python.
fn all_sources() -> Vec<Source> {
    sources().into_iter().chain(sources_in("py")).collect()
}

#[test]
fn files_are_short() {
    assert_none(&check_each(&all_sources(), |source| {
        let lines = source.text.lines().count();
        let fault = Fault { line: lines, text: format!("more than {FILE_LINES} lines") };
        (lines > FILE_LINES).then_some(fault).into_iter().collect()
    }));
}

#[test]
fn functions_are_short() {
    assert_none(&check_each(&sources(), |source| {
        long_functions(&tokens(&source.path, &source.text), FUNCTION_LINES)
    }));
}

#[test]
fn lines_are_short() {
    assert_none(&check_each(&all_sources(), |source| {
        // Neither a row of a table nor a raw string can be broken.
        let is_unbreakable = |line: &str| {
            ["//! |", "/// |", "r#\""].iter().any(|start| line.trim_start().starts_with(start))
        };
        let too_long =
            |line: &str| line.chars().count() > LINE_CHARACTERS && !is_unbreakable(line);
        let numbered = source.text.lines().enumerate();
        let long = numbered.filter(|(_, line)| too_long(line));
        long.map(|(index, _)| Fault {
            line: index + 1,
            text: format!("more than {LINE_CHARACTERS} characters"),
        })
        .collect()
    }));
}

/// The functions that have more lines than `limit`.
fn long_functions(tokens: &[Token], limit: usize) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, pair) in tokens.windows(2).enumerate() {
        let [keyword, name] = pair else { unreachable!("windows of two") };
        if !keyword.is("fn") || !name.is_identifier() {
            continue;
        }
        // The body is the first group in braces; a signature in a trait has none.
        let mut at = index + 2;
        while !tokens[at].is("{") && !tokens[at].is(";") {
            at = if tokens[at].is("(") || tokens[at].is("[") { closing(tokens, at) } else { at };
            at += 1;
        }
        let end = if tokens[at].is("{") { closing(tokens, at) } else { at };
        let lines = tokens[end].line - keyword.line + 1;
        if lines > limit {
            let text = format!("`{}` has {lines} lines, more than {limit}", name.text);
            faults.push(Fault { line: keyword.line, text });
        }
    }
    faults
}

#[test]
fn a_long_function_is_found() {
    let text = "trait T { fn none(&self) -> [u8; 4]; }\n\
                fn short() { one(); }\n\
                async fn long(\n    f: fn(u8),\n) {\n    // A comment counts.\n}\n";
    let faults = long_functions(&tokens("example", text), 4);
    assert_eq!(faults, [Fault { line: 3, text: "`long` has 5 lines, more than 4".to_owned() }]);
}
