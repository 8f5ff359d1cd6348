//! Parses the words of an attribute.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{
    Attribute, Expr, Ident, LitBool, LitStr, Meta, Path, Token, Type, parenthesized, parse_quote,
};

use crate::errors::Errors;
use crate::messages;
use crate::symbol::{self, Shape, Word};

/// The parsed words of an attribute, each at most once.
#[derive(Default)]
pub(crate) struct Words {
    parsed: Vec<ParsedWord>,
    /// Whether something else stands in place of a word, and has been reported.
    has_errors: bool,
}

/// One word with its value.
struct ParsedWord {
    name: &'static str,
    span: Span,
    value: Value,
}

enum Value {
    Flag,
    Text(LitStr),
    Name(Ident),
    Path(Path),
    Type(Type),
    Default(Option<Expr>),
    Features(Vec<FeatureWord>),
    /// A value of the wrong form, which has been reported.
    Invalid,
}

/// One entry of `features(…)`.
#[derive(Clone)]
pub(crate) struct FeatureWord {
    /// The QAPI name.
    pub(crate) name: String,
    /// The span of the name.
    pub(crate) span: Span,
    /// The version that added the feature, if its owner is older than the feature.
    pub(crate) since: Option<LitStr>,
    /// The documentation.
    pub(crate) doc: String,
    /// The `cfg` attributes.
    pub(crate) cfg: Vec<Attribute>,
}

/// A word that is legal on its own and has no meaning beside another word of the same attribute.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stray {
    pub(crate) word: &'static str,
    pub(crate) span: Span,
}

impl Words {
    /// Parses the arguments of `owner`, an attribute of this crate.
    pub(crate) fn of_arguments(
        tokens: TokenStream,
        owner: &str,
        legal: &[Word],
        errors: &Errors,
    ) -> Self {
        let mut words = Self::default();
        words.parse(tokens, owner, legal, errors);
        words
    }

    /// Parses every `#[qapi(…)]` among `attributes`, the attributes of `owner`.
    pub(crate) fn of_attributes(
        attributes: &[Attribute],
        owner: &str,
        legal: &[Word],
        errors: &Errors,
    ) -> Self {
        let mut words = Self::default();
        for attribute in attributes.iter().filter(|attribute| is_qapi(attribute)) {
            match &attribute.meta {
                Meta::List(list) => words.parse(list.tokens.clone(), owner, legal, errors),
                Meta::Path(_) | Meta::NameValue(_) => {
                    let message = "`qapi`: expects words in parentheses; write `#[qapi(…)]`";
                    errors.at(&attribute.meta, message);
                }
            }
        }
        words
    }

    fn parse(&mut self, tokens: TokenStream, owner: &str, legal: &[Word], errors: &Errors) {
        let parser = |input: ParseStream<'_>| {
            while !input.is_empty() {
                if let Err(error) = self.parse_word(input, owner, legal, errors) {
                    self.has_errors = true;
                    errors.push(error);
                    skip_to_comma(input);
                }
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(())
        };
        if let Err(error) = parser.parse2(tokens) {
            errors.push(error);
        }
    }

    /// Parses one word and its value, up to the next comma.
    fn parse_word(
        &mut self,
        input: ParseStream<'_>,
        owner: &str,
        legal: &[Word],
        errors: &Errors,
    ) -> syn::Result<()> {
        let span = input.span();
        let Ok(key) = input.call(Ident::parse_any) else {
            let found: TokenTree = input.parse()?;
            return Err(syn::Error::new(span, messages::not_a_word(&found, owner, legal)));
        };
        let found = key.unraw().to_string();
        if input.peek(Token![::]) {
            let mut tokens = key.to_token_stream();
            while !input.is_empty() && !input.peek(Token![=]) && !input.peek(Token![,]) {
                input.parse::<TokenTree>()?.to_tokens(&mut tokens);
            }
            let message = messages::path_as_word(&tokens, owner, legal);
            return Err(syn::Error::new_spanned(tokens, message));
        }
        if input.peek(Token![-]) {
            let (found, tokens) = parse_dashed(found, &key, input)?;
            let message = messages::unknown_word(&found, owner, legal);
            return Err(syn::Error::new_spanned(tokens, message));
        }
        let Some(word) = legal.iter().find(|word| word.name == found) else {
            return Err(syn::Error::new(
                key.span(),
                messages::unknown_word(&found, owner, legal),
            ));
        };
        let value = parse_value(*word, &key, input, errors);
        if self.get(*word).is_some() {
            return Err(syn::Error::new(key.span(), messages::duplicate(word.name)));
        }
        let (value, result) = match value {
            Ok(value) if input.is_empty() || input.peek(Token![,]) => (value, Ok(())),
            Ok(value) => (value, Err(input.error(messages::missing_comma(word.name)))),
            Err(error) => (Value::Invalid, Err(error)),
        };
        self.parsed.push(ParsedWord { name: word.name, span: key.span(), value });
        result
    }

