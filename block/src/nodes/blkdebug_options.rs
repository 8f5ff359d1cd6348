//! The options of an open blkdebug node.

use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::image::blkdebug::Limits;
use crate::image::blkdebug::rules::Rules;
use crate::image::permissions::{Access, Permissions};
use crate::options::BlockdevOptionsBlkdebug;
use crate::options::blkdebug::BlockPermission;

/// The options of an open node.
#[derive(Clone, Debug)]
pub(super) struct Blkdebug {
    pub(super) limits: Limits,
    /// The file with further rules.
    pub(super) config: Option<String>,
    /// The members of the rules, by names like `set-state.0.event`.
    pub(super) rules: Vec<(String, Value)>,
    /// The permissions on `image` besides those that follow from the users of the node.
    pub(super) access: Access,
}

impl Blkdebug {
    /// Checks the options of a node.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for an option that is not supported, and for a size or a rule that
    /// makes no sense.
    pub(super) fn new(options: &BlockdevOptionsBlkdebug) -> Result<Self> {
        let limits = Limits::new(options)?;
        Rules::new(options)?;
        let mut rules = members("inject-error", options.inject_error.as_ref());
        rules.extend(members("set-state", options.set_state.as_ref()));
        let all = |permissions: &Option<Vec<BlockPermission>>| {
            permissions.iter().flatten().copied().map(Permissions::from).collect::<Permissions>()
        };
        let access = Access {
            takes: all(&options.take_child_perms),
            shares: !all(&options.unshare_child_perms),
        };
        Ok(Blkdebug { limits, config: options.config.clone(), rules, access })
    }

    /// The given options without the permissions, under their names in `json:{...}`. The sizes
    /// come first.
    pub(super) fn members(&self) -> impl Iterator<Item = (&str, Value)> {
        let sizes = self.limits.named().into_iter();
        let sizes = sizes.filter_map(|(name, size)| Some((name, Value::from(size?))));
        sizes.chain(self.rules.iter().map(|(name, value)| (name.as_str(), value.clone())))
    }

    /// Whether no option besides `config` is given that the name of the image would have to
    /// contain.
    pub(super) fn is_plain(&self) -> bool {
        self.members().next().is_none()
    }

    /// Refuses a change of the options.
    ///
    /// # Errors
    /// [`Error::InvalidOption`].
    pub(super) fn check_fixed(&self, new: &Blkdebug) -> Result<()> {
        let refused = |text| Err(Error::InvalidOption(text));
        let value = |members: &Blkdebug, wanted: &str| {
            members.members().find(|(name, _)| *name == wanted).map(|(_, value)| value)
        };
        for (name, given) in new.members() {
            if value(self, name) != Some(given) {
                return refused(format!("Cannot change the option '{name}'"));
            }
        }
        for (name, _) in self.members() {
            if value(new, name).is_none() {
                return refused(format!("Option '{name}' cannot be reset to its default value"));
            }
        }
        for (name, is_same) in [
            ("config", self.config == new.config),
            ("take-child-perms", self.access.takes == new.access.takes),
            ("unshare-child-perms", self.access.shares == new.access.shares),
        ] {
            if !is_same {
                return refused(format!("Cannot change the option '{name}'"));
            }
        }
        Ok(())
    }
}

/// The members of the rules in a list, by names like `set-state.0.event`.
fn members(name: &str, list: Option<&Vec<impl Serialize>>) -> Vec<(String, Value)> {
    let Ok(Value::Array(rules)) = serde_json::to_value(list) else { return Vec::new() };
    let mut members = Vec::new();
    for (number, rule) in rules.into_iter().enumerate() {
        let Value::Object(rule) = rule else { continue };
        members.extend(
            rule.into_iter().map(|(member, value)| (format!("{name}.{number}.{member}"), value)),
        );
    }
    members
}
