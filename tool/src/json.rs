//! JSON as text: one line for programs, indented and coloured for people.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use crate::output::write_stdout;
use crate::status::{Failure, Result};

/// The form of JSON in the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// On one line.
    Line,
    /// Indented.
    Indented,
    /// Indented, with colours for a terminal.
    Coloured,
}

impl Style {
    /// The style for standard output: for people if it is a terminal. `NO_COLOR` removes colours.
    pub(crate) fn of_stdout() -> Self {
        let has_colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        match (io::stdout().is_terminal(), has_colour) {
            (true, true) => Self::Coloured,
            (true, false) => Self::Indented,
            (false, _) => Self::Line,
        }
    }
}

/// Writes `value` and a newline to standard output.
///
/// # Errors
/// [`Failure::Output`]
pub(crate) fn print(value: &Value, style: Style) -> Result {
    let mut text = text(value, style).map_err(Failure::Output)?;
    text.push(b'\n');
    write_stdout(&text)
}

/// `value` as text, without a newline at the end.
pub(crate) fn text(value: &Value, style: Style) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let written = match style {
        Style::Line => {
            value.serialize(&mut Serializer::with_formatter(&mut out, CompactFormatter))
        }
        Style::Indented => value.serialize(&mut Serializer::pretty(&mut out)),
        Style::Coloured => {
            let formatter = Coloured { indent: PrettyFormatter::new(), is_key: false };
            value.serialize(&mut Serializer::with_formatter(&mut out, formatter))
        }
    };
    written.map_err(io::Error::from)?;
    Ok(out)
}

const KEY: &[u8] = b"\x1b[34m";
const STRING: &[u8] = b"\x1b[32m";
const NUMBER: &[u8] = b"\x1b[36m";
const WORD: &[u8] = b"\x1b[33m";
const RESET: &[u8] = b"\x1b[0m";

/// Writes indented JSON with colours.
struct Coloured {
    indent: PrettyFormatter<'static>,
    /// Whether the next string is a key.
    is_key: bool,
}

/// Writes `text` in a colour.
fn coloured(
    out: &mut (impl Write + ?Sized),
    colour: &[u8],
    text: impl std::fmt::Display,
) -> io::Result<()> {
    out.write_all(colour)?;
    write!(out, "{text}")?;
    out.write_all(RESET)
}

impl Formatter for Coloured {
    fn write_null<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        coloured(out, WORD, "null")
    }

    fn write_bool<W: ?Sized + Write>(&mut self, out: &mut W, value: bool) -> io::Result<()> {
        coloured(out, WORD, value)
    }

    fn write_i64<W: ?Sized + Write>(&mut self, out: &mut W, value: i64) -> io::Result<()> {
        coloured(out, NUMBER, value)
    }

    fn write_u64<W: ?Sized + Write>(&mut self, out: &mut W, value: u64) -> io::Result<()> {
        coloured(out, NUMBER, value)
    }

    fn write_f64<W: ?Sized + Write>(&mut self, out: &mut W, value: f64) -> io::Result<()> {
        out.write_all(NUMBER)?;
        self.indent.write_f64(out, value)?;
        out.write_all(RESET)
    }

    fn begin_string<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(if self.is_key { KEY } else { STRING })?;
        out.write_all(b"\"")
    }

    fn end_string<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b"\"")?;
        out.write_all(RESET)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.indent.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.indent.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.indent.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.indent.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.indent.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.indent.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.is_key = true;
        self.indent.begin_object_key(out, first)
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, _out: &mut W) -> io::Result<()> {
        self.is_key = false;
        Ok(())
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.indent.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.indent.end_object_value(out)
    }
}
