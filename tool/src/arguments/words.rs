//! Words of a command line become arguments.

use std::fmt;

use serde_json::Value;

use super::node::{Content, Node};

/// The maximum of keys in one word.
const MAX_KEYS: usize = 128;

/// A word that is no argument.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The index of the word.
    pub(crate) word: usize,
    /// What is wrong, for people.
    pub(crate) text: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The arguments in `words`, as an object.
///
/// # Errors
/// The first word that is no argument, or contradicts an earlier word.
pub(crate) fn arguments<S: AsRef<str>>(words: &[S]) -> Result<Node, Refusal> {
    let mut all = Node::empty(0);
    for (word, text) in words.iter().enumerate() {
        add(&mut all, word, text.as_ref()).map_err(|text| Refusal { word, text })?;
    }
    Ok(all)
}

fn add(all: &mut Node, word: usize, text: &str) -> Result<(), String> {
    if text.starts_with('{') {
        let Content::Object(members) = Node::from_json(word, json(text)?).content else {
            return Err(format!("`{text}` is no object"));
        };
        return members.into_iter().try_for_each(|(key, node)| all.insert(&[&key], node));
    }
    let Some((key, value)) = text.split_once('=') else {
        return Err(format!("`{text}` is no argument; write KEY=VALUE or a JSON object"));
    };
    let (key, node) = match key.strip_suffix(':') {
        Some(key) => (key, Node::from_json(word, json(value)?)),
        None if value.starts_with(['{', '[', '"']) => (key, Node::from_json(word, json(value)?)),
        None => (key, Node { word, content: Content::Text(value.to_owned()) }),
    };
    let keys = keys(key);
    if keys.iter().any(|key| key.is_empty()) {
        return Err(format!("`{text}` has an empty key"));
    }
    if keys.len() > MAX_KEYS {
        return Err(format!("a word has at most {MAX_KEYS} keys"));
    }
    all.insert(&keys, node)
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("`{text}` is no JSON: {error}"))
}

/// The keys of a path. The name of a downstream extension contains the dots of a domain:
/// `__org.example_name`.
pub(crate) fn keys(path: &str) -> Vec<&str> {
    let mut keys = Vec::new();
    let mut rest = path;
    loop {
        let domain = match rest.strip_prefix("__").and_then(|domain| domain.find('_')) {
            Some(length) => length + 2,
            None => 0,
        };
        match rest[domain..].find('.') {
            Some(dot) => {
                keys.push(&rest[..domain + dot]);
                rest = &rest[domain + dot + 1..];
            }
            None => {
                keys.push(rest);
                return keys;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{arguments, keys};
    use crate::arguments::plain;

    fn read(words: &[&str]) -> Result<Value, String> {
        arguments(words).map(|node| plain(&node)).map_err(|refusal| refusal.text)
    }

    #[test]
    fn words_become_members_lists_and_objects() {
        for (words, expected) in [
            (&[][..], json!({})),
            (&["id=a", "n=3", "f=1.5"], json!({"id": "a", "n": 3, "f": 1.5})),
            (
                &["on=true", "off=null", "word=nullx"],
                json!({"on": true, "off": null, "word": "nullx"}),
            ),
            (&["a.b=1", "a.c=2", "d=x=y"], json!({"a": {"b": 1, "c": 2}, "d": "x=y"})),
            (&["l.0=a", "l.1.x=b", "l.1.y=c"], json!({"l": ["a", {"x": "b", "y": "c"}]})),
            (&["s:=\"5\"", "t=\"5\"", "l=[1,{}]"], json!({"s": "5", "t": "5", "l": [1, {}]})),
            (&["{\"a\": {\"b\": 1}}", "a.c=2"], json!({"a": {"b": 1, "c": 2}})),
            (&["empty="], json!({"empty": ""})),
            (&["__org.example_x.y=1"], json!({"__org.example_x": {"y": 1}})),
        ] {
            assert_eq!(read(words), Ok(expected), "{words:?}");
        }
    }

    #[test]
    fn each_mistake_is_named() {
        for (words, error) in [
            (&["id"][..], "`id` is no argument; write KEY=VALUE or a JSON object"),
            (&["=a"], "`=a` has an empty key"),
            (&["a..b=1"], "`a..b=1` has an empty key"),
            (&["a=1", "a=2"], "`a` is given twice"),
            (&["a=1", "a.b=2"], "`b` is below a value that is no object"),
            (&["l.0=1", "l.0=2"], "the element 0 is given twice"),
            (&["l.0=1", "l.2=2"], "the next element of the list is 1, not `2`"),
            (&["a=[1"], "`[1` is no JSON: EOF while parsing a list at line 1 column 2"),
        ] {
            assert_eq!(read(words), Err(error.to_owned()), "{words:?}");
        }
        let deep = format!("{}=1", vec!["a"; 129].join("."));
        assert_eq!(read(&[&deep]), Err("a word has at most 128 keys".to_owned()));
    }

    #[test]
    fn names_of_extensions_keep_their_dots() {
        assert_eq!(keys("a.__org.example_b.c"), ["a", "__org.example_b", "c"]);
        assert_eq!(keys("__x"), ["__x"]);
    }
}
