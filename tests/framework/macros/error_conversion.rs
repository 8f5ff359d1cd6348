//! The conversion of errors into error replies, by `?`.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use qapi_core::{Error, ErrorClass, Result, qapi_command};
use serde_json::json;

use super::execute;

/// An error with a text and a source.
#[derive(Debug)]
struct Link(&'static str, Option<Box<dyn StdError + Send + Sync>>);

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl StdError for Link {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.1.as_deref().map(|source| source as _)
    }
}

fn link(text: &'static str, source: impl StdError + Send + Sync + 'static) -> Link {
    Link(text, Some(Box::new(source)))
}

/// An error whose reply `error_reply!` selects.
#[derive(Debug)]
struct NoDisk(u32);

impl fmt::Display for NoDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "disk number {}", self.0)
    }
}

impl StdError for NoDisk {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&fmt::Error)
    }
}

qapi_core::error_reply!(NoDisk, |error| {
    Error::with_class(ErrorClass::DeviceNotFound, format!("Disk {} not found", error.0))
});

fn converted(error: impl Into<Error>) -> (ErrorClass, String) {
    let error = error.into();
    (error.class(), error.desc().to_owned())
}

fn generic(text: &str) -> (ErrorClass, String) {
    (ErrorClass::GenericError, text.to_owned())
}

#[test]
fn the_text_contains_the_chain_of_sources() {
    let chain = link("outer", link("inner", Link("innermost", None)));
    assert_eq!(converted(chain), generic("outer: inner: innermost"));
    assert_eq!(
        converted("x".parse::<u8>().unwrap_err()),
        generic("invalid digit found in string")
    );
}

#[test]
fn a_source_that_the_text_contains_is_left_out() {
    let chain = link("cannot open: no space", Link("no space", None));
    assert_eq!(converted(chain), generic("cannot open: no space"));
    // `1` is only a part of another number.
    assert_eq!(converted(link("line 21", Link("1", None))), generic("line 21: 1"));
}

#[test]
fn errors_of_the_system_have_the_text_of_the_system() {
    let missing = || io::Error::from_raw_os_error(2);
    assert_eq!(converted(missing()), generic("No such file or directory"));
    let chain = link("cannot open", missing());
    assert_eq!(converted(chain), generic("cannot open: No such file or directory"));
}

#[test]
fn a_type_may_select_its_reply() {
    let expected = (ErrorClass::DeviceNotFound, "Disk 3 not found".to_owned());
    assert_eq!(converted(NoDisk(3)), expected);
    let expected = (ErrorClass::DeviceNotFound, "cannot eject: Disk 3 not found".to_owned());
    assert_eq!(converted(link("cannot eject", NoDisk(3))), expected);
}

#[test]
fn an_error_reply_preserves_its_class_through_other_errors() {
    let reply = || Error::with_class(ErrorClass::DeviceNotActive, "The lamp is off");
    let expected = (ErrorClass::DeviceNotActive, "The lamp is off".to_owned());
    let boxed: Box<dyn StdError> = reply().into();
    assert_eq!(boxed.to_string(), "The lamp is off");
    assert_eq!(converted(qapi_core::client::ClientError::Command(reply())), expected);
    assert_eq!(converted(anyhow::Error::from(reply())), expected);
    let context = anyhow::Error::from(reply()).context("cannot dim");
    let expected = (ErrorClass::DeviceNotActive, "cannot dim: The lamp is off".to_owned());
    assert_eq!(converted(context), expected);
}

#[test]
fn a_chain_with_a_cycle_ends() {
    #[derive(Debug)]
    struct Cycle;

    impl fmt::Display for Cycle {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("again")
        }
    }

    impl StdError for Cycle {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(self)
        }
    }

    assert_eq!(converted(Cycle), generic("again"));
}

#[qapi_command]
fn macro_convert_number(text: &str) -> Result<()> {
    text.parse::<u8>()?;
    Err(link("outer", Link("inner", None)))?
}

#[qapi_command]
fn macro_convert_anyhow(text: &str) -> anyhow::Result<()> {
    text.parse::<u8>()?;
    anyhow::bail!("nothing to do")
}

#[qapi_command]
async fn macro_convert_own() -> std::result::Result<(), NoDisk> {
    Err(NoDisk(1))
}

#[test]
fn commands_return_any_error() {
    let refused =
        |command: &str, text: &str| execute(command, json!({ "text": text })).unwrap_err();
    assert_eq!(refused("macro-convert-number", "x"), "invalid digit found in string");
    assert_eq!(refused("macro-convert-number", "1"), "outer: inner");
    assert_eq!(refused("macro-convert-anyhow", "1"), "nothing to do");
    assert_eq!(execute("macro-convert-own", json!({})), Err("Disk 1 not found".to_owned()));
}
