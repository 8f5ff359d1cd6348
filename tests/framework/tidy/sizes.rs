//! Limits on the lengths of files, functions and lines.

use super::tokens::{Token, closing, tokens};
use super::{Fault, Source, assert_none, check_each, sources, sources_in};

/// The maximum of lines in a Rust or Python file. A longer file serves more than one purpose.
const FILE_LINES: usize = 400;
/// The maximum of lines in a function, from `fn` to the closing brace. clippy.toml has it too.
const FUNCTION_LINES: usize = 70;
/// The maximum of characters in a line of Rust or Python. rustfmt.toml has the same number.
const LINE_CHARACTERS: usize = 100;

/// All Rust and Python sources.
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
        // Line breaks are impossible in a table row and in a raw string.
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
        let [keyword, name] = pair else { unreachable!("windows have two tokens") };
        if !keyword.is("fn") || !name.is_identifier() {
            continue;
        }
        // The body is the first group in braces. A signature in a trait has no body.
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
