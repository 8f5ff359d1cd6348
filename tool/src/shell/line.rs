//! A line of input as words with their places.

/// A word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// The word without apostrophes.
    pub(super) text: String,
    /// The place of the word in the line, in bytes.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The words of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) words: Vec<Word>,
    /// Whether the last word needs a further quotation mark or bracket.
    pub(super) is_open: bool,
}

/// Splits a line into words, between which there is white space.
///
/// JSON at the start of a word, or of its value, extends to its last bracket or quotation mark.
/// Text between apostrophes belongs to one word.
pub(super) fn split(line: &str) -> Words {
    let mut words = Vec::new();
    let mut scan = Scan::default();
    let mut text = String::new();
    let mut start = None;
    for (place, character) in line.char_indices() {
        if character.is_whitespace() && scan.is_between() {
            if let Some(start) = start.take() {
                words.push(Word { text: std::mem::take(&mut text), start, end: place });
            }
            scan = Scan::default();
            continue;
        }
        start.get_or_insert(place);
        if scan.keeps(character) {
            text.push(character);
        }
    }
    let is_open = !scan.is_between();
    if let Some(start) = start {
        words.push(Word { text, start, end: line.len() });
    }
    Words { words, is_open }
}

/// The state within a word.
#[derive(Debug, Default)]
struct Scan {
    /// The number of open brackets of JSON.
    depth: usize,
    in_string: bool,
    in_apostrophes: bool,
    is_escaped: bool,
    /// The previous character; `None` at the start of the word.
    previous: Option<char>,
}

impl Scan {
    /// Whether white space ends the word.
    fn is_between(&self) -> bool {
        self.depth == 0 && !self.in_string && !self.in_apostrophes
    }

    /// Whether the word contains `character`.
    fn keeps(&mut self, character: char) -> bool {
        let may_start = matches!(self.previous, None | Some('='));
        self.previous = Some(character);
        if self.in_apostrophes {
            self.in_apostrophes = character != '\'';
            return self.in_apostrophes;
        }
        if self.in_string {
            self.in_string = self.is_escaped || character != '"';
            self.is_escaped = !self.is_escaped && character == '\\';
            return true;
        }
        match character {
            '\'' if self.depth == 0 => {
                self.in_apostrophes = true;
                return false;
            }
            '"' if self.depth > 0 || may_start => self.in_string = true,
            '{' | '[' if self.depth > 0 || may_start => self.depth += 1,
            '}' | ']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn words_end_at_white_space_outside_of_json() {
        for (line, expected) in [
            ("", &[][..]),
            ("  a  b=c ", &["a", "b=c"]),
            ("a b='c d' 'e f'=g", &["a", "b=c d", "e f=g"]),
            ("a b=\"c d\"", &["a", "b=\"c d\""]),
            ("a {\"b\": [1, 2]} c", &["a", "{\"b\": [1, 2]}", "c"]),
            ("a b:={\"c\": \"} \\\" \"} d", &["a", "b:={\"c\": \"} \\\" \"}", "d"]),
            ("a b=x{y c", &["a", "b=x{y", "c"]),
            ("a\nb", &["a", "b"]),
        ] {
            let found = split(line);
            let texts: Vec<_> = found.words.iter().map(|word| word.text.as_str()).collect();
            assert_eq!((texts.as_slice(), found.is_open), (expected, false), "{line}");
        }
    }

    #[test]
    fn json_and_quotation_marks_may_be_open() {
        for line in ["a {\"b\": 1", "a b=[1,", "a b=\"c", "a b='c d"] {
            assert!(split(line).is_open, "{line}");
        }
    }

    #[test]
    fn words_know_their_places() {
        let words = split("ab c='d e' f").words;
        let places: Vec<_> = words.iter().map(|word| (word.start, word.end)).collect();
        assert_eq!(places, [(0, 2), (3, 10), (11, 12)]);
    }
}
