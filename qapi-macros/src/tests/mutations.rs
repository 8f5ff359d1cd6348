//! Items with random mistakes. Each gives an error or code; none panics, and none loses the item.

use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{File, Item, Meta};

use super::Attribute;
use crate::pipeline;

/// The number of mutated items.
const MUTATIONS: usize = 2000;

/// An annotated item: the attribute, its words, and the item below it.
struct Annotated {
    attribute: Attribute,
    words: TokenStream,
    item: TokenStream,
}

/// One item of each kind, with most of the words. The tests of the repository add theirs.
const ITEMS: &str = r#"
    #[qapi_struct(name = "Tree", since = "3.0", features(deprecated, other = "A."))]
    pub struct Tree {
        #[qapi(base)] base: Base,
        /// A member.
        #[qapi(name = "type", default = 1 + 2, since = "3.1")] kind: i64,
        #[qapi(unit = "ms")] delay: Option<Duration>,
        #[qapi(base64, secret)] key: Vec<u8>,
    }
    #[qapi_struct(transparent)] struct Bytes(u64);
    #[qapi_enum(prefix = "KIND", since = "1.0")] #[derive(Clone, Copy)]
    enum Kind { #[qapi(name = "a-b")] Ab, #[cfg(unix)] C, #[qapi(open)] Other(OtherKind) }
    #[qapi_enum(extends = path::Kind)] enum More { #[qapi(since = "2.0")] D }
    #[qapi_union(discriminator = "kind", tag = Kind)] enum Node { Ab(Tree), C, }
    #[qapi_union] struct Disk { size: u64, #[qapi(discriminator)] kind: Node }
    #[qapi_alternate(since = "1.0")] enum Either { Number(i64), Text(String) }
    #[qapi_event(rate_limit = "1s", key = "id", exempt = path::urgent)]
    struct Done { id: String, error: Option<String> }
    #[qapi_command(since = "1.0", blocking, deadline = "5s", client, returns_exception)]
    pub fn run(#[qapi(state)] a: &A, #[qapi(session)] s: &SessionContext, b: &str,
        c: Option<&[i64]>)
        -> Result<i64, Error> { a.run(b, c) }
    #[qapi_command(gen = false, data = Tree, returns = Disk)]
    async fn raw(arguments: Map) -> Result<Disk> { todo(arguments).await }
    #[qapi_command(registration = TAKE, crate = other::path)]
    fn take(#[qapi(fd, default)] file: OwnedFd) {}
"#;

/// A generator of random numbers (xorshift), the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).expect("it is below a usize")
    }
}

fn attribute(name: &str) -> Option<Attribute> {
    Some(match name {
        "qapi_alternate" => pipeline::qapi_alternate,
        "qapi_command" => pipeline::qapi_command,
        "qapi_enum" => pipeline::qapi_enum,
        "qapi_event" => pipeline::qapi_event,
        "qapi_struct" => pipeline::qapi_struct,
        "qapi_union" => pipeline::qapi_union,
        _ => return None,
    })
}

/// Collects the annotated items among `tokens`, in which each item is in one piece.
fn collect(mut item: Item, found: &mut Vec<Annotated>) {
    let attributes = match &mut item {
        Item::Mod(module) => {
            let items = module.content.take().into_iter().flat_map(|(_, items)| items);
            return items.for_each(|item| collect(item, found));
        }
        Item::Enum(item) => &mut item.attrs,
        Item::Struct(item) => &mut item.attrs,
        Item::Fn(item) => &mut item.attrs,
        _ => return,
    };
    let name = |attribute: &syn::Attribute| {
        attribute.path().segments.last().and_then(|last| self::attribute(&last.ident.to_string()))
    };
    let Some(position) = attributes.iter().position(|attribute| name(attribute).is_some()) else {
        return;
    };
    let removed = attributes.remove(position);
    let words = match &removed.meta {
        Meta::List(list) => list.tokens.clone(),
        Meta::Path(_) | Meta::NameValue(_) => TokenStream::new(),
    };
    let attribute = name(&removed).expect("the attribute was found by its name");
    found.push(Annotated { attribute, words, item: item.into_token_stream() });
}

/// The items of this file, and those of `tests/accept` where the repository is around the package.
fn items() -> Vec<Annotated> {
    let mut texts = vec![ITEMS.to_owned()];
    let mut folders: Vec<PathBuf> =
        vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/accept")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                texts.push(std::fs::read_to_string(path).expect("the file can be read"));
            }
        }
    }
    texts.sort();
    let mut found = Vec::new();
    for text in texts {
        let File { items, .. } = syn::parse_str(&text).expect("the file has only items");
        items.into_iter().for_each(|item| collect(item, &mut found));
    }
    found
}

