//! JSON in the form in which QEMU writes it.

use std::io;

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter};

use super::number::write_double;
use super::utf8;

/// The layout of a JSON text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether each member and element has a line of its own, as on a monitor with `pretty=on`.
    pub pretty: bool,
    /// The number of levels of a pretty text around the value.
    pub depth: usize,
}

/// Gives a `serde_json::Serializer` the layout of QEMU.
///
/// The text is ASCII, with upper-case hexadecimal escapes. A space follows each comma and colon.
/// Doubles have the form of C's `%.17g`. A pretty text has CRLF line ends and is indented by four
/// spaces for each level; an empty container has two lines.
#[derive(Debug, Clone)]
pub struct QmpFormatter {
    style: Style,
}

impl QmpFormatter {
    /// A formatter at the start of a value.
    pub fn new(style: Style) -> QmpFormatter {
        QmpFormatter { style }
    }
}

/// A value as JSON in QEMU's form, on one line without a line end.
///
/// # Errors
/// The errors of the value's own [`Serialize`], and names of members that are no strings.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Vec<u8>> {
    let mut text = Vec::new();
    write_to(&mut text, value, Style::default())?;
    Ok(text)
}

/// A value as JSON in QEMU's pretty form, without a line end after the last line.
///
/// # Errors
/// The errors of [`to_vec`].
pub fn to_vec_pretty<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Vec<u8>> {
    let mut text = Vec::new();
    write_to(&mut text, value, Style { pretty: true, ..Style::default() })?;
    Ok(text)
}

/// Appends a value as JSON in QEMU's form, without a line end.
///
/// # Errors
/// The errors of [`to_vec`]; after an error `out` is unchanged.
pub fn write_to<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    value: &T,
    style: Style,
) -> serde_json::Result<()> {
    let before = out.len();
    let formatter = QmpFormatter::new(style);
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, formatter);
    value.serialize(&mut serializer).inspect_err(|_| out.truncate(before))
}

impl QmpFormatter {
    fn begin<W: io::Write + ?Sized>(&mut self, writer: &mut W, bracket: u8) -> io::Result<()> {
        self.style.depth += 1;
        writer.write_all(&[bracket])
    }

    fn end<W: io::Write + ?Sized>(&mut self, writer: &mut W, bracket: u8) -> io::Result<()> {
        self.style.depth = self.style.depth.saturating_sub(1);
        self.new_line(writer)?;
        writer.write_all(&[bracket])
    }

    fn separate<W: io::Write + ?Sized>(&self, writer: &mut W, first: bool) -> io::Result<()> {
        match (first, self.style.pretty) {
            (true, _) => {}
            (false, true) => writer.write_all(b",")?,
            (false, false) => writer.write_all(b", ")?,
        }
        self.new_line(writer)
    }

    /// Begins an indented line in a pretty text.
    fn new_line<W: io::Write + ?Sized>(&self, writer: &mut W) -> io::Result<()> {
        if self.style.pretty {
            writer.write_all(b"\r\n")?;
            for _ in 0..self.style.depth {
                writer.write_all(b"    ")?;
            }
        }
        Ok(())
    }
}

impl Formatter for QmpFormatter {
    fn write_f32<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        write_double(writer, f64::from(value))
    }

    fn write_f64<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        write_double(writer, value)
    }

    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        write_ascii(writer, fragment)
    }

    fn write_char_escape<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        let short = match escape {
            CharEscape::Quote => b"\\\"",
            CharEscape::ReverseSolidus => b"\\\\",
            CharEscape::Solidus => b"\\/",
            CharEscape::Backspace => b"\\b",
            CharEscape::FormFeed => b"\\f",
            CharEscape::LineFeed => b"\\n",
            CharEscape::CarriageReturn => b"\\r",
            CharEscape::Tab => b"\\t",
            CharEscape::AsciiControl(byte) => return write_escape(writer, u16::from(byte)),
        };
        writer.write_all(short)
    }

    fn begin_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, b'[')
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b']')
    }

    fn begin_array_value<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.separate(writer, first)
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, b'{')
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b'}')
    }

    fn begin_object_key<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.separate(writer, first)
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    /// Only strings have characters beyond ASCII, so that an escape is valid wherever one occurs.
    fn write_raw_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        write_ascii(writer, fragment)
    }
}

/// Writes text with escapes for DEL and for characters beyond ASCII.
fn write_ascii<W: io::Write + ?Sized>(writer: &mut W, text: &str) -> io::Result<()> {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| byte >= 0x7F) {
        let (plain, special) = rest.split_at(at);
        writer.write_all(plain.as_bytes())?;
        let mut characters = special.chars();
        if let Some(character) = characters.next() {
            let exchanged = utf8::exchangeable(character);
            for unit in exchanged.encode_utf16(&mut [0; 2]) {
                write_escape(writer, *unit)?;
            }
        }
        rest = characters.as_str();
    }
    writer.write_all(rest.as_bytes())
}

fn write_escape<W: io::Write + ?Sized>(writer: &mut W, unit: u16) -> io::Result<()> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |shift: u16| HEX[usize::from(unit >> shift & 0xF)];
    writer.write_all(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)])
}
