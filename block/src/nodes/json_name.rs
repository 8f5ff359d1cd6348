//! Names of images of the form `json:{...}`, which describe nodes: what this program writes into
//! headers where no path leads to the same nodes.

use super::blkdebug_rules::described_rules;
use super::options::{
    BackingOption, Blkdebug, BlkdebugOptions, Child, DriverOptions, FileOptions, NodeOptions,
    NullOptions, Qcow2Options, RawOptions,
};
use crate::error::{Error, Result};
use crate::image::blkdebug::Limits;
use crate::image::permissions::Access;
use serde_json::{Map, Value};

/// The node that a name describes. The driver may be left to `format`.
///
/// # Errors
/// [`Error::InvalidImage`]: it is no JSON, or not of a node that can be opened so.
pub(super) fn parse(text: &str, format: Option<&str>) -> Result<NodeOptions> {
    let unreadable =
        |error| Error::InvalidImage(format!("Could not parse the JSON options: {error}"));
    let value: Value = serde_json::from_str(text).map_err(unreadable)?;
    node(value, format)
}

fn node(value: Value, format: Option<&str>) -> Result<NodeOptions> {
    let Value::Object(members) = value else { return Err(wrong("an object is expected")) };
    let mut members = nested(members)?;
    let name = text(&mut members, "node-name")?;
    let driver = text(&mut members, "driver")?.or_else(|| format.map(str::to_owned));
    let driver = match driver.as_deref() {
        Some("file") => {
            let filename = text(&mut members, "filename")?;
            let filename = filename.ok_or_else(|| wrong("'filename' is missing"))?;
            DriverOptions::File(FileOptions::new(filename))
        }
        Some("raw") => DriverOptions::Raw(RawOptions {
            file: child(&mut members, "file")?,
            offset: number(&mut members, "offset")?,
            size: number(&mut members, "size")?,
        }),
        Some("qcow2") => DriverOptions::Qcow2(Qcow2Options {
            file: child(&mut members, "file")?,
            data_file: match members.get("data-file") {
                None => None,
                Some(_) => Some(child(&mut members, "data-file")?),
            },
            backing: match members.get("backing") {
                None => BackingOption::FromHeader,
                Some(Value::Null) => {
                    members.remove("backing");
                    BackingOption::None
                }
                Some(_) => BackingOption::Child(child(&mut members, "backing")?),
            },
        }),
        Some("null-co") => DriverOptions::NullCo(NullOptions {
            size: number(&mut members, "size")?,
            read_zeroes: members.remove("read-zeroes").and_then(|value| value.as_bool()),
        }),
        Some("blkdebug") => DriverOptions::Blkdebug(blkdebug(&mut members)?),
        Some(other) => return Err(Error::UnknownFormat(other.to_owned())),
        None => return Err(wrong("'driver' is missing")),
    };
    if let Some(name) = members.keys().next() {
        return Err(wrong(&format!("'{name}' is not supported")));
    }
    let mut options = NodeOptions::new(driver);
    options.node_name = name;
    Ok(options)
}

fn blkdebug(members: &mut Map<String, Value>) -> Result<BlkdebugOptions> {
    let image = child(members, "image")?;
    let limits = Limits {
        align: number(members, "align")?,
        max_transfer: number(members, "max-transfer")?,
        opt_write_zero: number(members, "opt-write-zero")?,
        max_write_zero: number(members, "max-write-zero")?,
        opt_discard: number(members, "opt-discard")?,
        max_discard: number(members, "max-discard")?,
    };
    let inject_error = described_rules(members.remove("inject-error"))?;
    let set_state = described_rules(members.remove("set-state"))?;
    let blkdebug = Blkdebug::new(limits, inject_error, set_state, Access::NONE)?;
    Ok(BlkdebugOptions { image, blkdebug: Box::new(blkdebug) })
}

/// Members with points in their names, each as a member of an object.
fn nested(members: Map<String, Value>) -> Result<Map<String, Value>> {
    let mut nested = Map::new();
    for (name, value) in members {
        let Some((outer, inner)) = name.split_once('.') else {
            nested.insert(name, value);
            continue;
        };
        let object = nested.entry(outer).or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(object) = object else {
            return Err(wrong(&format!("'{outer}' is given twice")));
        };
        object.insert(inner.to_owned(), value);
    }
    Ok(nested)
}

fn child(members: &mut Map<String, Value>, name: &str) -> Result<Child> {
    match members.remove(name) {
        Some(Value::String(reference)) => Ok(Child::Reference(reference)),
        Some(value) => Ok(Child::Inline(Box::new(node(value, None)?))),
        None => Err(wrong(&format!("'{name}' is missing"))),
    }
}

fn text(members: &mut Map<String, Value>, name: &str) -> Result<Option<String>> {
    match members.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(wrong(&format!("'{name}' must be a string"))),
    }
}

/// A number, which in flat descriptions stands in a string.
fn number(members: &mut Map<String, Value>, name: &str) -> Result<Option<u64>> {
    let number = match members.remove(name) {
        None => return Ok(None),
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => value.as_u64(),
    };
    number.map(Some).ok_or_else(|| wrong(&format!("'{name}' must be a number of bytes")))
}

fn wrong(what: &str) -> Error {
    Error::InvalidImage(format!("In the description of a backing file: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_describe_no_node_say_why() {
        for (text, expected) in [
            ("", "Could not parse the JSON options: EOF while parsing a value"),
            ("[]", "an object is expected"),
            ("{}", "'driver' is missing"),
            (r#"{"driver": "file"}"#, "'filename' is missing"),
            (r#"{"driver": "file", "filename": 1}"#, "'filename' must be a string"),
            (r#"{"driver": "raw"}"#, "'file' is missing"),
            (r#"{"driver": "raw", "file": "f", "size": -1}"#, "'size' must be a number of bytes"),
            (r#"{"driver": "raw", "file": "f", "x": 1}"#, "'x' is not supported"),
            (r#"{"driver": "x"}"#, "Unknown driver 'x'"),
            (r#"{"file": "f", "file.driver": "file"}"#, "'file' is given twice"),
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
        let described = |text, format| format!("{:?}", parse(text, format).expect("a node"));
        assert_eq!(described(nested, None), described(flat, Some("qcow2")));
    }
}
