//! The two schemas of a comparison, and where they come from.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::time::Duration;

use qapi_schema::diff::Interface;
use qapi_schema::{Schema, read_from};
use serde_json::Value;

use super::revision::Revision;
use crate::address::Address;
use crate::connection::ServerOptions;
use crate::introspect::served;
use crate::status::{Failure, Result};

/// The kinds of address that name no file.
const ADDRESSES: &[&str] = &["unix:", "tcp:", "vsock:", "exec:", "ssh:"];

/// Reads the schema that `text` names.
///
/// # Errors
/// [`Failure::Refused`] if there is none or it has errors, and the failures of a connection.
pub(super) fn read(text: &str, timeout: Option<Duration>) -> Result<Interface> {
    let refuse = |reason: String| Failure::Refused(format!("{text}: {reason}"));
    if ADDRESSES.iter().any(|kind| text.starts_with(kind)) {
        return of_server(text.parse().map_err(refuse)?, timeout).map_err(in_context(text));
    }
    match fs::metadata(text) {
        Ok(found) if found.file_type().is_socket() => {
            of_server(Address::Unix(text.into()), timeout).map_err(in_context(text))
        }
        Ok(_) => of_file(Path::new(text)).map_err(refuse),
        Err(error) => match text.split_once(':') {
            Some((revision, path)) => of_revision(revision, path).map_err(refuse),
            None => Err(refuse(error.to_string())),
        },
    }
}

/// Adds which schema an answer belongs to, if the text does not tell.
fn in_context(text: &str) -> impl Fn(Failure) -> Failure {
    move |failure| match failure {
        Failure::Command(reason) => Failure::Command(format!("{text}: {reason}")),
        Failure::Refused(reason) => Failure::Refused(format!("{text}: {reason}")),
        other => other,
    }
}

fn of_server(address: Address, timeout: Option<Duration>) -> Result<Interface> {
    let answer = served(&ServerOptions::new(address, timeout))?;
    Interface::from_introspection(answer).map_err(Failure::Refused)
}

fn of_file(path: &Path) -> std::result::Result<Interface, String> {
    let open = |path: &Path| File::open(path).and_then(read_from);
    let text = open(path).map_err(|error| error.to_string())?;
    match serde_json::from_str::<Value>(&text) {
        Ok(answer) => return Interface::from_introspection(answer),
        // No expression of the schema language is an array.
        Err(error) if text.trim_start().starts_with('[') => return Err(error.to_string()),
        Err(_) => {}
    }
    // A pipe can be read only once.
    let main = path;
    of_schema(path, |path| if path == main { Ok(text.clone()) } else { open(path) })
}

fn of_revision(revision: &str, path: &str) -> std::result::Result<Interface, String> {
    let mut files = Revision::open(revision).map_err(|error: io::Error| error.to_string())?;
    of_schema(Path::new(path), |path| files.read(path))
}

/// The schema of a file and of those that it includes. The documentation of an earlier release may
/// follow other rules; then it is ignored.
fn of_schema(
    path: &Path,
    mut read: impl FnMut(&Path) -> io::Result<String>,
) -> std::result::Result<Interface, String> {
    let mut schema = Schema::read_with(path, &mut read);
    if !schema.is_valid() {
        schema = Schema::read_without_documentation(path, read);
    }
    let Some(finding) = schema.findings().first() else { return Interface::from_schema(&schema) };
    let place = finding.place.map(|place| {
        let sources = schema.sources();
        format!("{}:{}: ", sources.file(place).path(), sources.line(place))
    });
    Err(format!("{}{}", place.unwrap_or_default(), finding.message))
}
