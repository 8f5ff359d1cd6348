//! The rules of nodes that fail on demand, from their members as clients or the names of images
//! give them.

use crate::error::{Error, Result};
use crate::image::blkdebug::rules::{Event, InjectError, IoTypes, SetState};
use crate::image::storage::SECTOR_SIZE;
use nix::libc::EIO;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A rule as it was given: its members by their names in the schema.
pub type GivenRule = Vec<(String, Value)>;

/// The largest number that an error of the system has.
const ERRNO_MAX: i64 = 4095;
/// Says of a rule that it fits wherever requests are.
const ANY_SECTOR: i64 = -1;

pub(super) fn inject_error_rule(given: &GivenRule) -> Result<InjectError> {
    let known = ["event", "state", "iotype", "errno", "sector", "once", "immediately"];
    check_known(given, &known)?;
    let errno = integer(given, "errno")?.unwrap_or(i64::from(EIO));
    let io_types = match text(given, "iotype")? {
        None => IoTypes::DEFAULT,
        Some(name) => IoTypes::named(name).ok_or_else(|| unknown_value("iotype", name))?,
    };
    let offset = match integer(given, "sector")?.unwrap_or(ANY_SECTOR) {
        ANY_SECTOR => None,
        sector if sector < 0 => return Err(out_of_range("sector", sector)),
        // A byte beyond all images is touched by no request.
        sector => Some(sector.unsigned_abs().saturating_mul(SECTOR_SIZE)),
    };
    // Errors take the same way whatever it says.
    flag(given, "immediately")?;
    Ok(InjectError {
        event: event(given)?,
        state: integer(given, "state")?.unwrap_or(0),
        io_types,
        errno: match i32::try_from(errno) {
            Ok(number) if (0..=ERRNO_MAX).contains(&errno) => number,
            Ok(_) | Err(_) => return Err(out_of_range("errno", errno)),
        },
        offset,
        once: flag(given, "once")?.unwrap_or(false),
    })
}

pub(super) fn set_state_rule(given: &GivenRule) -> Result<SetState> {
    check_known(given, &["event", "state", "new_state"])?;
    let new_state = integer(given, "new_state")?.ok_or_else(|| missing("new_state"))?;
    let state = integer(given, "state")?.unwrap_or(0);
    Ok(SetState { event: event(given)?, state, new_state })
}

/// The rules in a description: a list of them, or an object with members like `0.event`.
pub(super) fn described_rules(value: Option<Value>) -> Result<Vec<GivenRule>> {
    let not_rules = || invalid("Rules must be a list of objects".to_owned());
    let members = match value {
        None => return Ok(Vec::new()),
        Some(Value::Array(rules)) => {
            let rules = rules.into_iter().map(|rule| match rule {
                Value::Object(members) => Ok(members.into_iter().collect()),
                _other => Err(not_rules()),
            });
            return rules.collect();
        }
        Some(Value::Object(members)) => members,
        Some(_other) => return Err(not_rules()),
    };
    numbered(members).ok_or_else(not_rules)
}

fn numbered(members: Map<String, Value>) -> Option<Vec<GivenRule>> {
    let mut rules: BTreeMap<usize, GivenRule> = BTreeMap::new();
    for (name, value) in members {
        let (number, member) = name.split_once('.')?;
        rules.entry(number.parse().ok()?).or_default().push((member.to_owned(), value));
    }
    Some(rules.into_values().collect())
}

fn event(given: &GivenRule) -> Result<Event> {
    let name = text(given, "event")?.ok_or_else(|| missing("event"))?;
    Event::named(name).ok_or_else(|| {
        invalid(format!(
            "Event '{name}' never comes in this program, so that no rule can wait for it"
        ))
    })
}

fn member<'a>(given: &'a GivenRule, name: &str) -> Option<&'a Value> {
    given.iter().find(|(own, _)| own == name).map(|(_, value)| value)
}

