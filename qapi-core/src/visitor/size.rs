//! Sizes on a command line (QEMU's `qemu_strtosz`).

/// A number of bytes: `512`, `0x200`, `64k`, `1.5G`. The suffixes are powers of 1024. A fraction
/// needs a suffix other than `B`, and is rounded down to whole bytes.
pub(super) fn parse(text: &str) -> Option<u64> {
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        let digits = Some(digits).filter(|digits| !digits.starts_with('+'))?;
        return u64::from_str_radix(digits, 16).ok();
    }
    let (number, shift) = match text.char_indices().next_back()? {
        (_, last) if last.is_ascii_digit() || last == '.' => (text, 0),
        (end, last) => (text.get(..end)?, shift(last)?),
    };
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) if shift > 0 => (whole, fraction),
        Some(_) => return None,
        None => (number, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(1 << shift)?;
    // Digits after the 18th are ignored. They add less than two bytes with the suffix `E`, and less
    // than one byte with any other suffix.
    let fraction = fraction.get(..fraction.len().min(18)).unwrap_or_default();
    let (mut part, mut unit) = (0_u128, 1_u128);
    for digit in fraction.bytes() {
        part = part * 10 + u128::from(digit - b'0');
        unit *= 10;
    }
    whole.checked_add(u64::try_from((part << shift) / unit).ok()?)
}

/// The exponent of the power of two that a suffix stands for.
fn shift(suffix: char) -> Option<u32> {
    match suffix.to_ascii_uppercase() {
        'B' => Some(0),
        'K' => Some(10),
        'M' => Some(20),
        'G' => Some(30),
        'T' => Some(40),
        'P' => Some(50),
        'E' => Some(60),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sizes_have_suffixes_and_fractions() {
        for (text, bytes) in [
            ("0", Some(0)),
            ("512", Some(512)),
            ("7B", Some(7)),
            ("0x200", Some(512)),
            ("64k", Some(64 << 10)),
            ("1.5G", Some(3 << 29)),
            ("0.0001k", Some(0)),
            ("15E", Some(15 << 60)),
            ("18446744073709551615", Some(u64::MAX)),
            ("16E", None),
            ("18446744073709551616", None),
            ("", None),
            ("k", None),
            ("1.5", None),
            ("1.5B", None),
            (".5k", None),
            ("-1", None),
            ("+1", None),
            ("1kk", None),
            ("1 k", None),
            ("0x", None),
            ("0x+1", None),
            ("1é", None),
        ] {
            assert_eq!(parse(text), bytes, "{text}");
        }
    }
}
