//! Differences of commands and events, and from there of all types that they use.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::change::{Change, Found, Way};
use super::graph::Graph;
use super::interface::{Command, Event, Interface, Part};
use super::pair::Direction;
use super::parts::Changes;
use super::rules::{self, Rule};
use super::ways::{Root, ways};

/// The differences between two schemas, the most severe first.
pub fn compare(old: &Interface, new: &Interface) -> Vec<Change> {
    let mut graph = Graph::new(old, new);
    let is_from_files = graph.is_from_files;
    let (mut changes, mut roots) = (Vec::new(), Vec::new());
    let commands = Calls {
        kind: "command",
        added: rules::COMMAND_ADDED,
        removed: rules::COMMAND_REMOVED,
        part: |command: &Command| &command.part,
        is_from_files,
    };
    commands.compare(&old.commands, &new.commands, &mut changes, |name, one, two, found| {
        command(found, name, one, two);
        let is_unstable = one.part.is_unstable(name);
        let arguments = graph.node((one.arguments, two.arguments), Direction::Sent);
        let returns = graph.node((one.returns, two.returns), Direction::Received);
        roots.push(Root { call: name, part: "arguments", node: arguments, is_unstable });
        roots.push(Root { call: name, part: "returns", node: returns, is_unstable });
    });
    let events = Calls {
        kind: "event",
        added: rules::EVENT_ADDED,
        removed: rules::EVENT_REMOVED,
        part: |event: &Event| &event.part,
        is_from_files,
    };
    events.compare(&old.events, &new.events, &mut changes, |name, one, two, _| {
        let is_unstable = one.part.is_unstable(name);
        let node = graph.node((one.data, two.data), Direction::Received);
        roots.push(Root { call: name, part: "data", node, is_unstable });
    });
    graph.compare();
    changes.extend(ways(graph.nodes, &roots));
    changes.sort_by_cached_key(|change| {
        (Reverse(change.level), change.rule.id, change.ways().next(), change.message.clone())
    });
    changes
}

/// How commands, or events, are compared.
struct Calls<T> {
    /// The word for one, in messages.
    kind: &'static str,
    added: &'static Rule,
    removed: &'static Rule,
    part: fn(&T) -> &Part,
    is_from_files: bool,
}

impl<T> Calls<T> {
    /// Compares what only one schema has, and by `both` what both have.
    fn compare<'i>(
        &self,
        old: &'i BTreeMap<String, T>,
        new: &'i BTreeMap<String, T>,
        changes: &mut Vec<Change>,
        mut both: impl FnMut(&'i str, &'i T, &'i T, &mut Changes),
    ) {
        for (name, one) in old {
            let mut found = Changes::new(self.is_from_files, None);
            let (subject, part) = (format!("{} `{name}`", self.kind), (self.part)(one));
            if let Some(two) = new.get(name) {
                found.compare("", &subject, part, (self.part)(two));
                both(name, one, two, &mut found);
            } else {
                let message = format!("{subject} was removed");
                found.report_removed(self.removed, "", name, part, message);
            }
            finish(changes, name, found, part.is_unstable(name));
        }
        for (name, two) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
            let mut found = Changes::new(self.is_from_files, None);
            let message = format!("{} `{name}` was added", self.kind);
            found.report(self.added, "", (None, Some((self.part)(two))), message);
            finish(changes, name, found, false);
        }
    }
}

/// Adds the changes of a command or event itself, which was unstable or not.
fn finish(changes: &mut Vec<Change>, name: &str, found: Changes, is_unstable: bool) {
    let ways: Arc<[Way]> = [Way { call: name.to_owned(), path: String::new() }].into();
    let change = |found: Found| found.with_ways(ways.clone(), false, !is_unstable);
    changes.extend(found.found.into_iter().map(change));
}

/// Compares the options of a command.
fn command(found: &mut Changes, name: &str, old: &Command, new: &Command) {
    let options = [
        (
            (old.allow_oob, new.allow_oob),
            (rules::COMMAND_OOB_ADDED, "may be executed out of band"),
            (rules::COMMAND_OOB_REMOVED, "may no longer be executed out of band"),
        ),
        (
            (old.allow_preconfig, new.allow_preconfig),
            (rules::COMMAND_PRECONFIG_ADDED, "may be executed before the configuration"),
            (rules::COMMAND_PRECONFIG_REMOVED, "may not be executed before the configuration"),
        ),
        (
            (old.success_response, new.success_response),
            (rules::COMMAND_REPLY_ADDED, "has a reply when it succeeds"),
            (rules::COMMAND_REPLY_REMOVED, "has no reply when it succeeds"),
        ),
    ];
    // A server tells the first one alone.
    let count = if found.compares_conditions { options.len() } else { 1 };
    for ((one, two), added, removed) in options.into_iter().take(count) {
        if one != two {
            let (rule, text) = if two { added } else { removed };
            let message = format!("command `{name}` {text}");
            found.report(rule, "", (Some(&old.part), Some(&new.part)), message);
        }
    }
}