    fn get(&self, word: Word) -> Option<&ParsedWord> {
        self.parsed.iter().find(|parsed| parsed.name == word.name)
    }

    /// The span of `word`, if present.
    pub(crate) fn span(&self, word: Word) -> Option<Span> {
        self.get(word).map(|parsed| parsed.span)
    }

    /// The words that are present and not among `fitting`. Words with an invalid value are left
    /// out, since they have been reported.
    pub(crate) fn strays(&self, fitting: &[Word]) -> Vec<Stray> {
        let fits = |parsed: &&ParsedWord| {
            matches!(parsed.value, Value::Invalid)
                || fitting.iter().any(|word| word.name == parsed.name)
        };
        let stray = |parsed: &ParsedWord| Stray { word: parsed.name, span: parsed.span };
        self.parsed.iter().filter(|parsed| !fits(parsed)).map(stray).collect()
    }

    /// The string of `word`.
    pub(crate) fn text(&self, word: Word) -> Option<&LitStr> {
        let Value::Text(text) = &self.get(word)?.value else { return None };
        Some(text)
    }

    /// The name that `word` gives to a generated item.
    pub(crate) fn introduced(&self, word: Word) -> Option<&Ident> {
        let Value::Name(name) = &self.get(word)?.value else { return None };
        Some(name)
    }

    /// The path of `word`.
    pub(crate) fn path(&self, word: Word) -> Option<&Path> {
        let Value::Path(path) = &self.get(word)?.value else { return None };
        Some(path)
    }

    /// The type of `word`.
    pub(crate) fn type_(&self, word: Word) -> Option<&Type> {
        let Value::Type(ty) = &self.get(word)?.value else { return None };
        Some(ty)
    }

    /// The expression of `word`. The outer `None` means that the word is absent, the inner `None`
    /// that the word has no expression.
    pub(crate) fn expression(&self, word: Word) -> Option<Option<&Expr>> {
        let Value::Default(value) = &self.get(word)?.value else { return None };
        Some(value.as_ref())
    }

    /// The path of the required `word`. If there is no path, returns a placeholder, which never
    /// reaches generated code. Reports a missing word, unless another error is the reason.
    pub(crate) fn required_path(&self, word: Word, owner: &str, errors: &Errors) -> Path {
        self.path(word).cloned().unwrap_or_else(|| {
            if !(self.get(word).is_some() || self.has_errors || errors.are_left_to_compiler()) {
                errors.at_span(Span::call_site(), messages::missing_word(word, owner));
            }
            parse_quote!(__missing)
        })
    }

    /// The features of `word`.
    pub(crate) fn features(&self, word: Word) -> &[FeatureWord] {
        let Some(ParsedWord { value: Value::Features(features), .. }) = self.get(word) else {
            return &[];
        };
        features
    }
}

/// Whether `attribute` is `#[qapi(…)]`.
pub(crate) fn is_qapi(attribute: &Attribute) -> bool {
    attribute.path().is_ident("qapi")
}

/// Parses the rest of a word with dashes, such as `allow-oob` in the schema language.
fn parse_dashed(
    mut found: String,
    key: &Ident,
    input: ParseStream<'_>,
) -> syn::Result<(String, TokenStream)> {
    let mut tokens = key.to_token_stream();
    while input.peek(Token![-]) {
        input.parse::<Token![-]>()?.to_tokens(&mut tokens);
        let part = input.call(Ident::parse_any)?;
        found = format!("{found}-{}", part.unraw());
        part.to_tokens(&mut tokens);
    }
    Ok((found, tokens))
}

