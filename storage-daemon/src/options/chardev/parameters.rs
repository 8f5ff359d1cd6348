//! The flat syntax of `--chardev`.

use qapi_core::Result;

use crate::options::is_identifier;
use crate::options::keyval::take_value;
use crate::options::messages;

/// The parameters of all backends.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    pub(super) id: Option<String>,
    pub(super) backend: Option<String>,
    pub(super) path: Option<String>,
    pub(super) fd: Option<String>,
    pub(super) host: Option<String>,
    pub(super) port: Option<String>,
    pub(super) to: Option<u64>,
    pub(super) ipv4: Option<bool>,
    pub(super) ipv6: Option<bool>,
    pub(super) is_abstract: Option<bool>,
    pub(super) tight: Option<bool>,
    pub(super) server: Option<bool>,
    pub(super) wait: Option<bool>,
    pub(super) nodelay: Option<bool>,
    pub(super) delay: Option<bool>,
    /// The older form of `reconnect_ms`, in seconds.
    pub(super) reconnect: Option<u64>,
    pub(super) reconnect_ms: Option<u64>,
    pub(super) size: Option<u64>,
    pub(super) input_path: Option<String>,
    pub(super) append: Option<bool>,
    pub(super) logfile: Option<String>,
    pub(super) logappend: Option<bool>,
    /// Accepted for `stdio` and ignored: the program does not change the terminal's signals.
    pub(super) signal: Option<bool>,
}

impl Parameters {
    pub(super) fn parse(text: &str, mut warn: impl FnMut(String)) -> Result<Self> {
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
            // The first of several IDs counts.
            "id" if self.id.is_some() => {}
            "id" if is_identifier(&value) => self.id = Some(value),
            "id" => return Err(messages::not_an_identifier(key)),
            "backend" => self.backend = Some(value),
            "path" => self.path = Some(value),
            "fd" => self.fd = Some(value),
            "host" => self.host = Some(value),
            "port" => self.port = Some(value),
            "to" => self.to = Some(number(key, &value)?),
            "ipv4" => self.ipv4 = Some(on_or_off(key, &value)?),
            "ipv6" => self.ipv6 = Some(on_or_off(key, &value)?),
            "abstract" => self.is_abstract = Some(on_or_off(key, &value)?),
            "tight" => self.tight = Some(on_or_off(key, &value)?),
            "server" => self.server = Some(on_or_off(key, &value)?),
            "wait" => self.wait = Some(on_or_off(key, &value)?),
            "nodelay" => self.nodelay = Some(on_or_off(key, &value)?),
            "delay" => self.delay = Some(on_or_off(key, &value)?),
            "reconnect" => self.reconnect = Some(number(key, &value)?),
            "reconnect-ms" => self.reconnect_ms = Some(number(key, &value)?),
            "size" => self.size = Some(byte_count(key, &value)?),
            "input-path" => self.input_path = Some(value),
            "append" => self.append = Some(on_or_off(key, &value)?),
            "logfile" => self.logfile = Some(value),
            "logappend" => self.logappend = Some(on_or_off(key, &value)?),
            "signal" => self.signal = Some(on_or_off(key, &value)?),
            "telnet" | "tn3270" | "websocket" | "tls-creds" | "tls-authz" => {
                return Err(messages::only_plain_sockets(key));
            }
            _ => return Err(messages::invalid_parameter(key)),
        }
        Ok(())
    }
}

/// The key and value of a part without `=`.
fn switch<'a>(text: &'a str, warn: &mut impl FnMut(String)) -> (&'a str, String) {
    let (key, value) = match text.strip_prefix("no") {
        // The only switch whose own name begins with `no`.
        Some(_) if text == "nodelay" => (text, "on"),
        Some(key) => (key, "off"),
        None => (text, "on"),
    };
    warn(format!(
        "short-form boolean option '{text}' deprecated\nPlease use {key}={value} instead"
    ));
    (key, value.to_owned())
}

fn number(key: &str, value: &str) -> Result<u64> {
    let parsed = match value.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => value.parse(),
    };
    parsed.map_err(|_| messages::not_a_number(key))
}

/// A number of bytes, with a suffix for powers of 1024.
fn byte_count(key: &str, value: &str) -> Result<u64> {
    let digits = value.trim_end_matches(|last: char| last.is_ascii_alphabetic());
    let shift = match &value[digits.len()..] {
        "" | "b" | "B" => 0,
        "k" | "K" => 10,
        "m" | "M" => 20,
        "g" | "G" => 30,
        "t" | "T" => 40,
        "p" | "P" => 50,
        "e" | "E" => 60,
        _ => return Err(messages::not_a_byte_count(key)),
    };
    let number: Option<u64> = digits.parse().ok();
    let bytes = number.and_then(|number| number.checked_mul(1 << shift));
    bytes.ok_or_else(|| messages::not_a_byte_count(key))
}

fn on_or_off(key: &str, value: &str) -> Result<bool> {
    match value {
        "on" | "yes" | "true" | "y" => Ok(true),
        "off" | "no" | "false" | "n" => Ok(false),
        _ => Err(messages::not_a_switch(key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_are_deprecated() {
        let mut warnings = Vec::new();
        let text = "socket,id=m,path=/s,server,nowait";
        assert!(Parameters::parse(text, |warning| warnings.push(warning)).is_ok());
        assert_eq!(
            warnings,
            [
                "short-form boolean option 'server' deprecated\nPlease use server=on instead",
                "short-form boolean option 'nowait' deprecated\nPlease use wait=off instead",
            ]
        );
    }
}
