//! Names of the form `json:{...}`: the options of a node as JSON, in the header of an image or in
//! a command.
//!
//! The text has QMP's dialect of JSON, which allows single quotes. This library writes such a name
//! where no path leads to the same nodes. Members may be nested objects, or flat members with dots
//! in their names whose values are strings: `"file.size": "512"`.

use qapi_core::wire::{Document, Kind, Number, Value};
use qapi_core::{Input, QapiType, Scalars};
use serde_json::{Map, Value as Json};

use super::{BlockdevDriver, BlockdevOptions, MAX_DEPTH};
use crate::error::{Error, Result};

/// Whether the driver of a node is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// The description or the caller names the driver.
    Known,
    /// The driver is `raw`, unless the contents belong to another format.
    Unknown,
}

/// The options in a name, without its prefix `json:`. As in QEMU, `format` replaces the driver of
/// the description.
///
/// # Errors
/// [`Error::InvalidImage`] for text that is not JSON or does not fit [`BlockdevOptions`];
/// [`Error::UnknownFormat`] for a driver that this library does not have;
/// [`Error::ChainTooDeep`] for more than [`MAX_DEPTH`] objects within each other.
pub(crate) fn parse(text: &str, format: Option<&str>) -> Result<(BlockdevOptions, Format)> {
    let unreadable =
        |error| Error::InvalidImage(format!("Could not parse the JSON options: {error}"));
    let document = Document::parse(text.as_bytes()).map_err(unreadable)?;
    if document.root().kind() != Kind::Object {
        return Err(Error::InvalidImage("Invalid JSON object given".into()));
    }
    let mut members = nested(document.root(), 0)?;
    if let Some(format) = format {
        members.insert("driver".to_owned(), Json::from(format));
    }
    let mut known = Format::Known;
    if !members.contains_key("driver") {
        if !members.contains_key("file") {
            return Err(Error::InvalidImage("Must specify either driver or file".into()));
        }
        members.insert("driver".to_owned(), Json::from(BlockdevDriver::Raw.as_str()));
        known = Format::Unknown;
    }
    let options = with_lists(Json::Object(members));
    check(&options)?;
    let document = Document::from_json(&options).map_err(|error| invalid(&error.to_string()))?;
    let input = Input::with_scalars(document.root(), Scalars::Keyval);
    match BlockdevOptions::visit(input) {
        Ok(options) => Ok((options, known)),
        Err(error) => Err(unexpected(&options, error.desc())),
    }
}

/// The same members with objects in place of dots, and with strings for all scalars. A nested
/// member replaces a flat one. `depth` is the number of objects that contain the object.
fn nested(object: Value<'_>, depth: usize) -> Result<Map<String, Json>> {
    let mut members = Map::new();
    let is_nested = |value: &Value<'_>| value.kind() == Kind::Object;
    let (objects, others): (Vec<_>, Vec<_>) =
        object.entries().partition(|(_, value)| is_nested(value));
    for (name, value) in others.into_iter().chain(objects) {
        insert(&mut members, name, keyval(value, depth)?, depth)?;
    }
    Ok(members)
}

/// A value with its scalars written as on a command line.
fn keyval(value: Value<'_>, depth: usize) -> Result<Json> {
    check_depth(depth)?;
    Ok(match value.kind() {
        Kind::Object => Json::Object(nested(value, depth + 1)?),
        Kind::Array => {
            let elements = value.elements().map(|element| keyval(element, depth + 1));
            Json::Array(elements.collect::<Result<_>>()?)
        }
        Kind::Bool => Json::from(if value.as_bool() == Some(true) { "on" } else { "off" }),
        Kind::Number => Json::from(match value.number() {
            Some(Number::Int(number)) => number.to_string(),
            Some(Number::UInt(number)) => number.to_string(),
            Some(Number::Double(number)) => number.to_string(),
            None => String::new(),
        }),
        Kind::String => Json::from(value.as_str().unwrap_or_default()),
        Kind::Null => Json::Null,
    })
}

