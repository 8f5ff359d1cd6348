//! Properties of Rust types that their syntax shows.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{
    GenericArgument, Ident, Lifetime, PathArguments, Type, TypeTraitObject, parse_quote_spanned,
};

/// The type without parentheses and without the invisible group that `macro_rules!` puts around
/// a type that it forwards.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        other => other,
    }
}

/// The span of the type's last path segment, or of its first token.
pub(crate) fn last_segment(ty: &Type) -> Span {
    match bare(ty) {
        Type::Path(path) => path.path.segments.last().map_or(ty.span(), |last| last.ident.span()),
        other => other.span(),
    }
}

/// The type with all tokens at the place of its last path segment. The compiler reports an error of
/// the type once if all generated code that mentions the type is at one place.
pub(crate) fn at_last_segment(ty: &Type) -> Type {
    let span = last_segment(ty);
    fn located_at(tokens: TokenStream, span: Span) -> TokenStream {
        let locate = |mut token: TokenTree| {
            if let TokenTree::Group(group) = &token {
                let inner = located_at(group.stream(), span);
                token = TokenTree::Group(Group::new(group.delimiter(), inner));
            }
            token.set_span(token.span().located_at(span));
            token
        };
        tokens.into_iter().map(locate).collect()
    }
    syn::parse2(located_at(ty.to_token_stream(), span)).unwrap_or_else(|_| ty.clone())
}

/// Whether the type is `str`.
pub(crate) fn is_str(ty: &Type) -> bool {
    matches!(bare(ty), Type::Path(path) if path.qself.is_none() && path.path.is_ident("str"))
}

/// Whether the last segment of the type is `Path`.
pub(crate) fn is_path(ty: &Type) -> bool {
    let Type::Path(path) = bare(ty) else { return false };
    path.qself.is_none()
        && path
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident == "Path" && last.arguments.is_none())
}

/// `T`, if `ty` is `path::to::name<T>`.
pub(crate) fn only_argument<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(path) = bare(ty) else { return None };
    let segment = path.path.segments.last().filter(|segment| segment.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    let mut arguments = arguments.args.iter();
    match (arguments.next(), arguments.next()) {
        (Some(GenericArgument::Type(ty)), None) => Some(bare(ty)),
        _ => None,
    }
}

/// Whether a lifetime is among the arguments of a type.
pub(crate) fn shows_lifetime(arguments: &PathArguments) -> bool {
    let PathArguments::AngleBracketed(arguments) = arguments else { return false };
    arguments.args.iter().any(|argument| matches!(argument, GenericArgument::Lifetime(_)))
}

/// Writes `'static` in place of each lifetime that `ty` elides in a reference or in `Cow`.
pub(crate) fn without_elision(ty: &mut Type) {
    let lifetime = || Lifetime::new("'static", Span::call_site());
    match ty {
        Type::Group(group) => without_elision(&mut group.elem),
        Type::Paren(paren) => without_elision(&mut paren.elem),
        Type::Slice(slice) => without_elision(&mut slice.elem),
        Type::Reference(reference) => {
            reference.lifetime.get_or_insert_with(lifetime);
            without_elision(&mut reference.elem);
        }
        Type::Path(path) => {
            let Some(last) = path.path.segments.last_mut() else { return };
            let adds_lifetime = last.ident == "Cow" && !shows_lifetime(&last.arguments);
            let PathArguments::AngleBracketed(arguments) = &mut last.arguments else { return };
            if adds_lifetime {
                arguments.args.insert(0, GenericArgument::Lifetime(lifetime()));
            }
            for argument in &mut arguments.args {
                if let GenericArgument::Type(ty) = argument {
                    without_elision(ty);
                }
            }
        }
        _ => {}
    }
}

