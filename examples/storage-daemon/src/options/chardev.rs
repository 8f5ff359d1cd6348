//! `--chardev`: the places where clients of a monitor come from.
//!
//! The syntax is the older one of QEMU's: flat, with `on` understood where a switch has no value
//! and `off` where it is given behind `no`.

use std::path::PathBuf;

use qapi_core::Result;

use super::keyval::take_value;
use super::messages;

/// A unix socket's path must be shorter: the kernel's `struct sockaddr_un` has no more room.
const SOCKET_PATH_LIMIT: usize = 108;

/// A character device, as the command line describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChardevOptions {
    /// The name by which a monitor refers to it.
    pub id: String,
    /// What it is.
    pub backend: ChardevBackend,
}

/// What kind of character device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChardevBackend {
    /// A unix socket on which this program listens.
    Socket {
        /// Where its file is made.
        path: PathBuf,
        /// Whether the options that follow have to wait for the first client.
        wait: bool,
    },
    /// Standard input and output.
    Stdio,
}

impl ChardevOptions {
    /// Reads the argument of `--chardev`. `warn` is told of what is understood but deprecated.
    ///
    /// # Errors
    /// A parameter that is unknown, malformed or missing, or a kind of device that this program
    /// does not have.
    pub fn parse(text: &str, warn: impl FnMut(String)) -> Result<Self> {
        let parameters = Parameters::parse(text, warn)?;
        let id = parameters.id.ok_or_else(messages::chardev_without_id)?;
        let backend = parameters.backend.ok_or_else(|| messages::chardev_without_backend(&id))?;
        let backend = match backend.as_str() {
            "socket" => socket(parameters.path, parameters.server, parameters.wait)?,
            "stdio" => ChardevBackend::Stdio,
            _ => return Err(messages::unknown_backend(&backend)),
        };
        Ok(Self { id, backend })
    }
}

fn socket(
    path: Option<String>,
    server: Option<bool>,
    wait: Option<bool>,
) -> Result<ChardevBackend> {
    let path = path.ok_or_else(messages::socket_without_path)?;
    if server != Some(true) {
        return Err(match wait {
            Some(_) => messages::wait_without_server(),
            None => messages::socket_as_client(),
        });
    }
    if path.len() >= SOCKET_PATH_LIMIT {
        return Err(messages::socket_path_too_long(&path, SOCKET_PATH_LIMIT));
    }
    Ok(ChardevBackend::Socket { path: path.into(), wait: wait.unwrap_or(true) })
}

/// The parameters of all kinds of device, before it is known which kind it is.
#[derive(Default)]
struct Parameters {
    id: Option<String>,
    backend: Option<String>,
    path: Option<String>,
    server: Option<bool>,
    wait: Option<bool>,
    /// Accepted for `stdio` and without effect: signals are never taken from the terminal.
    signal: Option<bool>,
}

impl Parameters {
    fn parse(text: &str, mut warn: impl FnMut(String)) -> Result<Self> {
        let mut parameters = Self::default();
        let mut rest = text;
        let mut is_first = true;
        while !rest.is_empty() {
            let end = rest.find(['=', ',']).unwrap_or(rest.len());
            let has_value = rest[end..].starts_with('=');
            let (key, value);
            if has_value {
                key = &rest[..end];
                (value, rest) = take_value(&rest[end + 1..]);
            } else if is_first {
                key = "backend";
                (value, rest) = take_value(rest);
            } else {
                (key, value) = switch(&rest[..end], &mut warn);
                rest = rest[end..].strip_prefix(',').unwrap_or_default();
            }
            is_first = false;
            parameters.set(key, value)?;
        }
        Ok(parameters)
    }

    fn set(&mut self, key: &str, value: String) -> Result<()> {
        match key {
            "id" if is_identifier(&value) => self.id = Some(value),
            "id" => return Err(messages::not_an_identifier(key)),
            "backend" => self.backend = Some(value),
            "path" => self.path = Some(value),
            "server" => self.server = Some(on_or_off(key, &value)?),
            "wait" => self.wait = Some(on_or_off(key, &value)?),
            "signal" => self.signal = Some(on_or_off(key, &value)?),
            _ => return Err(messages::invalid_parameter(key)),
        }
        Ok(())
    }
}

