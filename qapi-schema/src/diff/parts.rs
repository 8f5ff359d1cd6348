//! What the comparison of commands, events, members and values has in common.

use super::change::{Found, Relief};
use super::interface::Part;
use super::rules::{self, Rule};

/// The changes of one part or type.
pub(super) struct Changes {
    pub(super) found: Vec<Found>,
    /// Whether both schemas tell conditions.
    pub(super) compares_conditions: bool,
    /// The name of the type, if it is known.
    pub(super) type_name: Option<String>,
}

impl Changes {
    pub(super) fn new(compares_conditions: bool, type_name: Option<String>) -> Self {
        Self { found: Vec::new(), compares_conditions, type_name }
    }

    /// Reports a change of a part that is in one of the schemas or in both.
    pub(super) fn report(
        &mut self,
        rule: &'static Rule,
        step: &str,
        parts: (Option<&Part>, Option<&Part>),
        message: String,
    ) {
        let (old, new) = parts;
        let described = new.or(old);
        self.found.push(Found {
            rule,
            relief: None,
            step: step.to_owned(),
            message,
            type_name: self.type_name.clone(),
            old_place: old.and_then(|part| part.place.clone()),
            new_place: new.and_then(|part| part.place.clone()),
            description: described.and_then(|part| part.description.clone()),
            since: described.and_then(|part| part.since.clone()),
        });
    }

    /// Reports that a part exists no longer, which its features may permit.
    pub(super) fn report_removed(
        &mut self,
        rule: &'static Rule,
        step: &str,
        name: &str,
        old: &Part,
        message: String,
    ) {
        self.report(rule, step, (Some(old), None), message);
        let relief = if old.is_unstable(name) {
            Some(Relief::Unstable)
        } else {
            old.has_feature("deprecated").then_some(Relief::Deprecated)
        };
        if let Some(found) = self.found.last_mut() {
            found.relief = relief;
        }
    }

    /// Compares the features and conditions of a part; `subject` names it in messages.
    pub(super) fn compare(&mut self, step: &str, subject: &str, old: &Part, new: &Part) {
        let both = (Some(old), Some(new));
        for feature in new.features.iter().filter(|name| !old.has_feature(name)) {
            let (rule, text) = match feature.as_str() {
                "deprecated" => (rules::DEPRECATED_ADDED, "is deprecated".to_owned()),
                "unstable" => (rules::UNSTABLE_ADDED, "is unstable".to_owned()),
                name => (rules::FEATURE_ADDED, format!("has the feature `{name}`")),
            };
            self.report(rule, step, both, format!("{subject} {text}"));
        }
        for feature in old.features.iter().filter(|name| !new.has_feature(name)) {
            let (rule, text) = match feature.as_str() {
                "deprecated" => (rules::DEPRECATED_REMOVED, "is no longer deprecated".to_owned()),
                "unstable" => (rules::UNSTABLE_REMOVED, "is stable".to_owned()),
                name => (rules::FEATURE_REMOVED, format!("lacks the feature `{name}`")),
            };
            self.report(rule, step, both, format!("{subject} {text}"));
        }
        if !self.compares_conditions || old.condition == new.condition {
            return;
        }
        let (rule, text) = match (&old.condition, &new.condition) {
            (_, None) => (rules::CONDITION_REMOVED, "has no condition any more".to_owned()),
            (None, Some(new)) => (rules::CONDITION_ADDED, format!("has the condition {new}")),
            (Some(old), Some(new)) => {
                (rules::CONDITION_CHANGED, format!("has the condition {new} in place of {old}"))
            }
        };
        self.report(rule, step, both, format!("{subject} {text}"));
    }
}
