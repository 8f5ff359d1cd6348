//! Names of the form `json:{...}`: the options of a node as JSON, in the header of an image.
//!
//! This library writes such a name where no path leads to the same nodes. Members may be nested
//! objects, or flat members with dots in their names whose values are strings: `"file.size":
//! "512"`.

use qapi_core::wire::Document;
use qapi_core::{Input, QapiType, Scalars};
use serde_json::{Map, Value};

use super::{BlockdevDriver, BlockdevOptions};
use crate::error::{Error, Result};

/// The options in a name, without its prefix `json:`. The member `driver` defaults to `format`.
///
/// # Errors
/// [`Error::InvalidImage`] for text that is not JSON or does not fit [`BlockdevOptions`];
/// [`Error::UnknownFormat`] for a driver that this library does not have.
pub(crate) fn parse(text: &str, format: Option<&str>) -> Result<BlockdevOptions> {
    let unreadable =
        |error| Error::InvalidImage(format!("Could not parse the JSON options: {error}"));
    let Value::Object(members) = serde_json::from_str(text).map_err(unreadable)? else {
        return Err(invalid("an object is expected"));
    };
    let mut members = nested(members)?;
    if let (Some(format), None) = (format, members.get("driver")) {
        members.insert("driver".to_owned(), Value::from(format));
    }
    let options = with_lists(Value::Object(members));
    check_drivers(&options)?;
    let document = Document::from_json(&options).map_err(|error| invalid(&error.to_string()))?;
    let input = Input::with_scalars(document.root(), Scalars::Keyval);
    BlockdevOptions::visit(input).map_err(|error| invalid(&error.to_string()))
}

/// The same members with objects in place of dots, and with strings for all scalars.
fn nested(members: Map<String, Value>) -> Result<Map<String, Value>> {
    let mut nested = Map::new();
    for (name, value) in members {
        insert(&mut nested, &name, keyval(value)?)?;
    }
    Ok(nested)
}

fn insert(object: &mut Map<String, Value>, name: &str, value: Value) -> Result<()> {
    let twice = |name| invalid(&format!("'{name}' is given twice"));
    let Some((outer, inner)) = name.split_once('.') else {
        let former = object.insert(name.to_owned(), value);
        return if former.is_none() { Ok(()) } else { Err(twice(name)) };
    };
    match object.entry(outer).or_insert_with(|| Value::Object(Map::new())) {
        Value::Object(child) => insert(child, inner, value),
        _scalar => Err(twice(outer)),
    }
}

/// A value with its scalars written as on a command line.
fn keyval(value: Value) -> Result<Value> {
    Ok(match value {
        Value::Object(members) => Value::Object(nested(members)?),
        Value::Array(elements) => {
            Value::Array(elements.into_iter().map(keyval).collect::<Result<_>>()?)
        }
        Value::Bool(on) => Value::from(if on { "on" } else { "off" }),
        Value::Number(number) => Value::from(number.to_string()),
        text @ (Value::String(_) | Value::Null) => text,
    })
}

/// A value with lists in place of objects whose members are the numbers from 0 on.
fn with_lists(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Map<String, Value> =
                members.into_iter().map(|(name, value)| (name, with_lists(value))).collect();
            let numbers: Vec<String> = (0..members.len()).map(|at| at.to_string()).collect();
            let is_list =
                !numbers.is_empty() && numbers.iter().all(|number| members.contains_key(number));
            if !is_list {
                return Value::Object(members);
            }
            Value::Array(numbers.iter().filter_map(|number| members.remove(number)).collect())
        }
        Value::Array(elements) => Value::Array(elements.into_iter().map(with_lists).collect()),
        scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => scalar,
    }
}

/// Refuses drivers that this library does not have, wherever they are in the description.
fn check_drivers(value: &Value) -> Result<()> {
    let Value::Object(members) = value else { return Ok(()) };
    if let Some(Value::String(driver)) = members.get("driver")
        && !BlockdevDriver::ALL.iter().any(|known| known.as_str() == driver)
    {
        return Err(Error::UnknownFormat(driver.clone()));
    }
    members.values().try_for_each(check_drivers)
}

fn invalid(what: &str) -> Error {
    Error::InvalidImage(format!("In the description of a backing file: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn debug(text: &str, format: Option<&str>) -> String {
        format!("{:?}", parse(text, format).expect(text))
    }

    #[test]
    fn names_that_describe_no_node_say_why() {
        for (text, expected) in [
            ("", "Could not parse the JSON options: EOF while parsing a value"),
            ("[]", "an object is expected"),
            ("{}", "'driver' is missing"),
            (r#"{"driver": "file"}"#, "'filename' is missing"),
            (r#"{"driver": "file", "filename": {}}"#, "type for 'filename', expected: string"),
            (r#"{"driver": "raw"}"#, "'file' is missing"),
            (r#"{"driver": "raw", "file": "f", "size": "x"}"#, "'size' expects integer"),
            (r#"{"driver": "raw", "file": "f", "x": 1}"#, "'x' is unexpected"),
            (r#"{"driver": "x"}"#, "Unknown driver 'x'"),
            (r#"{"driver": "raw", "file": {"driver": "x"}}"#, "Unknown driver 'x'"),
            (r#"{"file": "f", "file.driver": "file"}"#, "'file' is given twice"),
            (r#"{"file.driver": "file", "file": "f"}"#, "'file' is given twice"),
        ] {
            let error = parse(text, None).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn flat_descriptions_are_as_those_with_objects() {
        let nested = r#"{"driver": "qcow2", "backing": null, "file": {"driver": "raw", "size": 512,
            "file": {"driver": "file", "filename": "f"}}}"#;
        let flat = r#"{"backing": null, "file.driver": "raw", "file.size": "512",
            "file.file.driver": "file", "file.file.filename": "f"}"#;
        assert_eq!(debug(nested, None), debug(flat, Some("qcow2")));
    }

    #[test]
    fn rules_are_read_from_lists_and_from_numbered_members() {
        let list = r#"{"driver": "blkdebug", "image": "f", "inject-error": [
            {"event": "none", "errno": 28}, {"event": "read_aio", "once": true}]}"#;
        let numbered = r#"{"driver": "blkdebug", "image": "f",
            "inject-error.1.event": "read_aio", "inject-error.0.event": "none",
            "inject-error.0.errno": "28", "inject-error.1.once": "on"}"#;
        assert_eq!(debug(list, None), debug(numbered, None));
        for rules in ["1", "[1]", r#"{"event": "none"}"#, r#"{"x.event": "none"}"#] {
            let text =
                format!(r#"{{"driver": "blkdebug", "image": "f", "inject-error": {rules}}}"#);
            let error = parse(&text, None).expect_err(rules).to_string();
            assert!(error.contains("Invalid parameter type for 'inject-error"), "{error}");
        }
    }
}
