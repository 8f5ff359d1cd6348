//! Gives the expressions that a `macro_rules!` macro forwards their grouping.
//!
//! The compiler puts invisible delimiters around a fragment such as `$value:expr`, and ignores them
//! in the output of a procedural macro: `$value * 2` with `1 + 2` would be `1 + 2 * 2`.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::Expr;

/// `tokens` with parentheses in place of the invisible delimiters around expressions.
pub(crate) fn with_parentheses(tokens: TokenStream) -> TokenStream {
    if !has_groups(tokens.clone()) {
        return tokens;
    }
    let mut rest = tokens.into_iter().peekable();
    let mut changed = TokenStream::new();
    let mut is_after_hash = false;
    while let Some(found) = rest.next() {
        let is_hash = matches!(&found, TokenTree::Punct(punct) if punct.as_char() == '#');
        changed.extend([if is_after_hash {
            attribute(found)
        } else {
            token(found, rest.peek())
        }]);
        is_after_hash = is_hash;
    }
    changed
}

/// The token after `#`: the brackets of an attribute. A fragment that is the whole attribute, such
/// as `doc = "text"` of a doc comment, looks like an assignment.
fn attribute(brackets: TokenTree) -> TokenTree {
    let TokenTree::Group(group) = brackets else { return brackets };
    let contents = group.stream().into_iter().map(|found| match found {
        TokenTree::Group(fragment) if fragment.delimiter() == Delimiter::None => {
            with_contents(&fragment, with_parentheses(fragment.stream()))
        }
        other => token(other, None),
    });
    with_contents(&group, contents.collect())
}

/// The group with other contents.
fn with_contents(group: &Group, tokens: TokenStream) -> TokenTree {
    let mut changed = Group::new(group.delimiter(), tokens);
    changed.set_span(group.span());
    TokenTree::Group(changed)
}

/// Whether invisible delimiters occur in `tokens`. Items outside of macros have none.
fn has_groups(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => {
            group.delimiter() == Delimiter::None || has_groups(group.stream())
        }
        TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// The token, which `next` follows.
fn token(token: TokenTree, next: Option<&TokenTree>) -> TokenTree {
    let TokenTree::Group(group) = token else { return token };
    let tokens = with_parentheses(group.stream());
    let delimiter = match group.delimiter() {
        Delimiter::None if needs_parentheses(&tokens, next) => Delimiter::Parenthesis,
        other => other,
    };
    let mut changed = Group::new(delimiter, tokens);
    changed.set_span(group.span());
    TokenTree::Group(changed)
}

/// Whether `tokens` are an expression of several operands. Other fragments, such as a type, a path
/// or a block, may stand where parentheses are illegal.
fn needs_parentheses(tokens: &TokenStream, next: Option<&TokenTree>) -> bool {
    match syn::parse2(tokens.clone()) {
        Ok(
            Expr::Assign(_)
            | Expr::Binary(_)
            | Expr::Cast(_)
            | Expr::Closure(_)
            | Expr::Let(_)
            | Expr::RawAddr(_)
            | Expr::Unary(_),
        ) => true,
        // `..` alone may be a pattern, in which parentheses would be a tuple.
        Ok(Expr::Range(range)) => range.start.is_some() || range.end.is_some(),
        // `&name` may be a type. The operators that bind more tightly do not follow a type.
        Ok(Expr::Reference(_)) => next.is_some_and(|next| {
            matches!(next, TokenTree::Punct(punct) if matches!(punct.as_char(), '.' | '?'))
        }),
        Ok(_) | Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    fn group(tokens: TokenStream) -> TokenTree {
        TokenTree::Group(Group::new(Delimiter::None, tokens))
    }

    #[test]
    fn operators_keep_their_operands() {
        let sum = group(quote!(1 + 2));
        assert_eq!(
            with_parentheses(quote!(#sum * 2)).to_string(),
            quote!((1 + 2) * 2).to_string()
        );
        let nested = group(quote!(a.b));
        let inner = quote!(f(#nested, #sum));
        assert_eq!(with_parentheses(inner).to_string(), quote!(f(a.b, (1 + 2))).to_string());
    }

    #[test]
    fn whole_attributes_stay() {
        let (doc, sum) = (group(quote!(doc = "text")), group(quote!(1 + 2)));
        let before = quote!(#[#doc] #[qapi(default = #sum * 2)] struct X;);
        let after = quote!(#[#doc] #[qapi(default = (1 + 2) * 2)] struct X;);
        assert_eq!(with_parentheses(before).to_string(), after.to_string());
    }

    #[test]
    fn other_fragments_stay() {
        let fragments = [
            quote!(Vec<u8>),
            quote!(a::b),
            quote!({ 1 }),
            quote!(pub(crate)),
            quote!(5),
            quote!(..),
        ];
        for tokens in fragments {
            let fragment = group(tokens);
            let before = quote!(#fragment x);
            assert_eq!(with_parentheses(before.clone()).to_string(), before.to_string());
        }
    }
}