/// Inserts a value at a name with dots.
fn insert(
    object: &mut Map<String, Json>,
    name: &str,
    mut value: Json,
    depth: usize,
) -> Result<()> {
    check_depth(depth)?;
    let Some((outer, inner)) = name.split_once('.') else {
        if let (Some(Json::Object(flat)), Json::Object(members)) =
            (object.get_mut(name), &mut value)
        {
            flat.append(members);
            return Ok(());
        }
        object.insert(name.to_owned(), value);
        return Ok(());
    };
    match object.entry(outer).or_insert_with(|| Json::Object(Map::new())) {
        Json::Object(child) => insert(child, inner, value, depth + 1),
        _scalar => Err(invalid(&format!("'{outer}' is given twice"))),
    }
}

fn check_depth(depth: usize) -> Result<()> {
    if depth > MAX_DEPTH { Err(Error::ChainTooDeep(MAX_DEPTH)) } else { Ok(()) }
}

/// A value with lists in place of objects whose members are the numbers from 0 on, and with the
/// driver `file` in objects that have a file name and no driver.
fn with_lists(value: Json) -> Json {
    match value {
        Json::Object(members) => {
            let mut members: Map<String, Json> =
                members.into_iter().map(|(name, value)| (name, with_lists(value))).collect();
            let numbers: Vec<String> = (0..members.len()).map(|at| at.to_string()).collect();
            let is_list =
                !numbers.is_empty() && numbers.iter().all(|number| members.contains_key(number));
            if is_list {
                let mut take = |number: &String| members.remove(number);
                return Json::Array(numbers.iter().filter_map(&mut take).collect());
            }
            if members.contains_key("filename") && !members.contains_key("driver") {
                members.insert("driver".to_owned(), Json::from(BlockdevDriver::File.as_str()));
            }
            Json::Object(members)
        }
        Json::Array(elements) => Json::Array(elements.into_iter().map(with_lists).collect()),
        scalar @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) => scalar,
    }
}

/// Refuses drivers that this library does not have, and drivers without their child or file,
/// wherever they are in the description.
fn check(value: &Json) -> Result<()> {
    let Json::Object(members) = value else { return Ok(()) };
    if let Some(Json::String(driver)) = members.get("driver") {
        let known = BlockdevDriver::ALL.iter().find(|known| known.as_str() == driver);
        let child = match known {
            None => return Err(Error::UnknownFormat(driver.clone())),
            Some(
                BlockdevDriver::Compress
                | BlockdevDriver::CopyOnRead
                | BlockdevDriver::Raw
                | BlockdevDriver::Preallocate
                | BlockdevDriver::Qcow2
                | BlockdevDriver::Throttle,
            ) => Some("file"),
            Some(BlockdevDriver::Blkdebug) => Some("image"),
            Some(_protocol) => None,
        };
        if let Some(child) = child.filter(|child| !members.contains_key(*child)) {
            let text = format!("A block device must be specified for \"{child}\"");
            return Err(Error::InvalidOption(text));
        }
        let has_name = matches!(members.get("filename"), Some(Json::String(_)));
        if let Some(
            driver @ (BlockdevDriver::File
            | BlockdevDriver::HostCdrom
            | BlockdevDriver::HostDevice),
        ) = known
            && !has_name
        {
            return Err(Error::FileNameMissing(driver.as_str()));
        }
    }
    members.values().try_for_each(check)
}

/// The error of a visit. A member that the driver does not have is reported in QEMU's words.
fn unexpected(options: &Json, text: &str) -> Error {
    let path =
        text.strip_prefix("Parameter '").and_then(|text| text.strip_suffix("' is unexpected"));
    let Some(path) = path else { return invalid(text) };
    let (node, option) = path.rsplit_once('.').unwrap_or(("", path));
    let members = node.split('.').filter(|name| !name.is_empty());
    let node = members.into_iter().try_fold(options, |node, name| node.get(name));
    match node.and_then(|node| node.get("driver")).and_then(Json::as_str) {
        Some(protocol @ ("file" | "host_device" | "host_cdrom" | "null-co")) => {
            Error::InvalidOption(format!(
                "Block protocol '{protocol}' doesn't support the option '{option}'"
            ))
        }
        Some(format) => Error::InvalidOption(format!(
            "Block format '{format}' does not support the option '{option}'"
        )),
        None => invalid(text),
    }
}