/// The number of tokens, with those in groups.
fn count(tokens: &TokenStream) -> usize {
    let inside = |token: &TokenTree| match token {
        TokenTree::Group(group) => count(&group.stream()),
        TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => 0,
    };
    tokens.clone().into_iter().map(|token| 1 + inside(&token)).sum()
}

/// The token at an index below [`count`].
fn token_at(tokens: &TokenStream, mut index: usize) -> Option<TokenTree> {
    for token in tokens.clone() {
        let inside = match &token {
            TokenTree::Group(group) => count(&group.stream()),
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => 0,
        };
        match (index, &token) {
            (0, _) => return Some(token),
            (_, TokenTree::Group(group)) if index <= inside => {
                return token_at(&group.stream(), index - 1);
            }
            _ => index -= 1 + inside,
        }
    }
    None
}

/// `tokens` with `change` in place of the token at an index.
fn replace(
    tokens: TokenStream,
    index: &mut usize,
    change: &dyn Fn(TokenTree) -> TokenStream,
) -> TokenStream {
    let mut changed = TokenStream::new();
    for token in tokens {
        let is_here = *index == 0;
        *index = index.wrapping_sub(1);
        if is_here {
            changed.extend(change(token));
            continue;
        }
        changed.extend([match token {
            TokenTree::Group(group) => TokenTree::Group(Group::new(
                group.delimiter(),
                replace(group.stream(), index, change),
            )),
            other => other,
        }]);
    }
    changed
}

/// One mutation of a random token: drops, doubles or replaces it, or changes its delimiter.
fn mutate(tokens: &TokenStream, others: &TokenStream, random: &mut Random) -> TokenStream {
    const DELIMITERS: [Delimiter; 4] =
        [Delimiter::Parenthesis, Delimiter::Brace, Delimiter::Bracket, Delimiter::None];
    let other = token_at(others, random.below(count(others))).map(TokenStream::from);
    let other = other.unwrap_or_default();
    let delimiter = DELIMITERS[random.below(DELIMITERS.len())];
    let kind = random.below(5);
    let change = |token: TokenTree| match (kind, &token) {
        (0, _) => TokenStream::new(),
        (1, _) => quote!(#token #token),
        (2, _) => other.clone(),
        (3, TokenTree::Group(group)) => Group::new(delimiter, group.stream()).to_token_stream(),
        _ => quote!(#other #token),
    };
    replace(tokens.clone(), &mut random.below(count(tokens)), &change)
}

/// The name of an item.
fn name(item: &Item) -> Option<String> {
    match item {
        Item::Enum(item) => Some(item.ident.to_string()),
        Item::Struct(item) => Some(item.ident.to_string()),
        Item::Fn(item) => Some(item.sig.ident.to_string()),
        _ => None,
    }
}

/// Whether the first item of the expansion is the user's.
fn has_item(expansion: &TokenStream, item: &TokenStream) -> bool {
    match (syn::parse2::<Item>(item.clone()), syn::parse2::<File>(expansion.clone())) {
        (Ok(item), Ok(File { items, .. })) => {
            items.iter().any(|found| name(found) == name(&item))
        }
        (Ok(_), Err(_)) => false,
        (Err(_), _) => true,
    }
}

#[test]
fn mutated_items_give_errors_or_code() {
    let items = items();
    assert!(items.len() >= 10, "only {} items are found", items.len());
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut errors = 0;
    for _ in 0..MUTATIONS {
        let chosen = &items[random.below(items.len())];
        let other = &items[random.below(items.len())].item;
        let (mut words, mut item) = (chosen.words.clone(), chosen.item.clone());
        for _ in 0..=random.below(3) {
            match random.below(3) {
                0 => words = mutate(&words, other, &mut random),
                _ => item = mutate(&item, other, &mut random),
            }
        }
        let expansion = (chosen.attribute)(words.clone(), item.clone());
        errors += usize::from(expansion.to_string().contains("compile_error"));
        assert!(has_item(&expansion, &item), "#[attribute({words})] {item}\n\n{expansion}");
    }
    assert!((MUTATIONS / 4..MUTATIONS).contains(&errors), "{errors} mutations are errors");
}
