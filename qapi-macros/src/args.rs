//! Reads the words of an attribute.

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

/// The words that were given, each at most once.
#[derive(Default)]
pub(crate) struct Words(Vec<Given>);

/// One word with what followed it.
struct Given {
    name: &'static str,
    key: Span,
    value: Value,
}

enum Value {
    Flag,
    Text(LitStr),
    Path(Path),
    Type(Type),
    Default(Option<Expr>),
    Features(Vec<FeatureWord>),
    /// Something else, which has been reported.
    Misshapen,
}

/// One entry of `features(…)`.
#[derive(Clone)]
pub(crate) struct FeatureWord {
    /// The QAPI name.
    pub(crate) name: String,
    /// Where it was written.
    pub(crate) span: Span,
    /// The version it appeared in, where that is later than what has it.
    pub(crate) since: Option<LitStr>,
    /// What it means.
    pub(crate) doc: String,
    /// The conditions under which it exists.
    pub(crate) cfg: Vec<Attribute>,
}

/// A word that does not go with another one beside it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stray {
    pub(crate) word: &'static str,
    pub(crate) span: Span,
}

impl Words {
    /// Reads the arguments of `owner`, one of our attributes.
    pub(crate) fn of_arguments(
        tokens: TokenStream,
        owner: &str,
        legal: &[Word],
        errors: &Errors,
    ) -> Self {
        let mut words = Self::default();
        words.read(tokens, owner, legal, errors);
        words
    }

    /// Reads every `#[qapi(…)]` among `attributes`, which belong to `owner`.
    pub(crate) fn of_attributes(
        attributes: &[Attribute],
        owner: &str,
        legal: &[Word],
        errors: &Errors,
    ) -> Self {
        let mut words = Self::default();
        for attribute in attributes.iter().filter(|attribute| is_ours(attribute)) {
            match &attribute.meta {
                Meta::List(list) => words.read(list.tokens.clone(), owner, legal, errors),
                Meta::Path(_) | Meta::NameValue(_) => {
                    errors.at(&attribute.meta, "`qapi`: wants words; write `#[qapi(…)]`");
                }
            }
        }
        words
    }

