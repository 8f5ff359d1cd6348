//! Names that are keywords in later editions.
//!
//! `syn` has the keywords of the latest edition, so that it rejects an argument `async` of a crate
//! of edition 2015. The compiler passes such a name only if it is legal in the crate's edition.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use syn::parse::Parse;

/// The keywords since edition 2018 that `syn` knows. `dyn` is absent: `dyn Trait` is legal in
/// edition 2015 too, and `syn` accepts no other use there.
const LATER_KEYWORDS: [&str; 3] = ["async", "await", "try"];

/// Parses an item. Names that are keywords in later editions become raw identifiers, if the item is
/// illegal otherwise.
///
/// # Errors
/// The item is illegal in every edition.
pub(crate) fn parse<T: Parse>(tokens: TokenStream) -> syn::Result<T> {
    syn::parse2(tokens.clone()).or_else(|error| syn::parse2(with_raw(tokens)).map_err(|_| error))
}

/// `tokens` with raw identifiers in place of later keywords. The macro `try!` stays, which `syn`
/// knows.
fn with_raw(tokens: TokenStream) -> TokenStream {
    let mut rest = tokens.into_iter().peekable();
    let mut changed = TokenStream::new();
    while let Some(token) = rest.next() {
        let is_macro =
            matches!(rest.peek(), Some(TokenTree::Punct(mark)) if mark.as_char() == '!');
        changed.extend([match token {
            TokenTree::Ident(name) if !is_macro && is_later_keyword(&name) => {
                Ident::new_raw(&name.to_string(), name.span()).into()
            }
            TokenTree::Group(group) => {
                let mut changed = Group::new(group.delimiter(), with_raw(group.stream()));
                changed.set_span(group.span());
                changed.into()
            }
            token => token,
        }]);
    }
    changed
}

fn is_later_keyword(name: &Ident) -> bool {
    LATER_KEYWORDS.iter().any(|keyword| name == keyword)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::ToTokens;
    use syn::Item;

    fn tokens(source: &str) -> TokenStream {
        source.parse().expect("it consists of tokens")
    }

    fn parsed(source: &str) -> String {
        let item = parse::<Item>(tokens(source)).expect("it is legal");
        item.into_token_stream().to_string()
    }

    #[test]
    fn names_that_are_keywords_in_later_editions_become_raw() {
        for (source, expected) in [
            ("struct A { async: u8 }", "struct A { r#async: u8 }"),
            ("fn await(async: u8) {}", "fn r#await(r#async: u8) {}"),
            ("fn a(async: u8) { try!(b) }", "fn a(r#async: u8) { try!(b) }"),
            ("fn a() { A { async: async } }", "fn a() { A { r#async: r#async } }"),
        ] {
            assert_eq!(parsed(source), tokens(expected).to_string());
        }
    }

    #[test]
    fn keywords_stay_in_other_items() {
        let source = "async fn a() { b().await; async move {} }";
        assert_eq!(parsed(source), tokens(source).to_string());
    }

    #[test]
    fn the_error_is_that_of_the_item_as_it_is() {
        let error = parse::<Item>(tokens("struct A { async: }")).map(drop);
        let error = error.expect_err("it has no type");
        assert!(error.to_string().contains("keyword `async`"), "{error}");
    }
}
