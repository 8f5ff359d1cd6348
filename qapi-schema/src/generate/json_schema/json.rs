//! JSON text in a fixed order of members, which `serde_json` leaves to a feature of its build.

use crate::generate::output::Output;

/// A value.
pub(super) enum Json {
    /// A number, `true`, `false` or `null`, as its text.
    Plain(String),
    /// A string.
    Text(String),
    /// An array.
    Array(Vec<Self>),
    /// An object.
    Object(Vec<(String, Self)>),
}

impl Json {
    /// A string.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// An object with these members.
    pub(super) fn object<K: Into<String>>(members: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Object(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// An array of strings.
    pub(super) fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::Array(texts.into_iter().map(Self::text).collect())
    }

    /// Adds a member to an object.
    pub(super) fn put(&mut self, key: &str, value: Self) {
        if let Self::Object(members) = self {
            members.push((key.to_owned(), value));
        }
    }

    /// Writes the value on lines of its own, between `before` and `after`.
    pub(super) fn write(&self, out: &mut Output, before: &str, after: &str) {
        match self {
            Self::Object(members) if !members.is_empty() => {
                out.block(&format!("{before}{{"), &format!("}}{after}"), |out| {
                    for (index, (key, value)) in members.iter().enumerate() {
                        let comma = if index + 1 < members.len() { "," } else { "" };
                        value.write(out, &format!("{}: ", quoted(key)), comma);
                    }
                });
            }
            Self::Array(values) if values.iter().any(|value| value.is_nested()) => {
                out.block(&format!("{before}["), &format!("]{after}"), |out| {
                    for (index, value) in values.iter().enumerate() {
                        let comma = if index + 1 < values.len() { "," } else { "" };
                        value.write(out, "", comma);
                    }
                });
            }
            Self::Plain(_) | Self::Text(_) | Self::Array(_) | Self::Object(_) => {
                out.line(format_args!("{before}{}{after}", self.short()));
            }
        }
    }

    fn is_nested(&self) -> bool {
        matches!(self, Self::Array(_) | Self::Object(_))
    }

    /// The text of a value on one line.
    fn short(&self) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Text(text) => quoted(text),
            Self::Array(values) => {
                let values: Vec<_> = values.iter().map(Self::short).collect();
                format!("[{}]", values.join(", "))
            }
            Self::Object(members) => {
                let members: Vec<_> = members
                    .iter()
                    .map(|(key, value)| format!("{}: {}", quoted(key), value.short()))
                    .collect();
                format!("{{{}}}", members.join(", "))
            }
        }
    }
}

/// A string with its quotes (RFC 8259, section 7).
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            control if control < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