fn text<'a>(given: &'a GivenRule, name: &str) -> Result<Option<&'a str>> {
    let Some(value) = member(given, name) else { return Ok(None) };
    value.as_str().map(Some).ok_or_else(|| wrong_type(name, "string"))
}

/// A number, which in flat descriptions stands in a string.
fn integer(given: &GivenRule, name: &str) -> Result<Option<i64>> {
    let number = match member(given, name) {
        None => return Ok(None),
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => value.as_i64(),
    };
    number.map(Some).ok_or_else(|| wrong_type(name, "integer"))
}

fn flag(given: &GivenRule, name: &str) -> Result<Option<bool>> {
    match member(given, name) {
        None => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(Value::String(text)) if text == "on" => Ok(Some(true)),
        Some(Value::String(text)) if text == "off" => Ok(Some(false)),
        Some(_other) => Err(wrong_type(name, "boolean")),
    }
}

fn check_known(given: &GivenRule, known: &[&str]) -> Result<()> {
    match given.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        Some((name, _)) => Err(invalid(format!("Parameter '{name}' is unexpected"))),
        None => Ok(()),
    }
}

fn missing(name: &str) -> Error {
    invalid(format!("Parameter '{name}' is missing"))
}

fn unknown_value(name: &str, value: &str) -> Error {
    invalid(format!("Parameter '{name}' does not accept value '{value}'"))
}

fn out_of_range(name: &str, value: i64) -> Error {
    invalid(format!("Value '{value}' is out of range for parameter '{name}'"))
}

fn wrong_type(name: &str, expected: &str) -> Error {
    invalid(format!("Invalid parameter type for '{name}', expected: {expected}"))
}

fn invalid(text: String) -> Error {
    Error::InvalidOption(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rules_are_read_from_lists_and_from_numbered_members() {
        let list = json!([{"event": "none", "errno": 28}, {"event": "read_aio", "once": true}]);
        let numbered = json!({"1.event": "read_aio", "0.event": "none", "0.errno": "28",
            "1.once": "on"});
        let rules = |value| {
            let given = described_rules(Some(value)).expect("rules");
            given
                .iter()
                .map(inject_error_rule)
                .collect::<Result<Vec<_>>>()
                .expect("they are right")
        };
        assert_eq!(rules(list), rules(numbered));
        for value in [json!(1), json!([1]), json!({"event": "none"}), json!({"x.event": "none"})]
        {
            let error = described_rules(Some(value.clone())).expect_err("no rules").to_string();
            assert_eq!(error, "Rules must be a list of objects", "{value}");
        }
    }

    #[test]
    fn members_that_make_no_sense_are_told() {
        for (rule, expected) in [
            (json!({}), "Parameter 'event' is missing"),
            (json!({"event": 1}), "Invalid parameter type for 'event', expected: string"),
            (json!({"event": "none", "x": 1}), "Parameter 'x' is unexpected"),
            (
                json!({"event": "none", "iotype": "x"}),
                "Parameter 'iotype' does not accept value 'x'",
            ),
            (
                json!({"event": "none", "errno": "x"}),
                "Invalid parameter type for 'errno', expected: integer",
            ),
            (
                json!({"event": "none", "errno": 4096}),
                "Value '4096' is out of range for parameter 'errno'",
            ),
            (
                json!({"event": "none", "sector": -2}),
                "Value '-2' is out of range for parameter 'sector'",
            ),
            (
                json!({"event": "none", "once": 1}),
                "Invalid parameter type for 'once', expected: boolean",
            ),
        ] {
            let given = described_rules(Some(json!([rule]))).expect("a rule");
            let error = inject_error_rule(&given[0]).expect_err("it is wrong").to_string();
            assert_eq!(error, expected, "{rule}");
        }
        let given = described_rules(Some(json!([{"event": "none"}]))).expect("a rule");
        let error = set_state_rule(&given[0]).expect_err("it is wrong").to_string();
        assert_eq!(error, "Parameter 'new_state' is missing");
    }
}
