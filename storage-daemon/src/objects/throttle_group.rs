//! Throttle groups: the limits of nodes with the driver `throttle`.

use std::sync::Arc;

use block::throttle::{Scope, ThrottleLimits, Unit};
use qapi_core::wire::Document;
use qapi_core::{Error, Input, QapiType, Result};
use serde_json::{Map, Value, json};

use super::messages;
use super::properties::ObjectProperties;
use crate::schema::throttle::{self, ThrottleGroupProperties};

/// The largest length of a burst in seconds.
const BURST_LENGTH_MAX: i64 = u32::MAX as i64;

/// A throttle group of the graph.
pub(super) struct ThrottleGroup(Arc<block::throttle::ThrottleGroup>);

impl ThrottleGroup {
    pub(super) fn new(group: Arc<block::throttle::ThrottleGroup>) -> Self {
        ThrottleGroup(group)
    }
}

impl ObjectProperties for ThrottleGroup {
    fn type_name(&self) -> &'static str {
        "throttle-group"
    }

    fn property(&self, name: &str) -> Option<Value> {
        let mut limits = self.0.limits();
        if let Some(limit) = name.strip_prefix("x-") {
            return member(&mut limits, limit).map(|value| Value::from(value.cast_signed()));
        }
        let mut value = |name: String| {
            let value = Value::from(member(&mut limits, &name)?.cast_signed());
            Some((name, value))
        };
        Some(Value::Object(names().filter_map(&mut value).collect()))
    }

    fn set_property(&self, name: &str, value: Value) -> Result<()> {
        if name != "limits" {
            return Err(messages::property_already_set());
        }
        let properties = Document::from_json(&json!({ "limits": value })).map_err(malformed)?;
        let given = ThrottleGroupProperties::visit(Input::new(properties.root()))?.limits;
        Ok(self.0.set_limits(changed(self.0.limits(), &given.unwrap_or_default())?)?)
    }
}

/// The limits that the properties of a new group describe. They may contradict each other.
///
/// # Errors
/// A property is out of range.
pub(super) fn limits(properties: &ThrottleGroupProperties) -> Result<ThrottleLimits> {
    let mut limits = ThrottleLimits::default();
    for (name, value) in members(serde_json::to_value(properties))? {
        let Some(limit) = name.strip_prefix("x-") else { continue };
        if let (Some(limit), Some(value)) = (member(&mut limits, limit), value.as_i64()) {
            if value < 0 {
                return Err(messages::negative_limit());
            }
            if name.ends_with("-length") && value > BURST_LENGTH_MAX {
                return Err(messages::property_out_of_range(&name, BURST_LENGTH_MAX));
            }
            *limit = value.cast_unsigned();
        }
    }
    match &properties.limits {
        Some(given) => changed(limits, given),
        None => Ok(limits),
    }
}

/// The limits with those that are given. As in QEMU, a negative one is a large one.
fn changed(
    mut limits: ThrottleLimits,
    given: &throttle::ThrottleLimits,
) -> Result<ThrottleLimits> {
    for (name, value) in members(serde_json::to_value(given))? {
        if let (Some(limit), Some(value)) = (member(&mut limits, &name), value.as_i64()) {
            if name.ends_with("-length") && value > BURST_LENGTH_MAX {
                return Err(messages::limit_out_of_range(&name, BURST_LENGTH_MAX));
            }
            *limit = value.cast_unsigned();
        }
    }
    Ok(limits)
}

/// The members of an object that are present.
fn members(object: serde_json::Result<Value>) -> Result<Map<String, Value>> {
    match object.map_err(malformed)? {
        Value::Object(members) => Ok(members),
        other => Err(malformed(other)),
    }
}

/// The names of all members of `ThrottleLimits`.
fn names() -> impl Iterator<Item = String> {
    let units = ["iops", "bps"].into_iter();
    let scopes = units.flat_map(|unit| ["total", "read", "write"].map(|scope| (unit, scope)));
    let rates = scopes.flat_map(|(unit, scope)| {
        ["", "-max", "-max-length"].map(|part| format!("{unit}-{scope}{part}"))
    });
    rates.chain(["iops-size".to_owned()])
}

/// The value with a name in `ThrottleLimits`.
fn member<'a>(limits: &'a mut ThrottleLimits, name: &str) -> Option<&'a mut u64> {
    if name == "iops-size" {
        return Some(&mut limits.request_size);
    }
    let (unit, rest) = name.split_once('-')?;
    let (scope, part) = rest.split_once('-').unwrap_or((rest, ""));
    let unit = match unit {
        "iops" => Unit::Requests,
        "bps" => Unit::Bytes,
        _other => return None,
    };
    let scope = match scope {
        "total" => Scope::Total,
        "read" => Scope::Read,
        "write" => Scope::Write,
        _other => return None,
    };
    let limit = limits.limit_mut(unit, scope);
    match part {
        "" => Some(&mut limit.rate),
        "max" => Some(&mut limit.burst_rate),
        "max-length" => Some(&mut limit.burst_length),
        _other => None,
    }
}

fn malformed(error: impl ToString) -> Error {
    Error::generic(error.to_string())
}

#[cfg(test)]
mod tests {
    use block::throttle::ThrottleGroups;

    use super::*;

    fn group() -> ThrottleGroup {
        let mut limits = ThrottleLimits::default();
        limits.limit_mut(Unit::Bytes, Scope::Write).rate = 512;
        ThrottleGroup::new(ThrottleGroups::default().add("group", limits).expect("valid limits"))
    }

    #[test]
    fn limits_are_properties() {
        let group = group();
        assert_eq!(group.property("x-bps-write"), Some(json!(512)));
        assert_eq!(group.property("x-bps-read-max-length"), Some(json!(1)));
        group.set_property("limits", json!({"bps-read": 7, "bps-write": 0})).expect("a change");
        let limits = group.property("limits").expect("the limits");
        assert_eq!(limits.as_object().map(Map::len), Some(19));
        assert_eq!((&limits["bps-read"], &limits["bps-write"]), (&json!(7), &json!(0)));
    }

    #[test]
    fn bad_values_change_nothing() {
        let table = [
            ("x-iops-size", json!(3), "Property cannot be set after initialization"),
            ("limits", json!({"bps": 3}), "Parameter 'limits.bps' is unexpected"),
            (
                "limits",
                json!({"bps-read": -4}),
                "bps/iops/max values must be within [0, 1000000000000000]",
            ),
        ];
        for (name, value, expected) in table {
            let group = group();
            let error = group.set_property(name, value).expect_err(expected);
            assert_eq!(error.desc(), expected);
            assert_eq!(group.property("limits"), self::group().property("limits"), "{name}");
        }
    }
}
