//! Sources as flat lists of tokens with their lines, so that checks ignore comments and the
//! contents of literals.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// One token. A group becomes its opening token, the tokens in it, and its closing token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// The identifier without `r#`, the character of a punctuation mark or bracket, or the literal.
    pub(super) text: String,
    /// Counted from 1.
    pub(super) line: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Identifier,
    Punctuation,
    Literal,
}

impl Token {
    pub(super) fn is(&self, text: &str) -> bool {
        self.text == text && self.kind != Kind::Literal
    }

    /// Whether the token is an identifier or keyword.
    pub(super) fn is_identifier(&self) -> bool {
        self.kind == Kind::Identifier
    }
}

/// The tokens of a Rust file. `name` appears in the panic message if `text` is not Rust.
pub(super) fn tokens(name: &str, text: &str) -> Vec<Token> {
    let stream: TokenStream = text.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut all = Vec::new();
    flatten(stream, &mut all);
    all
}

fn flatten(stream: TokenStream, all: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        let mut push = |kind, text, line| all.push(Token { kind, text, line });
        match tree {
            TokenTree::Ident(ident) => {
                let text = ident.to_string();
                push(Kind::Identifier, text.trim_start_matches("r#").to_owned(), line);
            }
            TokenTree::Punct(mark) => push(Kind::Punctuation, mark.to_string(), line),
            TokenTree::Literal(literal) => push(Kind::Literal, literal.to_string(), line),
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::None => ("", ""),
                };
                push(Kind::Punctuation, open.to_owned(), line);
                flatten(group.stream(), all);
                let line = group.span_close().end().line;
                all.push(Token { kind: Kind::Punctuation, text: close.to_owned(), line });
            }
        }
    }
}

/// The index of the closing token of the group that begins at `open`.
pub(super) fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "{" | "[" | "(" if token.kind == Kind::Punctuation => depth += 1,
            "}" | "]" | ")" if token.kind == Kind::Punctuation => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return index;
        }
    }
    unreachable!("every group has a closing token")
}
