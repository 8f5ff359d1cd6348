//! The format of QEMU's configuration files, for the rules of a blkdebug node.
//!
//! A line `[inject-error]` or `[set-state]` begins a rule. Lines `name = "value"` after it are the
//! members of the rule. Empty lines and lines that begin with `#` are skipped.

use std::fmt::Display;

use super::blkdebug::{
    BlkdebugEvent, BlkdebugInjectErrorOptions, BlkdebugIoType, BlkdebugSetStateOptions,
};
use crate::error::{Error, Result};

/// The longest name of a group or a member; as in QEMU, a longer one is cut.
const NAME_MAX: usize = 63;

/// The rules of a file, in its order.
#[derive(Debug, Default)]
pub(crate) struct BlkdebugConfig {
    pub(crate) inject_error: Vec<BlkdebugInjectErrorOptions>,
    pub(crate) set_state: Vec<BlkdebugSetStateOptions>,
}

/// A group of members under a header.
#[derive(Debug)]
struct Group<'a> {
    kind: GroupKind,
    id: Option<&'a str>,
    members: Vec<(&'a str, &'a str)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GroupKind {
    InjectError,
    SetState,
}

impl GroupKind {
    fn name(self) -> &'static str {
        match self {
            GroupKind::InjectError => "inject-error",
            GroupKind::SetState => "set-state",
        }
    }

    /// The members that a group may have.
    fn members(self) -> &'static [&'static str] {
        match self {
            GroupKind::InjectError => {
                &["event", "state", "iotype", "errno", "sector", "once", "immediately"]
            }
            GroupKind::SetState => &["event", "state", "new_state"],
        }
    }
}

/// Reads the rules in the text of a file.
///
/// # Errors
/// [`Error::InvalidOption`] for a malformed line, an unknown group or member, a value that the
/// member does not take, and a rule without an event.
pub(crate) fn parse(text: &str) -> Result<BlkdebugConfig> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for line in text.lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some((name, id)) = header(line) {
            groups.push(new_group(name, id, &groups)?);
            continue;
        }
        let (name, value) = member(line).ok_or_else(|| invalid("parse error".into()))?;
        let group = groups.last_mut().ok_or_else(|| invalid("no group defined".into()))?;
        if !group.kind.members().contains(&name) {
            return Err(invalid(format!("Invalid parameter '{name}'")));
        }
        group.members.push((name, value));
    }
    let mut config = BlkdebugConfig::default();
    for group in groups {
        match group.kind {
            GroupKind::InjectError => config.inject_error.push(inject_error(&group)?),
            GroupKind::SetState => config.set_state.push(set_state(&group)?),
        }
    }
    Ok(config)
}

/// The name and the ID in the header of a group.
fn header(line: &str) -> Option<(&str, Option<&str>)> {
    let rest = line.strip_prefix('[')?;
    let name = rest.split(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default();
    let id = rest[name.len()..].trim_start().strip_prefix('"');
    let id = id.and_then(|rest| Some(rest.split_once("\"]")?.0)).filter(|id| !id.contains('"'));
    if !name.is_empty() && id.is_some() {
        return Some((cut(name), id));
    }
    let name = rest.split(']').next().unwrap_or_default();
    (!name.is_empty()).then(|| (cut(name), None))
}

/// The name and the value in a line of a group. As in QEMU, a value without quotes is empty.
fn member(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    let name = line.split(|c: char| c.is_ascii_whitespace()).next()?;
    let rest = line[name.len()..].trim_start().strip_prefix('=').unwrap_or_default();
    let value = rest.trim_start().strip_prefix('"').unwrap_or_default();
    let value = value.split('"').next().unwrap_or_default();
    (!name.is_empty()).then(|| (cut(name), value))
}

fn cut(name: &str) -> &str {
    let end = (0..=NAME_MAX).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
    if name.len() > NAME_MAX { &name[..end] } else { name }
}

fn new_group<'a>(name: &str, id: Option<&'a str>, known: &[Group<'a>]) -> Result<Group<'a>> {
    let kind = [GroupKind::InjectError, GroupKind::SetState];
    let Some(kind) = kind.into_iter().find(|kind| kind.name() == name) else {
        return Err(invalid(format!("There is no option group '{name}'")));
    };
    if let Some(id) = id
        && known.iter().any(|group| group.kind == kind && group.id == Some(id))
    {
        return Err(invalid(format!("Duplicate ID '{id}' for {name}")));
    }
    Ok(Group { kind, id, members: Vec::new() })
}

impl Group<'_> {
    /// The last value of a member.
    fn value(&self, name: &str) -> Option<&str> {
        self.members.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    fn event(&self) -> Result<BlkdebugEvent> {
        let event = self.enumeration("event", BlkdebugEvent::ALL)?;
        event.ok_or_else(|| invalid("Missing event name for rule".into()))
    }

    /// The member as one of the values of an enumeration.
    fn enumeration<T: Copy + Display>(&self, name: &str, values: &[T]) -> Result<Option<T>> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let known = values.iter().find(|known| known.to_string() == value).copied();
        known.map(Some).ok_or_else(|| invalid(format!("invalid parameter value: {value}")))
    }

    fn number(&self, name: &str) -> Result<Option<i64>> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let (negative, digits) = match value.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, value),
        };
        let number = match digits.strip_prefix("0x") {
            Some(digits) => i64::from_str_radix(digits, 16),
            None => digits.parse::<i64>(),
        };
        let number = number.ok().filter(|number| *number >= 0);
        let number = number.map(|number| if negative { -number } else { number });
        number.map(Some).ok_or_else(|| invalid(format!("Parameter '{name}' expects a number")))
    }

    fn switch(&self, name: &str) -> Result<Option<bool>> {
        match self.value(name) {
            None => Ok(None),
            Some("on") => Ok(Some(true)),
            Some("off") => Ok(Some(false)),
            Some(_) => Err(invalid(format!("Parameter '{name}' expects 'on' or 'off'"))),
        }
    }
}