/// `ty`, which is `path::to::name<T>`, with `argument` in place of `T`.
pub(crate) fn with_argument(ty: &Type, argument: &Type) -> Type {
    let mut changed = bare(ty).clone();
    if let Type::Path(path) = &mut changed
        && let Some(segment) = path.path.segments.last_mut()
    {
        let span = segment.arguments.span();
        segment.arguments =
            PathArguments::AngleBracketed(parse_quote_spanned!(span=> <#argument>));
    }
    changed
}

/// Whether the type is `()`, or a generic type whose first argument is `()`. The latter covers
/// `Result<()>` and its aliases of any name.
pub(crate) fn is_unit(ty: &Type) -> bool {
    match bare(ty) {
        Type::Tuple(tuple) => tuple.elems.is_empty(),
        Type::Path(path) => path.path.segments.last().is_some_and(|segment| {
            let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
                return false;
            };
            match arguments.args.first() {
                Some(GenericArgument::Type(first)) => {
                    matches!(bare(first), Type::Tuple(tuple) if tuple.elems.is_empty())
                }
                _ => false,
            }
        }),
        _ => false,
    }
}

/// `T`, if `ty` is `path::to::Result<T>` or `path::to::Result<T, E>`.
pub(crate) fn result_of(ty: &Type) -> Option<&Type> {
    argument_of_result(ty, 0)
}

/// `E`, if `ty` is `path::to::Result<T, E>`.
pub(crate) fn error_of(ty: &Type) -> Option<&Type> {
    argument_of_result(ty, 1)
}

/// The type argument at `index`, if `ty` is `path::to::Result<…>`.
fn argument_of_result(ty: &Type, index: usize) -> Option<&Type> {
    let Type::Path(path) = bare(ty) else { return None };
    let segment = path.path.segments.last().filter(|segment| segment.ident == "Result")?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    match arguments.args.iter().nth(index) {
        Some(GenericArgument::Type(ty)) => Some(bare(ty)),
        _ => None,
    }
}

/// Whether the text of a trait object has the bounds `Send` and `Sync`.
pub(crate) fn is_shared(object: &TypeTraitObject) -> bool {
    let text = object.to_token_stream().to_string();
    text.contains("Send") && text.contains("Sync")
}

/// The text of a trait object that threads can share: with the bounds `Send` and `Sync`.
pub(crate) fn shared(object: &TypeTraitObject) -> String {
    let mut text = object.to_token_stream().to_string().replace(" :: ", "::");
    for bound in ["Send", "Sync"] {
        if !text.contains(bound) {
            text.push_str(" + ");
            text.push_str(bound);
        }
    }
    text
}

/// The name of the type `own` in a field of the type `ty`, if the field contains a value of the
/// type itself, with or without `Option`.
pub(crate) fn contained<'a>(own: &Ident, ty: &'a Type) -> Option<&'a Ident> {
    let Type::Path(path) = only_argument(ty, "Option").unwrap_or(bare(ty)) else { return None };
    path.path
        .get_ident()
        .filter(|ident| path.qself.is_none() && (*ident == own || *ident == "Self"))
}

/// The first identifier `name` among the tokens.
pub(crate) fn find_ident(tokens: TokenStream, name: &str) -> Option<TokenTree> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Group(group) => find_ident(group.stream(), name),
        TokenTree::Ident(ref found) if found == name => Some(token),
        TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn arguments_are_found_behind_paths_and_parentheses() {
        let ty: Type = parse_quote!((std::option::Option<(&str)>));
        assert!(matches!(only_argument(&ty, "Option"), Some(Type::Reference(_))));
        assert!(only_argument(&ty, "Arc").is_none());
        assert!(only_argument(&parse_quote!(Option), "Option").is_none());
        assert!(only_argument(&parse_quote!(Result<A, B>), "Result").is_none());
    }

    #[test]
    fn a_result_of_unit_is_unit() {
        let units: [Type; 3] =
            [parse_quote!(()), parse_quote!(Result<()>), parse_quote!(io::Result<(), E>)];
        assert!(units.iter().all(is_unit));
        let values: [Type; 4] = [
            parse_quote!(i64),
            parse_quote!(Result<i64>),
            parse_quote!((i64,)),
            parse_quote!(&()),
        ];
        assert!(!values.iter().any(is_unit));
    }
}