fn parse_value(
    word: Word,
    key: &Ident,
    input: ParseStream<'_>,
    errors: &Errors,
) -> syn::Result<Value> {
    let invalid = |span: Span| syn::Error::new(span, messages::word_shape(word));
    let at_end = |input: ParseStream<'_>| input.is_empty() || input.peek(Token![,]);
    if word.shape == Shape::Flag {
        let follows = input.peek(Token![=]) || input.peek(syn::token::Paren);
        return if follows { Err(invalid(key.span())) } else { Ok(Value::Flag) };
    }
    if word.shape == Shape::Default && at_end(input) {
        return Ok(Value::Default(None));
    }
    if word.shape == Shape::Features {
        if !input.peek(syn::token::Paren) {
            return Err(invalid(key.span()));
        }
        return parse_features(word, input, errors).map(Value::Features);
    }
    if !input.peek(Token![=]) {
        return Err(invalid(key.span()));
    }
    input.parse::<Token![=]>()?;
    if at_end(input) {
        return Err(invalid(key.span()));
    }
    let span = input.span();
    match word.shape {
        Shape::Text => input.parse().map(Value::Text).map_err(|_| invalid(span)),
        Shape::Name => match input.parse::<Path>() {
            Ok(path) => path.get_ident().cloned().map(Value::Name).ok_or(invalid(span)),
            Err(_) => Err(invalid(span)),
        },
        Shape::Path => input.parse().map(Value::Path).map_err(|_| invalid(span)),
        Shape::Type => input.parse().map(Value::Type).map_err(|_| invalid(span)),
        Shape::Default => input.parse().map(Some).map(Value::Default).map_err(|_| invalid(span)),
        Shape::False | Shape::Flag | Shape::Features => match input.parse::<LitBool>() {
            Ok(LitBool { value: false, .. }) => Ok(Value::Flag),
            Ok(LitBool { value: true, .. }) | Err(_) => Err(invalid(span)),
        },
    }
}

/// Parses `(deprecated, other_name(since = "2.12") = "what it means", "odd.name")`.
fn parse_features(
    word: Word,
    input: ParseStream<'_>,
    errors: &Errors,
) -> syn::Result<Vec<FeatureWord>> {
    let content;
    parenthesized!(content in input);
    let mut features = Vec::new();
    while !content.is_empty() {
        match parse_feature(word, &content) {
            Ok(feature) => features.push(feature),
            Err(error) => {
                errors.push(error);
                skip_to_comma(&content);
            }
        }
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
    }
    Ok(features)
}

fn parse_feature(word: Word, input: ParseStream<'_>) -> syn::Result<FeatureWord> {
    let span = input.span();
    let invalid = |span: Span| {
        syn::Error::new(
            span,
            format!(
                "`{}`: expects names, each with an optional meaning; write `{}`",
                word.name, word.usage
            ),
        )
    };
    let cfg = parse_conditions(input)?;
    let span = if cfg.is_empty() { span } else { input.span() };
    let name = if input.peek(LitStr) {
        input.parse::<LitStr>()?.value()
    } else {
        let ident = input.call(Ident::parse_any).map_err(|_| invalid(span))?;
        crate::names::dashed_from_snake(&ident.unraw().to_string())
    };
    let since =
        if input.peek(syn::token::Paren) { Some(parse_since(&name, input)?) } else { None };
    let mut doc = String::new();
    if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        let span = input.span();
        doc = input.parse::<LitStr>().map_err(|_| invalid(span))?.value();
    }
    if !input.is_empty() && !input.peek(Token![,]) {
        return Err(invalid(input.span()));
    }
    Ok(FeatureWord { name, span, since, doc, cfg })
}

/// Parses the attributes before a feature, of which only `cfg` is legal.
fn parse_conditions(input: ParseStream<'_>) -> syn::Result<Vec<Attribute>> {
    let attributes = input.call(Attribute::parse_outer)?;
    match attributes.iter().find(|attribute| !attribute.path().is_ident("cfg")) {
        None => Ok(attributes),
        Some(other) => {
            let message = "`features`: a feature accepts no attribute but `#[cfg(…)]`; remove \
                           this one, and write documentation as `name = \"what it means\"`";
            Err(syn::Error::new_spanned(other.path(), message))
        }
    }
}

/// Parses `(since = "2.12")`.
fn parse_since(feature: &str, input: ParseStream<'_>) -> syn::Result<LitStr> {
    let content;
    parenthesized!(content in input);
    let span = content.span();
    let key = content.parse::<Ident>().ok();
    if let Some(other) = key.as_ref().filter(|key| *key != symbol::SINCE.name) {
        while content.parse::<TokenTree>().is_ok() {}
        let message = messages::unknown_word(&other.to_string(), "a feature", &[symbol::SINCE]);
        return Err(syn::Error::new(other.span(), message));
    }
    let equals = key.and_then(|_| content.parse::<Token![=]>().ok());
    let since = equals.and_then(|_| content.parse().ok()).filter(|_| content.is_empty());
    // `syn` would report remaining tokens as a second error.
    while content.parse::<TokenTree>().is_ok() {}
    since.ok_or_else(|| {
        let usage = format!(
            "`{feature}`: expects the version that added it; write `{feature}(since = \"2.12\")`"
        );
        syn::Error::new(span, usage)
    })
}

/// Skips the rest of an invalid word, so that parsing continues with the next word.
fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        if input.parse::<TokenTree>().is_err() {
            return;
        }
    }
}
