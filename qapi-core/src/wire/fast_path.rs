//! The fast path of the parser: reads a simple text in one pass, without a lexer and its states.
//!
//! A text is simple if it is complete, is an object, and has no escapes, no characters beyond
//! printable ASCII in strings, no fractions or exponents, few members and few levels. The lexer and
//! the parser read every other text from its start, malformed texts among them. For a simple text
//! both ways must give the same document; a fuzz target compares them.
//!
//! A request in the form that most clients write takes an even shorter way: it needs no search for
//! its members, and the reply repeats its id as it came.

use super::document::{Document, Node, RequestMembers};
use super::fast_tokens::{Step, Stop, Tape, byte, integer, scalar, string, token};
use super::limits::RETAINED_CAPACITY;

/// The longest simple text, in bytes. For longer ones the cost of a token matters less.
const LENGTH: usize = RETAINED_CAPACITY;

/// The most levels of a simple text.
const DEPTH: u32 = 32;

/// The most members of an object in a simple text, as names are compared one by one.
const MEMBERS: u32 = 16;

/// Reads the simple text at the start of `input`, after white space, into an empty document, and
/// returns its length. `None` if the text is not simple; the caller must then clear the document.
#[inline(never)]
pub(super) fn read(input: &[u8], document: &mut Document) -> Option<usize> {
    let (b'{', after_brace) = token(input, 0).ok()? else { return None };
    let start = after_brace - 1;
    let text = input.get(start..)?;
    let text = text.get(..LENGTH).unwrap_or(text);
    let (end, count) = loop {
        let (places, members) = document.places();
        let found = match request(text, places, members) {
            Err(Stop::NotSimple) => {
                *members = RequestMembers::default();
                container(text, 1, b'{', places, 0)
            }
            found => found,
        };
        match found {
            Ok(found) => break found,
            Err(Stop::NotSimple) => return None,
            Err(Stop::Full) => document.add_places(),
        }
    };
    // The nodes of strings refer to positions in the text.
    let text = text.get(..end)?;
    debug_assert!(text.is_ascii(), "a byte of the text was not examined");
    // SAFETY: the text is ASCII. Each of its bytes is in a token or between two tokens, and the
    // functions below accept ASCII alone: a string ends at a byte from 0x7F on, and all other
    // tokens, and the white space between tokens, are compared with ASCII characters.
    document.adopt(unsafe { str::from_utf8_unchecked(text) }, count);
    Some(start + end)
}

// Each function below reads at the position `at` and returns the position after its token. The
// whole texts also return their number of nodes.

/// Reads a request in the form that most clients write: `execute`, `arguments` and `id` in this
/// order, in double quotes, with no blanks or one after each comma and colon. The arguments are an
/// object, and the id is a string or a number without a sign.
#[inline(never)]
fn request(
    text: &[u8],
    places: &mut [Node],
    members: &mut RequestMembers,
) -> Step<(usize, usize)> {
    let mut tape = Tape { places, count: 1 };
    let mut len = 1;
    let execute = [b"{\"execute\":\"".as_slice(), b"{\"execute\": \""];
    let (_, at) = after(text, 0, execute).ok_or(Stop::NotSimple)?;
    tape.push(Node::String { start: 2, len: 7 })?;
    members.execute = tape.count as u32;
    let mut at = string(text, at, b'"', &mut tape)?;
    let arguments = [b",\"arguments\":{".as_slice(), b", \"arguments\": {"];
    if let Some((name, value)) = after(text, at, arguments) {
        tape.push(Node::String { start: name as u32, len: 9 })?;
        members.arguments = tape.count as u32;
        (at, tape.count) = container(text, value, b'{', tape.places, tape.count)?;
        len += 1;
    }
    let id = [b",\"id\":".as_slice(), b", \"id\": "];
    if let Some((name, value)) = after(text, at, id) {
        tape.push(Node::String { start: name as u32, len: 2 })?;
        members.id = tape.count as u32;
        at = match byte(text, value)? {
            b'"' => string(text, value + 1, b'"', &mut tape)?,
            first @ b'0'..=b'9' => integer(text, value + 1, first, &mut tape)?,
            _ => return Err(Stop::NotSimple),
        };
        members.id_text = (value as u32, at as u32);
        len += 1;
    }
    if byte(text, at)? != b'}' {
        return Err(Stop::NotSimple);
    }
    let count = tape.count;
    tape.set(0, Node::Object { len, end: count as u32 });
    Ok((at + 1, count))
}

/// The positions of the name, after its quote, and of the value, if the text has one of the two
/// forms of a member's start at `at`.
#[inline(always)]
fn after(text: &[u8], at: usize, [compact, spaced]: [&[u8]; 2]) -> Option<(usize, usize)> {
    let rest = text.get(at..)?;
    if rest.starts_with(compact) {
        Some((at + 2, at + compact.len()))
    } else if rest.starts_with(spaced) {
        Some((at + 3, at + spaced.len()))
    } else {
        None
    }
}

/// The innermost container that is open. Until it is closed, its node has the index and the count
/// of the container around it, in place of its own end and length.
#[derive(Clone, Copy)]
struct Open {
    /// The index of its node.
    node: u32,
    /// The number of elements or members so far.
    count: u32,
    /// The byte that closes it.
    closing: u8,
    /// A bit for each name so far, by its length and its first byte. Names with different bits are
    /// different. All bits are set after a container inside.
    names: u64,
}

