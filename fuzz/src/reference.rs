//! A reference parser of QMP's JSON: one function for each rule, a tree, no streaming.
//!
//! The parser decides whether a text is valid, and returns its value. It has no error messages.

use serde_json::{Map, Number, Value};

/// The maximum nesting of objects and lists.
const NESTING: usize = 1024;

/// The value, if `input` is one object or list with white space around it.
pub(crate) fn parse(input: &[u8]) -> Option<Value> {
    let mut text = Text { rest: input };
    text.blank();
    if !matches!(text.rest.first(), Some(b'{' | b'[')) {
        return None;
    }
    let value = text.value(0)?;
    text.blank();
    text.rest.is_empty().then_some(value)
}

struct Text<'i> {
    rest: &'i [u8],
}

impl<'i> Text<'i> {
    fn blank(&mut self) {
        self.take_while(|byte| b" \t\r\n".contains(&byte));
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'i [u8] {
        let length = self.rest.iter().position(|byte| !wanted(*byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// Takes the byte if it is next, after optional white space.
    fn skip(&mut self, byte: u8) -> bool {
        self.blank();
        let found = self.rest.first() == Some(&byte);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        self.blank();
        match *self.rest.first()? {
            b'{' => self.object(depth + 1),
            b'[' => self.list(depth + 1),
            b'"' | b'\'' => self.string().map(Value::String),
            b'-' | b'0'..=b'9' => self.number(),
            _ => self.keyword(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        let mut members = Map::new();
        self.next();
        if depth > NESTING {
            return None;
        }
        if self.skip(b'}') {
            return Some(Value::Object(members));
        }
        loop {
            self.blank();
            if !matches!(self.rest.first(), Some(b'"' | b'\'')) {
                return None;
            }
            let name = self.string()?;
            if !self.skip(b':') {
                return None;
            }
            let value = self.value(depth)?;
            if members.insert(name, value).is_some() {
                return None;
            }
            if self.skip(b'}') {
                return Some(Value::Object(members));
            }
            if !self.skip(b',') {
                return None;
            }
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        let mut elements = Vec::new();
        self.next();
        if depth > NESTING {
            return None;
        }
        if self.skip(b']') {
            return Some(Value::Array(elements));
        }
        loop {
            elements.push(self.value(depth)?);
            if self.skip(b']') {
                return Some(Value::Array(elements));
            }
            if !self.skip(b',') {
                return None;
            }
        }
    }

    fn keyword(&mut self) -> Option<Value> {
        match self.take_while(|byte| byte.is_ascii_lowercase()) {
            b"true" => Some(Value::Bool(true)),
            b"false" => Some(Value::Bool(false)),
            b"null" => Some(Value::Null),
            _ => None,
        }
    }

    /// `-` digits, `.` digits, `e` digits, the last two optional; no leading zeroes.
    fn number(&mut self) -> Option<Value> {
        let start = self.rest;
        if self.rest.first() == Some(&b'-') {
            self.next();
        }
        let whole = self.take_while(|byte| byte.is_ascii_digit());
        if whole.is_empty() || (whole.len() > 1 && whole[0] == b'0') {
            return None;
        }
        let mut double = false;
        if self.rest.first() == Some(&b'.') {
            self.next();
            double = true;
            if self.take_while(|byte| byte.is_ascii_digit()).is_empty() {
                return None;
            }
        }
        // A zero has an exponent only after a point.
        if matches!(self.rest.first(), Some(b'e' | b'E')) && (double || whole != b"0") {
            self.next();
            double = true;
            if matches!(self.rest.first(), Some(b'+' | b'-')) {
                self.next();
            }
            if self.take_while(|byte| byte.is_ascii_digit()).is_empty() {
                return None;
            }
        }
        let token = str::from_utf8(&start[..start.len() - self.rest.len()]).ok()?;
        let exact = || token.parse::<i64>().map(Number::from).ok();
        let large = || token.parse::<u64>().map(Number::from).ok();
        let integer = if double { None } else { exact().or_else(large) };
        let number = match integer {
            Some(number) => number,
            None => Number::from_f64(token.parse::<f64>().ok()?.clamp(f64::MIN, f64::MAX))?,
        };
        Some(Value::Number(number))
    }

    /// A string in either kind of quotes.
    fn string(&mut self) -> Option<String> {
        let quote = self.next()?;
        let mut string = String::new();
        loop {
            match *self.rest.first()? {
                byte if byte == quote => {
                    self.next();
                    return Some(string);
                }
                b'\\' => string.push(self.escape()?),
                0x00..=0x1F => return None,
                _ => string.push(self.character()?),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        self.next();
        Some(match self.next()? {
            plain @ (b'"' | b'\'' | b'\\' | b'/') => char::from(plain),
            b'b' => '\u{8}',
            b'f' => '\u{C}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let mut units = vec![self.code_unit()?];
                if matches!(units[0], 0xD800..=0xDBFF) {
                    if (self.next(), self.next()) != (Some(b'\\'), Some(b'u')) {
                        return None;
                    }
                    units.push(self.code_unit()?);
                }
                let text = String::from_utf16(&units).ok()?;
                return text.chars().next().filter(is_character);
            }
            _ => return None,
        })
    }

    fn code_unit(&mut self) -> Option<u16> {
        let (digits, rest) = self.rest.split_at_checked(4)?;
        self.rest = rest;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
    }

    /// A character in UTF-8. NUL may have two bytes.
    fn character(&mut self) -> Option<char> {
        if let Some(rest) = self.rest.strip_prefix(&[0xC0, 0x80]) {
            self.rest = rest;
            return Some('\0');
        }
        let longest = self.rest.len().min(4);
        let text = (1..=longest).find_map(|length| str::from_utf8(&self.rest[..length]).ok())?;
        self.rest = &self.rest[text.len()..];
        text.chars().next().filter(is_character)
    }
}

/// Whether the code point is not a Unicode noncharacter.
fn is_character(character: &char) -> bool {
    let code = u32::from(*character);
    code & 0xFFFE != 0xFFFE && !(0xFDD0..=0xFDEF).contains(&code)
}
