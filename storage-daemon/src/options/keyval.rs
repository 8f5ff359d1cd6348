//! The syntax `key=value,…` of options that also accept JSON.
//!
//! Dotted keys describe objects; numbers in dotted keys describe lists. A comma in a value is
//! doubled. If a key occurs twice, the last value is used. All values are strings, which the
//! visited type converts (see [`Scalars::Keyval`]).
//!
//! [`Scalars::Keyval`]: qapi_core::Scalars::Keyval

use qapi_core::{Error, Result};
use serde_json::{Map, Value};

use super::messages;

/// The maximum length of a part of a dotted key, in bytes. The names of the schema are shorter.
pub const MAX_FRAGMENT_LENGTH: usize = 127;

/// The maximum number of parts of a dotted key. The limit bounds the recursion over the resulting
/// tree. The chains of nodes that one option describes are far shorter.
pub const MAX_FRAGMENTS: usize = 64;

/// Parses `text`. If the first part has no `=`, this part is the value of `implied_key`.
///
/// ```
/// use serde_json::json;
/// use storage_daemon::options::keyval;
///
/// let options = keyval::parse("raw,file.filename=a,,b,x.0=1,x.1=2", "driver")?;
/// assert_eq!(
///     options,
///     json!({"driver": "raw", "file": {"filename": "a,b"}, "x": ["1", "2"]})
/// );
/// # Ok::<(), qapi_core::Error>(())
/// ```
///
/// # Errors
/// A key is malformed, or exceeds [`MAX_FRAGMENT_LENGTH`] or [`MAX_FRAGMENTS`]; a part has no
/// value; a member is used both as an object and as a string; a list has a gap.
pub fn parse(text: &str, implied_key: &str) -> Result<Value> {
    let mut root = Map::new();
    let mut rest = text;
    let mut implied_key = Some(implied_key);
    while !rest.is_empty() {
        let (key, value);
        (key, value, rest) = next_pair(rest, implied_key.take())?;
        insert(&mut root, key, value)?;
    }
    make_lists(root, "")
}

/// Splits the first pair off `text`. Returns key, value and the rest.
fn next_pair<'a>(
    text: &'a str,
    implied_key: Option<&'a str>,
) -> Result<(&'a str, String, &'a str)> {
    let end = text.find(['=', ',']).unwrap_or(text.len());
    let (key, rest) = text.split_at(end);
    if let Some(rest) = rest.strip_prefix('=') {
        let (value, rest) = take_value(rest);
        return Ok((key, value, rest));
    }
    if matches!(key, "help" | "?") {
        return Err(messages::no_help());
    }
    match implied_key {
        Some(implied_key) if !key.is_empty() => {
            Ok((implied_key, key.to_owned(), rest.strip_prefix(',').unwrap_or(rest)))
        }
        Some(_) => Err(messages::invalid_parameter(key)),
        None => Err(fragments(key).err().unwrap_or_else(|| messages::value_missing(key))),
    }
}

/// Splits a value off `text`, up to a comma that is not doubled. Doubled commas become single ones.
pub(super) fn take_value(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let end = rest.find(',').unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        value.push_str(part);
        match after.strip_prefix(",,") {
            Some(after) => {
                value.push(',');
                rest = after;
            }
            None => return (value, after.strip_prefix(',').unwrap_or(after)),
        }
    }
}

/// Inserts a value at a dotted key.
fn insert(root: &mut Map<String, Value>, key: &str, value: String) -> Result<()> {
    let fragments = fragments(key)?;
    let Some((last, parents)) = fragments.split_last() else {
        return Err(messages::invalid_parameter(key));
    };
    let mut object = root;
    let mut length = 0;
    for fragment in parents {
        length += fragment.len() + 1;
        let child = object.entry(fragment.clone()).or_insert_with(|| Value::Object(Map::new()));
        object = child
            .as_object_mut()
            .ok_or_else(|| messages::used_inconsistently(key.get(..length).unwrap_or(key)))?;
    }
    match object.get_mut(last) {
        Some(Value::Object(_)) => Err(messages::used_inconsistently(&format!("{key}."))),
        Some(old) => {
            *old = Value::String(value);
            Ok(())
        }
        None => {
            object.insert(last.clone(), Value::String(value));
            Ok(())
        }
    }
}

/// The parts of a dotted key: names, and, after the first part, numbers without leading zeroes.
fn fragments(key: &str) -> Result<Vec<String>> {
    let parts: Vec<&str> = key.split('.').collect();
    if parts.len() > MAX_FRAGMENTS {
        return Err(messages::nested_too_deep(MAX_FRAGMENTS));
    }
    let mut fragments = Vec::with_capacity(parts.len());
    let mut start = 0;
    while let Some(part) = parts.get(start) {
        // A vendor prefix, `__RFQDN_`, contains dots.
        let count = if part.starts_with("__") { vendor_parts(&parts[start..]) } else { 1 };
        let part = parts[start..start + count].join(".");
        let index = start > 0 && is_index(&part);
        if !index && !is_name(&part) {
            return Err(messages::invalid_parameter(key));
        }
        if part.len() > MAX_FRAGMENT_LENGTH {
            return Err(messages::too_long(&part, parts.len() > 1));
        }
        fragments.push(if index { without_leading_zeroes(&part).to_owned() } else { part });
        start += count;
    }
    Ok(fragments)
}