    fn read(&mut self, tokens: TokenStream, owner: &str, legal: &[Word], errors: &Errors) {
        let parser = |input: ParseStream<'_>| {
            while !input.is_empty() {
                if let Err(error) = self.read_word(input, owner, legal, errors) {
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

    /// Reads one word and what follows it, up to the next comma.
    fn read_word(
        &mut self,
        input: ParseStream<'_>,
        owner: &str,
        legal: &[Word],
        errors: &Errors,
    ) -> syn::Result<()> {
        let key = input.call(Ident::parse_any)?;
        let found = key.unraw().to_string();
        if input.peek(Token![-]) {
            let (found, tokens) = read_dashed(found, &key, input)?;
            let message = messages::unknown_word(&found, owner, legal);
            return Err(syn::Error::new_spanned(tokens, message));
        }
        let Some(word) = legal.iter().find(|word| word.name == found) else {
            return Err(syn::Error::new(
                key.span(),
                messages::unknown_word(&found, owner, legal),
            ));
        };
        let value = read_value(*word, &key, input, errors);
        if self.given(*word).is_some() {
            return Err(syn::Error::new(key.span(), messages::duplicate_word(word.name)));
        }
        let (value, result) = match value {
            Ok(value) if input.is_empty() || input.peek(Token![,]) => (value, Ok(())),
            Ok(value) => (value, Err(input.error(messages::missing_comma(word.name)))),
            Err(error) => (Value::Misshapen, Err(error)),
        };
        self.0.push(Given { name: word.name, key: key.span(), value });
        result
    }

    fn given(&self, word: Word) -> Option<&Given> {
        self.0.iter().find(|given| given.name == word.name)
    }

    /// Where `word` was given, if it was.
    pub(crate) fn place(&self, word: Word) -> Option<Span> {
        self.given(word).map(|given| given.key)
    }

    /// The words that were given and are none of `fitting`.
    pub(crate) fn strays(&self, fitting: &[Word]) -> Vec<Stray> {
        let fits = |given: &&Given| {
            matches!(given.value, Value::Misshapen)
                || fitting.iter().any(|word| word.name == given.name)
        };
        let stray = |given: &Given| Stray { word: given.name, span: given.key };
        self.0.iter().filter(|given| !fits(given)).map(stray).collect()
    }

    /// The string of `word`.
    pub(crate) fn text(&self, word: Word) -> Option<&LitStr> {
        let Value::Text(text) = &self.given(word)?.value else { return None };
        Some(text)
    }

    /// The path of `word`.
    pub(crate) fn path(&self, word: Word) -> Option<&Path> {
        let Value::Path(path) = &self.given(word)?.value else { return None };
        Some(path)
    }

    /// The type of `word`.
    pub(crate) fn type_(&self, word: Word) -> Option<&Type> {
        let Value::Type(ty) = &self.given(word)?.value else { return None };
        Some(ty)
    }

    /// What follows `word`, if it was given: nothing, or an expression.
    pub(crate) fn expression(&self, word: Word) -> Option<Option<&Expr>> {
        let Value::Default(value) = &self.given(word)?.value else { return None };
        Some(value.as_ref())
    }

    /// The path of `word`, which must be given. The stand-in for one that was not is never seen,
    /// since that has been reported.
    pub(crate) fn required_path(&self, word: Word, owner: &str, errors: &Errors) -> Path {
        self.path(word).cloned().unwrap_or_else(|| {
            if self.given(word).is_none() {
                errors.at_span(Span::call_site(), messages::missing_word(word, owner));
            }
            parse_quote!(__missing)
        })
    }

    /// The features of `word`.
    pub(crate) fn features(&self, word: Word) -> &[FeatureWord] {
        let Some(Given { value: Value::Features(features), .. }) = self.given(word) else {
            return &[];
        };
        features
    }
}

/// Whether `attribute` is `#[qapi…]`.
pub(crate) fn is_ours(attribute: &Attribute) -> bool {
    attribute.path().is_ident("qapi")
}

/// Reads on in a word that is written with dashes, as the schema language does.
fn read_dashed(
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

fn read_value(
    word: Word,
    key: &Ident,
    input: ParseStream<'_>,
    errors: &Errors,
) -> syn::Result<Value> {
    let misshapen = |span: Span| syn::Error::new(span, messages::word_shape(word));
    let at_end = |input: ParseStream<'_>| input.is_empty() || input.peek(Token![,]);
    if word.shape == Shape::Flag {
        let follows = input.peek(Token![=]) || input.peek(syn::token::Paren);
        return if follows { Err(misshapen(key.span())) } else { Ok(Value::Flag) };
    }
    if word.shape == Shape::Default && at_end(input) {
        return Ok(Value::Default(None));
    }
    if word.shape == Shape::Features {
        if !input.peek(syn::token::Paren) {
            return Err(misshapen(key.span()));
        }
        return read_features(word, input, errors).map(Value::Features);
    }
    if !input.peek(Token![=]) {
        return Err(misshapen(key.span()));
    }
    input.parse::<Token![=]>()?;
    if at_end(input) {
        return Err(misshapen(key.span()));
    }
    let span = input.span();
    match word.shape {
        Shape::Text => input.parse().map(Value::Text).map_err(|_| misshapen(span)),
        Shape::Path => input.parse().map(Value::Path).map_err(|_| misshapen(span)),
        Shape::Type => input.parse().map(Value::Type).map_err(|_| misshapen(span)),
        Shape::Default => {
            input.parse().map(Some).map(Value::Default).map_err(|_| misshapen(span))
        }
        Shape::False | Shape::Flag | Shape::Features => match input.parse::<LitBool>() {
            Ok(LitBool { value: false, .. }) => Ok(Value::Flag),
            Ok(LitBool { value: true, .. }) | Err(_) => Err(misshapen(span)),
        },
    }
}

/// Reads `(deprecated, other_name(since = "2.12") = "what it means", "odd.name")`.
fn read_features(
    word: Word,
    input: ParseStream<'_>,
    errors: &Errors,
) -> syn::Result<Vec<FeatureWord>> {
    let content;
    parenthesized!(content in input);
    let mut features = Vec::new();
    while !content.is_empty() {
        match read_feature(word, &content) {
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

fn read_feature(word: Word, input: ParseStream<'_>) -> syn::Result<FeatureWord> {
    let span = input.span();
    let misshapen = |span: Span| {
        syn::Error::new(
            span,
            format!(
                "`{}`: wants names, each with what it means if that needs saying; write `{}`",
                word.name, word.usage
            ),
        )
    };
    let cfg = read_conditions(input)?;
    let span = if cfg.is_empty() { span } else { input.span() };
    let name = if input.peek(LitStr) {
        input.parse::<LitStr>()?.value()
    } else {
        let ident = input.call(Ident::parse_any).map_err(|_| misshapen(span))?;
        crate::names::dashed_from_snake(&ident.unraw().to_string())
    };
    let since =
        if input.peek(syn::token::Paren) { Some(read_since(&name, input)?) } else { None };
    let mut doc = String::new();
    if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        let span = input.span();
        doc = input.parse::<LitStr>().map_err(|_| misshapen(span))?.value();
    }
    if !input.is_empty() && !input.peek(Token![,]) {
        return Err(misshapen(input.span()));
    }
    Ok(FeatureWord { name, span, since, doc, cfg })
}

/// Reads the attributes before a feature, which can only be conditions.
fn read_conditions(input: ParseStream<'_>) -> syn::Result<Vec<Attribute>> {
    let attributes = input.call(Attribute::parse_outer)?;
    match attributes.iter().find(|attribute| !attribute.path().is_ident("cfg")) {
        None => Ok(attributes),
        Some(other) => {
            let message = "`features`: a feature may have a condition, `#[cfg(…)]`, and what it \
                           means, `name = \"what it means\"`; leave this out";
            Err(syn::Error::new_spanned(other.path(), message))
        }
    }
}

/// Reads `(since = "2.12")`.
fn read_since(feature: &str, input: ParseStream<'_>) -> syn::Result<LitStr> {
    let content;
    parenthesized!(content in input);
    let place = content.span();
    let key = content.parse::<Ident>().ok();
    if let Some(other) = key.as_ref().filter(|key| *key != symbol::SINCE.name) {
        while content.parse::<TokenTree>().is_ok() {}
        let message = messages::unknown_word(&other.to_string(), "a feature", &[symbol::SINCE]);
        return Err(syn::Error::new(other.span(), message));
    }
    let equals = key.and_then(|_| content.parse::<Token![=]>().ok());
    let since = equals.and_then(|_| content.parse().ok()).filter(|_| content.is_empty());
    // What is left would be reported a second time.
    while content.parse::<TokenTree>().is_ok() {}
    since.ok_or_else(|| {
        let usage = format!(
            "`{feature}`: in parentheses is the version that it came with; write \
             `{feature}(since = \"2.12\")`"
        );
        syn::Error::new(place, usage)
    })
}

/// Passes over what belongs to a word that was not understood.
fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        if input.parse::<TokenTree>().is_err() {
            return;
        }
    }
}