fn inject_error(group: &Group<'_>) -> Result<BlkdebugInjectErrorOptions> {
    Ok(BlkdebugInjectErrorOptions {
        event: group.event()?,
        state: group.number("state")?,
        iotype: group.enumeration("iotype", BlkdebugIoType::ALL)?,
        errno: group.number("errno")?,
        sector: group.number("sector")?,
        once: group.switch("once")?,
        immediately: group.switch("immediately")?,
    })
}

fn set_state(group: &Group<'_>) -> Result<BlkdebugSetStateOptions> {
    Ok(BlkdebugSetStateOptions {
        event: group.event()?,
        state: group.number("state")?,
        new_state: group.number("new_state")?.unwrap_or(0),
    })
}

fn invalid(text: String) -> Error {
    Error::InvalidOption(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_in_the_order_of_the_file() {
        let config = parse(
            "# rules\n\n[inject-error]\nevent = \"read_aio\"\n  errno   =   \"28\"\nonce = \"on\"\n\
             sector = \"0x10\"\nerrno = \"5\"\n[set-state \"x\"]\nevent = \"none\"\n\
             new_state = \"2\"\r\n[inject-error]\nevent = \"write_aio\"\niotype = \"flush\"",
        );
        let config = config.expect("the file is well-formed");
        let rule = BlkdebugInjectErrorOptions::new;
        assert_eq!(
            config.inject_error,
            [
                BlkdebugInjectErrorOptions {
                    errno: Some(5),
                    once: Some(true),
                    sector: Some(16),
                    ..rule(BlkdebugEvent::ReadAio)
                },
                BlkdebugInjectErrorOptions {
                    iotype: Some(BlkdebugIoType::Flush),
                    ..rule(BlkdebugEvent::WriteAio)
                },
            ]
        );
        let state =
            BlkdebugSetStateOptions { event: BlkdebugEvent::None, state: None, new_state: 2 };
        assert_eq!(config.set_state, [state]);
    }

    #[test]
    fn errors_have_qemus_texts() {
        let rule = "[inject-error]\nevent = \"read_aio\"\n";
        for (text, expected) in [
            ("[inject-error]\n", "Missing event name for rule"),
            ("[nope]\n", "There is no option group 'nope'"),
            ("[a b]\n", "There is no option group 'a b'"),
            ("[]\n", "no group defined"),
            ("garbage\n", "no group defined"),
            (" \n", "parse error"),
            ("[inject-error]\nevent = \"nope\"\n", "invalid parameter value: nope"),
            ("[inject-error]\nevent = read_aio\n", "invalid parameter value: "),
            ("[inject-error]\nevent=\"read_aio\"\n", "Invalid parameter 'event=\"read_aio\"'"),
            ("[inject-error]\nx = \"1\"\n", "Invalid parameter 'x'"),
            ("[set-state]\nerrno = \"1\"\n", "Invalid parameter 'errno'"),
            (&format!("{rule}errno = \"x\""), "Parameter 'errno' expects a number"),
            (&format!("{rule}sector = \"1M\""), "Parameter 'sector' expects a number"),
            (&format!("{rule}once = \"maybe\""), "Parameter 'once' expects 'on' or 'off'"),
            (&format!("{rule}iotype = \"zz\""), "invalid parameter value: zz"),
            (
                "[inject-error \"i\"]\nevent = \"none\"\n[inject-error \"i\"]\nevent = \"none\"",
                "Duplicate ID 'i' for inject-error",
            ),
        ] {
            assert_eq!(parse(text).expect_err(text).to_string(), expected, "{text}");
        }
    }
}