/// The key and value that a part without `=` stands for.
fn switch<'a>(text: &'a str, warn: &mut impl FnMut(String)) -> (&'a str, String) {
    let (key, value) = match text.strip_prefix("no") {
        Some(key) => (key, "off"),
        None => (text, "on"),
    };
    warn(format!(
        "short-form boolean option '{text}' deprecated\nPlease use {key}={value} instead"
    ));
    (key, value.to_owned())
}

fn on_or_off(key: &str, value: &str) -> Result<bool> {
    match value {
        "on" | "yes" | "true" | "y" => Ok(true),
        "off" | "no" | "false" | "n" => Ok(false),
        _ => Err(messages::not_a_switch(key)),
    }
}

/// Whether `text` may be the id of something on the command line.
fn is_identifier(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ChardevOptions> {
        ChardevOptions::parse(text, |_| {})
    }

    fn socket(path: &str, wait: bool) -> ChardevBackend {
        ChardevBackend::Socket { path: path.into(), wait }
    }

    #[test]
    fn what_is_served_is_understood() {
        let table = [
            ("socket,id=m,path=/s,server=on,wait=off", "m", socket("/s", false)),
            ("backend=socket,id=m,path=/s,server=on", "m", socket("/s", true)),
            ("socket,path=a,,b,server=y,wait=n,id=x.1_-", "x.1_-", socket("a,b", false)),
            ("socket,id=m,path=/s,server,nowait", "m", socket("/s", false)),
            ("socket,id=m,path=/s,path=/t,server=off,server=on", "m", socket("/t", true)),
            ("stdio,id=s", "s", ChardevBackend::Stdio),
            ("stdio,id=s,signal=off", "s", ChardevBackend::Stdio),
        ];
        for (text, id, backend) in table {
            assert_eq!(parse(text), Ok(ChardevOptions { id: id.to_owned(), backend }), "{text}");
        }
    }

    #[test]
    fn mistakes_are_told_in_qemus_words() {
        let identifier = "Parameter 'id' expects an identifier\nIdentifiers consist of letters, \
                          digits, '-', '.', '_', starting with a letter.";
        let table = [
            ("", "chardev: no id specified"),
            ("socket", "chardev: no id specified"),
            ("id=a,path=/s,server=on", "chardev: \"a\" missing backend"),
            ("bad,id=x", "'bad' is not a valid char driver name"),
            ("socket,,id=a,id=b", "'socket,id=a' is not a valid char driver name"),
            ("stdio,id=", identifier),
            ("stdio,id=9", identifier),
            ("stdio,id=a b", identifier),
            ("socket,id=a,path=/s,server=on,bogus=1", "Invalid parameter 'bogus'"),
            ("socket,id=a,path=/s,server=maybe", "Parameter 'server' expects 'on' or 'off'"),
            (
                "socket,id=a,path=/s,wait=off",
                "'wait' option is incompatible with socket in client connect mode",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text).expect_err(text).desc(), expected, "{text}");
        }
    }

    #[test]
    fn a_socket_path_has_the_kernels_limit() {
        let longest = "x".repeat(SOCKET_PATH_LIMIT - 1);
        assert!(parse(&format!("socket,id=a,server=on,path={longest}")).is_ok());
        let error = parse(&format!("socket,id=a,server=on,path={longest}x"));
        let text = error.expect_err("too long").to_string();
        assert!(text.ends_with("is too long\nPath must be less than 108 bytes"), "{text}");
    }

    #[test]
    fn short_forms_are_deprecated() {
        let mut warnings = Vec::new();
        let text = "socket,id=m,path=/s,server,nowait";
        assert!(ChardevOptions::parse(text, |warning| warnings.push(warning)).is_ok());
        assert_eq!(
            warnings,
            [
                "short-form boolean option 'server' deprecated\nPlease use server=on instead",
                "short-form boolean option 'nowait' deprecated\nPlease use wait=off instead",
            ]
        );
    }
}
