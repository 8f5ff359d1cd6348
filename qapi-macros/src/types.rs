//! Types as they are written, looked at no further than syntax shows.

use syn::spanned::Spanned;
use syn::{GenericArgument, PathArguments, Type, parse_quote_spanned};

/// The type without what surrounds it: a macro that passes a type on puts it into a group that
/// nobody sees.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        other => other,
    }
}

/// Whether the type is `str`.
pub(crate) fn is_str(ty: &Type) -> bool {
    matches!(bare(ty), Type::Path(path) if path.qself.is_none() && path.path.is_ident("str"))
}

/// Whether the type is `Path`, by whatever path.
pub(crate) fn is_path(ty: &Type) -> bool {
    let Type::Path(path) = bare(ty) else { return false };
    path.qself.is_none()
        && path
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident == "Path" && last.arguments.is_none())
}

/// `T` where `ty` is `path::to::name<T>`.
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

/// `ty`, which is `path::to::name<T>`, with `argument` for its `T`.
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

/// Whether the type is `()`, or a `Result` of it by any name.
pub(crate) fn is_nothing(ty: &Type) -> bool {
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

/// `T` where `ty` is a `Result<T>` or `Result<T, E>`, by the path that it is usually known by.
pub(crate) fn result_of(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = bare(ty) else { return None };
    let segment = path.path.segments.last().filter(|segment| segment.ident == "Result")?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(ty)) => Some(bare(ty)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn arguments_are_seen_through_paths_and_parentheses() {
        let ty: Type = parse_quote!((std::option::Option<(&str)>));
        assert!(matches!(only_argument(&ty, "Option"), Some(Type::Reference(_))));
        assert!(only_argument(&ty, "Arc").is_none());
        assert!(only_argument(&parse_quote!(Option), "Option").is_none());
        assert!(only_argument(&parse_quote!(Result<A, B>), "Result").is_none());
    }

    #[test]
    fn nothing_may_be_the_result_of_a_command() {
        let nothing: [Type; 3] =
            [parse_quote!(()), parse_quote!(Result<()>), parse_quote!(io::Result<(), E>)];
        assert!(nothing.iter().all(is_nothing));
        let something: [Type; 4] = [
            parse_quote!(i64),
            parse_quote!(Result<i64>),
            parse_quote!((i64,)),
            parse_quote!(&()),
        ];
        assert!(!something.iter().any(is_nothing));
    }
}