impl Open {
    /// Opens the container that begins with `first`, inside `self`.
    #[inline(always)]
    fn open(self, tape: &mut Tape<'_>, first: u8) -> Step<Self> {
        let Self { node: end, count: len, .. } = self;
        let node = tape.count as u32;
        let (container, closing) = match first {
            b'{' => (Node::Object { len, end }, b'}'),
            _ => (Node::Array { len, end }, b']'),
        };
        tape.push(container)?;
        Ok(Self { node, count: 0, closing, names: 0 })
    }

    /// Closes the container, and returns the one around it.
    #[inline(always)]
    fn close(self, tape: &mut Tape<'_>) -> Step<Self> {
        let Self { node, count: len, closing, .. } = self;
        let (Node::Object { len: count, end: outer } | Node::Array { len: count, end: outer }) =
            tape.get(node)
        else {
            return Err(Stop::NotSimple);
        };
        let end = tape.count as u32;
        let container = match closing {
            b'}' => Node::Object { len, end },
            _ => Node::Array { len, end },
        };
        tape.set(node, container);
        let closing = if let Node::Object { .. } = tape.get(outer) { b'}' } else { b']' };
        Ok(Self { node: outer, count, closing, names: u64::MAX })
    }
}

/// Reads the rest of the container that begins with `first`. Returns also the number of nodes.
#[inline(never)]
fn container(
    text: &[u8],
    at: usize,
    first: u8,
    places: &mut [Node],
    count: usize,
) -> Step<(usize, usize)> {
    let mut tape = Tape { places, count };
    let outermost = Open { node: 0, count: 0, closing: 0, names: 0 };
    let mut open = outermost.open(&mut tape, first)?;
    let mut depth = 1;
    let (mut next, mut at) = token(text, at)?;
    if next == open.closing {
        open.close(&mut tape)?;
        return Ok((at, tape.count));
    }
    // Whether `next` begins a name.
    let mut is_name = first == b'{';
    loop {
        if matches!(next, b'"' | b'\'') {
            // Names and strings share this place, into which the scan is inlined.
            let start = at;
            at = string(text, at, next, &mut tape)?;
            (next, at) = token(text, at)?;
            if is_name {
                check_name(text, start, &mut open, &tape)?;
                if next != b':' {
                    return Err(Stop::NotSimple);
                }
                (next, at) = token(text, at)?;
                is_name = false;
                continue;
            }
            open.count += 1;
        } else if is_name {
            return Err(Stop::NotSimple);
        } else if matches!(next, b'{' | b'[') {
            depth += 1;
            if depth > DEPTH {
                return Err(Stop::NotSimple);
            }
            open.count += 1;
            open = open.open(&mut tape, next)?;
            is_name = next == b'{';
            (next, at) = token(text, at)?;
            if next != open.closing {
                continue;
            }
        } else {
            at = scalar(text, at, next, &mut tape)?;
            (next, at) = token(text, at)?;
            open.count += 1;
        }
        while next == open.closing {
            open = open.close(&mut tape)?;
            depth -= 1;
            if depth == 0 {
                return Ok((at, tape.count));
            }
            (next, at) = token(text, at)?;
        }
        if next != b',' {
            return Err(Stop::NotSimple);
        }
        (next, at) = token(text, at)?;
        is_name = open.closing == b'}';
    }
}

/// Checks that the name at `start`, the last string on the tape, is new to its object.
#[inline(always)]
fn check_name(text: &[u8], start: usize, object: &mut Open, tape: &Tape<'_>) -> Step<()> {
    if object.count == MEMBERS {
        return Err(Stop::NotSimple);
    }
    let this = tape.count as u32 - 1;
    let Node::String { len, .. } = tape.get(this) else { return Err(Stop::NotSimple) };
    let initial = text.get(start).copied().unwrap_or_default();
    let name = 1 << ((u32::from(initial) + 5 * len) % 64);
    let may_be_known = object.names & name != 0;
    object.names |= name;
    if may_be_known && is_known(text, start, object.node, this, tape.places) {
        return Err(Stop::NotSimple);
    }
    Ok(())
}

/// Whether an earlier member of `object` has the name at `start`, the node of which is `this`.
#[inline(never)]
fn is_known(text: &[u8], start: usize, object: u32, this: u32, places: &[Node]) -> bool {
    let node = |index: u32| places.get(index as usize).copied().unwrap_or(Node::Null);
    let Node::String { len, .. } = node(this) else { return true };
    let of = |start: usize| text.get(start..start + len as usize);
    let wanted = of(start);
    let mut earlier = object + 1;
    while earlier < this {
        if let Node::String { start, len: other } = node(earlier)
            && other == len
            && of(start as usize) == wanted
        {
            return true;
        }
        earlier = match node(earlier + 1) {
            Node::Object { end, .. } | Node::Array { end, .. } => end,
            _ => earlier + 2,
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte of a simple text is examined, so that none beyond ASCII is adopted as a string.
    #[test]
    fn a_byte_beyond_ascii_ends_the_fast_path() {
        let text = b" {\"name\" : 'a longer value', 'execute': [-12, {}, true,false ,null], \
            \"id\":{ 'j': 0 }, 'arguments' :\t\"12345678901234567\" }";
        assert_eq!(read(text, &mut Document::new()), Some(text.len()));
        for at in 0..text.len() {
            for byte in 0x80..=u8::MAX {
                let mut changed = text.to_vec();
                changed[at] = byte;
                assert_eq!(read(&changed, &mut Document::new()), None, "{byte:#x} at {at}");
                changed = [&text[..at], &[byte], &text[at..]].concat();
                assert_eq!(read(&changed, &mut Document::new()), None, "{byte:#x} before {at}");
            }
        }
    }
}
