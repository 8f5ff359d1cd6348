//! What becomes of deprecated and unstable parts of the schema (schema file `compat.json`).

use crate::error::{ErrorClass, Result};
use crate::messages;
use crate::schema::definition::Feature;

/// What becomes of deprecated and unstable parts of the schema: for finding out what a client
/// still relies on. The names are those of QEMU's option `-compat`.
///
/// As in QEMU it knows what bears the feature `deprecated` or `unstable`: commands, events,
/// arguments, members and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CompatPolicy {
    /// What becomes of deprecated input: commands, arguments, members and values that a client
    /// sends.
    pub deprecated_input: CompatPolicyInput,
    /// What becomes of deprecated output: events and members that a client would be sent, and
    /// what `query-qmp-schema` tells.
    pub deprecated_output: CompatPolicyOutput,
    /// What becomes of unstable input.
    pub unstable_input: CompatPolicyInput,
    /// What becomes of unstable output. Unlike QEMU's, it concerns `query-qmp-schema` too.
    pub unstable_output: CompatPolicyOutput,
}

/// What becomes of input that a client should not rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CompatPolicyInput {
    /// It is accepted.
    #[default]
    Accept,
    /// It is refused with an error.
    Reject,
    /// It ends the process abnormally: for tests that must not go on.
    Crash,
}

/// What becomes of output that a client should not rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CompatPolicyOutput {
    /// It is sent.
    #[default]
    Accept,
    /// It is left out.
    Hide,
}

/// Which of the features `deprecated` and `unstable` a part has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct FeatureFlags {
    deprecated: bool,
    unstable: bool,
}

impl FeatureFlags {
    /// Neither.
    pub(crate) const NONE: Self = Self { deprecated: false, unstable: false };

    /// The flags of a part with these features.
    pub(crate) fn of(features: impl Iterator<Item = &'static Feature>) -> Self {
        let mut flags = Self::NONE;
        for feature in features {
            flags.deprecated |= feature.name == "deprecated";
            flags.unstable |= feature.name == "unstable";
        }
        flags
    }

    /// Whether both have a feature in common.
    pub(crate) const fn intersects(self, other: Self) -> bool {
        self.deprecated && other.deprecated || self.unstable && other.unstable
    }
}

/// What kind of input it is; messages name it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum InputKind {
    Command,
    Parameter,
    Value,
}

impl CompatPolicy {
    /// The policy that serves deprecated and unstable parts like all others.
    pub(crate) const ACCEPT: Self = Self {
        deprecated_input: CompatPolicyInput::Accept,
        deprecated_output: CompatPolicyOutput::Accept,
        unstable_input: CompatPolicyInput::Accept,
        unstable_output: CompatPolicyOutput::Accept,
    };

    /// Whether output has deprecated and unstable parts.
    pub(crate) fn shows_all(self) -> bool {
        self.hidden() == FeatureFlags::NONE
    }

    /// The features whose parts output omits.
    pub(crate) fn hidden(self) -> FeatureFlags {
        FeatureFlags {
            deprecated: self.deprecated_output == CompatPolicyOutput::Hide,
            unstable: self.unstable_output == CompatPolicyOutput::Hide,
        }
    }

    /// Refuses input with a feature whose input the policy refuses.
    pub(crate) fn check(self, flags: FeatureFlags, kind: InputKind, name: &str) -> Result<()> {
        if flags.deprecated {
            self.deprecated_input.check("Deprecated", kind, name)?;
        }
        if flags.unstable {
            self.unstable_input.check("Unstable", kind, name)?;
        }
        Ok(())
    }
}

impl CompatPolicyInput {
    fn check(self, adjective: &str, kind: InputKind, name: &str) -> Result<()> {
        let (class, noun) = match kind {
            InputKind::Command => (ErrorClass::CommandNotFound, "command"),
            InputKind::Parameter => (ErrorClass::GenericError, "parameter"),
            InputKind::Value => (ErrorClass::GenericError, "value"),
        };
        match self {
            Self::Accept => Ok(()),
            Self::Reject => Err(messages::disabled_by_policy(class, adjective, noun, name)),
            Self::Crash => {
                tracing::error!("{adjective} {noun} {name} was used: ending as the policy says");
                std::process::abort()
            }
        }
    }
}