/// The number of leading `parts` that form a name with a vendor prefix. The last of these parts has
/// the underscore that ends the prefix.
fn vendor_parts(parts: &[&str]) -> usize {
    let ends = |(position, part): (usize, &&str)| {
        let name = if position == 0 { part.trim_start_matches('_') } else { part };
        name.contains('_').then_some(position + 1)
    };
    parts.iter().enumerate().find_map(ends).unwrap_or(1)
}

fn is_index(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `part` is a name in the sense of QAPI: a letter, then letters, digits, `-` and `_`, with
/// an optional vendor prefix.
fn is_name(part: &str) -> bool {
    let name = match part.strip_prefix("__") {
        Some(vendor) => match vendor.split_once('_') {
            Some((domain, name)) if is_domain(domain) => name,
            _ => return false,
        },
        None => part,
    };
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

fn is_domain(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
}

fn without_leading_zeroes(digits: &str) -> &str {
    match digits.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    }
}

/// Turns each object whose keys are all numbers into a list. `prefix` is the dotted key of
/// `object`, with a dot at the end; the root has an empty prefix.
fn make_lists(object: Map<String, Value>, prefix: &str) -> Result<Value> {
    let indexes = object.keys().filter(|key| is_index(key)).count();
    let is_list = indexes > 0;
    if is_list && indexes < object.len() {
        return Err(messages::used_inconsistently(prefix));
    }
    let mut members = Map::new();
    for (key, value) in object {
        let value = match value {
            Value::Object(object) => make_lists(object, &format!("{prefix}{key}."))?,
            scalar => scalar,
        };
        members.insert(key, value);
    }
    if !is_list {
        return Ok(Value::Object(members));
    }
    let elements: Result<Vec<Value>, Error> = (0..members.len())
        .map(|index| {
            let name = index.to_string();
            members
                .get_mut(&name)
                .map(Value::take)
                .ok_or_else(|| messages::parameter_missing(&format!("{prefix}{name}")))
        })
        .collect();
    elements.map(Value::Array)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn dotted_keys_make_objects_and_lists() {
        let table = [
            ("", json!({})),
            ("file", json!({"driver": "file"})),
            ("file,a=b", json!({"driver": "file", "a": "b"})),
            ("a=b,", json!({"a": "b"})),
            ("a=", json!({"a": ""})),
            ("a=b,,c,,", json!({"a": "b,c,"})),
            ("a=x=y", json!({"a": "x=y"})),
            ("a=1,a=2", json!({"a": "2"})),
            ("a.b.c=1,a.b.d=2,a.e=3", json!({"a": {"b": {"c": "1", "d": "2"}, "e": "3"}})),
            ("a.1=y,a.0=x", json!({"a": ["x", "y"]})),
            ("a.00=x,a.01.b=y", json!({"a": ["x", {"b": "y"}]})),
            ("help=1", json!({"help": "1"})),
            ("__org.example_x=1", json!({"__org.example_x": "1"})),
            ("a.__org.example_x.b=1", json!({"a": {"__org.example_x": {"b": "1"}}})),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text, "driver"), Ok(expected), "{text}");
        }
    }

    #[test]
    fn errors_have_qemus_texts() {
        let table = [
            ("a=1,b", "Expected '=' after parameter 'b'"),
            ("a=1,'b'", "Invalid parameter ''b''"),
            ("a=1,a.help", "Expected '=' after parameter 'a.help'"),
            (",", "Invalid parameter ''"),
            ("=", "Invalid parameter ''"),
            ("a=1,=2", "Invalid parameter ''"),
            ("9x=3", "Invalid parameter '9x'"),
            ("0=1", "Invalid parameter '0'"),
            ("a..b=3", "Invalid parameter 'a..b'"),
            ("a.=3", "Invalid parameter 'a.'"),
            (".a=3", "Invalid parameter '.a'"),
            ("a b=3", "Invalid parameter 'a b'"),
            ("a.-1=3", "Invalid parameter 'a.-1'"),
            ("__x=3", "Invalid parameter '__x'"),
            ("help", "Help is not available for this option"),
            ("a=1,?", "Help is not available for this option"),
            ("a=1,a.b=2", "Parameters 'a.*' used inconsistently"),
            ("a.b=1,a=2", "Parameters 'a.*' used inconsistently"),
            ("a.b=1,a.b.c=2", "Parameters 'a.b.*' used inconsistently"),
            ("a.0=1,a.x=2", "Parameters 'a.*' used inconsistently"),
            ("a.5=1", "Parameter 'a.0' missing"),
            ("a.0=1,a.2=2", "Parameter 'a.1' missing"),
            ("a.99999999999999999999999=1", "Parameter 'a.0' missing"),
            ("x.0.1=3", "Parameter 'x.0.0' missing"),
        ];
        for (text, expected) in table {
            let error = parse(text, "driver").expect_err(text);
            assert_eq!(error.desc(), expected, "{text}");
        }
    }

    #[test]
    fn the_length_of_a_part_is_limited() {
        let name = "k".repeat(MAX_FRAGMENT_LENGTH);
        assert!(parse(&format!("{name}=1"), "driver").is_ok());
        let error = parse(&format!("{name}k=1"), "driver").expect_err("too long");
        assert_eq!(error.desc(), format!("Parameter '{name}k' is too long"));
        let error = parse(&format!("a.{name}k=1"), "driver").expect_err("too long");
        assert_eq!(error.desc(), format!("Parameter fragment '{name}k' is too long"));
    }

    #[test]
    fn the_number_of_parts_is_limited() {
        let key = vec!["a"; MAX_FRAGMENTS].join(".");
        assert!(parse(&format!("{key}=1"), "driver").is_ok());
        assert!(parse(&format!("{key}.a=1"), "driver").is_err());
    }
}
