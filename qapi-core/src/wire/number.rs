//! Reads JSON numbers with the precision of QMP, and writes them in the format of QEMU.

use std::fmt::Write as _;
use std::io;

/// A JSON number, with the precision with which QMP reads it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// A number without a point or exponent, in the range of an `i64`.
    Int(i64),
    /// A number without a point or exponent, above `i64::MAX` and in the range of a `u64`.
    UInt(u64),
    /// Any other number: written with a point or an exponent, above `u64::MAX`, or below
    /// `i64::MIN`.
    ///
    /// The value is always finite: a number beyond the range of an `f64` becomes `f64::MAX` or
    /// `f64::MIN`. QEMU makes such a number infinite and writes `inf`, which is not JSON.
    Double(f64),
}

impl Number {
    /// Reads a token without a point or exponent.
    pub(super) fn from_integer(token: &str) -> Number {
        if let Ok(int) = token.parse() {
            Number::Int(int)
        } else if let Ok(uint) = token.parse() {
            Number::UInt(uint)
        } else {
            Number::from_float(token)
        }
    }

    /// Reads a token with a point or an exponent.
    pub(super) fn from_float(token: &str) -> Number {
        // Every token that the lexer accepts parses.
        let double = token.parse().unwrap_or(0.0_f64);
        Number::Double(double.clamp(f64::MIN, f64::MAX))
    }
}

impl From<&serde_json::Number> for Number {
    fn from(number: &serde_json::Number) -> Number {
        if let Some(int) = number.as_i64() {
            Number::Int(int)
        } else if let Some(uint) = number.as_u64() {
            Number::UInt(uint)
        } else {
            // A number is one of the three, unless the feature `arbitrary_precision` of
            // `serde_json` is enabled.
            Number::Double(number.as_f64().unwrap_or(f64::MAX))
        }
    }
}

/// The number of decimal digits that identifies a double.
const DIGITS: usize = 17;

/// Writes a double as C's `%.17g` does. Writes `null` for infinity and NaN, which JSON lacks.
pub(super) fn write_double<W: io::Write + ?Sized>(writer: &mut W, value: f64) -> io::Result<()> {
    let Some((digits, exponent)) = Decimal::of(value) else { return writer.write_all(b"null") };
    let digits = digits.significant();
    if value.is_sign_negative() {
        writer.write_all(b"-")?;
    }
    match usize::try_from(exponent) {
        Ok(whole) if whole < DIGITS => write_whole_and_fraction(writer, digits, whole + 1),
        Err(_) if exponent >= -4 => {
            writer.write_all(b"0.")?;
            write_zeroes(writer, exponent.unsigned_abs() as usize - 1)?;
            writer.write_all(digits)
        }
        Ok(_) | Err(_) => write_scientific(writer, digits, exponent),
    }
}

fn write_whole_and_fraction<W: io::Write + ?Sized>(
    writer: &mut W,
    digits: &[u8],
    whole: usize,
) -> io::Result<()> {
    let Some((whole, fraction)) = digits.split_at_checked(whole) else {
        writer.write_all(digits)?;
        return write_zeroes(writer, whole - digits.len());
    };
    writer.write_all(whole)?;
    if fraction.is_empty() {
        return Ok(());
    }
    writer.write_all(b".")?;
    writer.write_all(fraction)
}

fn write_scientific<W: io::Write + ?Sized>(
    writer: &mut W,
    digits: &[u8],
    exponent: i32,
) -> io::Result<()> {
    write_whole_and_fraction(writer, digits, 1)?;
    let sign = if exponent < 0 { '-' } else { '+' };
    write!(writer, "e{sign}{:02}", exponent.unsigned_abs())
}

fn write_zeroes<W: io::Write + ?Sized>(writer: &mut W, count: usize) -> io::Result<()> {
    const ZEROES: &[u8; DIGITS] = &[b'0'; DIGITS];
    writer.write_all(&ZEROES[..count.min(DIGITS)])
}

/// The decimal digits of a double, correctly rounded, without point and sign.
struct Decimal {
    digits: [u8; DIGITS],
    len: usize,
}

impl Decimal {
    /// The digits of a finite value, and the power of ten of the first digit; `None` for infinity
    /// and NaN.
    fn of(value: f64) -> Option<(Decimal, i32)> {
        let mut text = Scratch::default();
        write!(text, "{:.*e}", DIGITS - 1, value.abs()).ok()?;
        let text = str::from_utf8(text.bytes.get(..text.len)?).ok()?;
        let (mantissa, exponent) = text.split_once('e')?;
        let mut decimal = Decimal { digits: [b'0'; DIGITS], len: 0 };
        for digit in mantissa.bytes().filter(u8::is_ascii_digit) {
            *decimal.digits.get_mut(decimal.len)? = digit;
            decimal.len += 1;
        }
        Some((decimal, exponent.parse().ok()?))
    }

    /// The digits up to the last one that is not zero, and at least one.
    fn significant(&self) -> &[u8] {
        let last = self.digits.iter().rposition(|&digit| digit != b'0').unwrap_or(0);
        &self.digits[..=last]
    }
}

/// A buffer for a double in scientific form, so that formatting does not allocate.
#[derive(Default)]
struct Scratch {
    bytes: [u8; 32],
    len: usize,
}

impl std::fmt::Write for Scratch {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.len + text.len();
        let room = self.bytes.get_mut(self.len..end).ok_or(std::fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}