fn invalid(what: &str) -> Error {
    Error::InvalidImage(format!("In the description of an image: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn debug(text: &str, format: Option<&str>) -> String {
        format!("{:?}", parse(text, format).expect(text))
    }

    #[test]
    fn names_that_describe_no_node_say_why() {
        let parse_error = "Could not parse the JSON options: ";
        let twice = format!("{parse_error}JSON parse error, duplicate key");
        for (text, expected) in [
            ("", format!("{parse_error}Expecting a JSON value").as_str()),
            ("{} {}", &format!("{parse_error}Expecting at most one JSON value")),
            ("{bad}", &format!("{parse_error}JSON parse error, invalid keyword 'bad'")),
            ("{'a':1,'a':2}", &twice),
            ("[]", "Invalid JSON object given"),
            ("{}", "Must specify either driver or file"),
            (r#"{"driver": "file"}"#, "The 'file' block driver requires a file name"),
            (r#"{"driver": "file", "filename": {}}"#, "driver requires a file name"),
            (r#"{"driver": "raw"}"#, "A block device must be specified for \"file\""),
            (r#"{"driver": "blkdebug"}"#, "A block device must be specified for \"image\""),
            (r#"{"driver": "raw", "file": "f", "size": "x"}"#, "'size' expects integer"),
            (
                r#"{"driver": "raw", "file": "f", "x": 1}"#,
                "Block format 'raw' does not support the option 'x'",
            ),
            (
                r#"{"driver": "raw", "file": {"driver": "file", "filename": "f", "x": 1}}"#,
                "Block protocol 'file' doesn't support the option 'x'",
            ),
            (r#"{"driver": "x"}"#, "Unknown driver 'x'"),
            (r#"{"driver": "raw", "file": {"driver": "x"}}"#, "Unknown driver 'x'"),
        ] {
            let error = parse(text, None).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn quotes_may_be_single_and_the_format_replaces_the_driver() {
        let double = r#"{"driver": "raw", "file": {"driver": "file", "filename": "f"}}"#;
        let single = "{'file':{'driver':'file','filename':'f'}}";
        assert_eq!(debug(double, None), debug(single, Some("raw")));
        let other = "{'driver':'qcow2','file':{'filename':'f'}}";
        assert_eq!(debug(double, None), debug(other, Some("raw")));
        let (_, known) = parse("{'file.filename':'f'}", None).expect("the file is named");
        assert_eq!(known, Format::Unknown);
    }

    #[test]
    fn flat_descriptions_are_as_those_with_objects() {
        let nested = r#"{"driver": "qcow2", "backing": null, "file": {"driver": "raw", "size": 512,
            "file": {"driver": "file", "filename": "f"}}}"#;
        let flat = r#"{"backing": null, "file.driver": "raw", "file.size": "512",
            "file.file.driver": "file", "file.file.filename": "f"}"#;
        assert_eq!(debug(nested, None), debug(flat, Some("qcow2")));
        let both = r#"{"driver": "raw", "file": {"driver": "file", "filename": "f"},
            "file.filename": "g"}"#;
        assert_eq!(debug(both, None), debug(&both.replace(r#""g""#, r#""f""#), None));
        let file = r#"{"driver": "raw", "file": {"driver": "file", "filename": "f"}}"#;
        assert_eq!(debug(both, None), debug(file, None));
    }

    #[test]
    fn the_depth_of_objects_and_of_names_is_limited() {
        let refused = "Too many nested nodes: at most 200 can be opened in one chain";
        let nested = |depth: usize| {
            let (open, close) = (r#"{"driver":"raw","file":"#.repeat(depth), "}".repeat(depth));
            format!("{open}{{\"driver\":\"null-co\"}}{close}")
        };
        assert!(parse(&nested(100), None).is_ok());
        let dots = format!(r#"{{"driver":"raw","{}x":"y"}}"#, "file.".repeat(100_000));
        for text in [nested(202), nested(1000), dots] {
            assert_eq!(parse(&text, None).expect_err(refused).to_string(), refused);
        }
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
